"""The history against what was published: each complete CRL, each delta with its base, and one list after another.

A list is compared with the history up to the status version that it was made of, not with that of its time: who changes
a status may wait for the list that is being made.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise

from cryptography import x509

from ca_service.audit.status.findings import GOOD, HOLD, REMOVE_FROM_CRL, Check, Disagreement, Word, shown
from ca_service.audit.status.lists import ReadList, Unreadable, read_list
from ca_service.audit.status.records import ListRow, Records
from ca_service.audit.status.replay import NO_LIFE, Life

_NOT_LISTED = "not listed"


@dataclass(frozen=True)
class Published:
    """What an issuer has published, beside the histories of its certificates."""

    records: Records
    lives: Mapping[str, Life]

    @cached_property
    def _ca(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.records.ca)

    @cached_property
    def _read(self) -> dict[int, ReadList | Unreadable]:
        return {}

    def complete(self, number: int) -> ReadList | Unreadable:
        """Parsed once for each number; an Unreadable is returned, not raised: it is a finding."""
        if number not in self._read:
            try:
                self._read[number] = read_list(self.records.lists[number].der or b"", self._ca)
            except Unreadable as error:
                self._read[number] = error
        return self._read[number]

    def check_series(self) -> Iterator[Disagreement]:
        """Numbers, times and status versions never go back (RFC 5280 section 5.2.3)."""
        series = self.records.series
        for before, row in pairwise(series):
            if row.this_update < before.this_update or row.status_version < before.status_version:
                said = {f"list {one.number}": f"{shown(one.this_update)}, version {one.status_version}"
                        for one in (before, row)}  # fmt: skip
                yield self._about(Check.LIST_ORDER, row, said)
            # RFC 5280 section 3.3: what has ended leaves when a list that was made after its end has told of it.
            if row.settled is not None and row.settled > before.this_update:
                said = {f"list {row.number}": f"leaves out what ended before {shown(row.settled)}",
                        f"list {before.number}": shown(before.this_update)}  # fmt: skip
                yield self._about(Check.LIST_ORDER, row, said)
        if series and series[-1].status_version > self.records.status_version:
            said = {"list": f"version {series[-1].status_version}", "issuer": f"{self.records.status_version}"}
            yield self._about(Check.LIST_ORDER, series[-1], said)

    def check(self, number: int) -> Iterator[Disagreement]:
        """One number: the complete list, what changed since the one before, the delta."""
        row = self.records.lists[number]
        whole = self.complete(number)
        if isinstance(whole, Unreadable):
            yield self._about(Check.UNREADABLE, row, {"complete CRL": str(whole)})
            return
        yield from self._form(Check.LIST_FORM, "complete CRL", row, whole)
        if whole.base is not None:
            yield self._about(Check.LIST_FORM, row, {"complete CRL": f"it is a delta to {whole.base}"})
        wanted = self._wanted(row)
        for serial in sorted({*wanted, *whole.entries}):
            said, told = wanted.get(serial), whole.entries.get(serial)
            if said != told:
                words = {"history": _text(said), "complete CRL": _text(told)}
                yield self._about(Check.LIST, row, words, serial)
        yield from self._since_the_one_before(row, whole)
        if row.delta is not None:
            yield from self._delta(row, whole)

    def _wanted(self, row: ListRow) -> Mapping[str, Word]:
        """What the history says that a list of this version and time lists."""
        words = {serial: life.word_at(row.status_version) for serial, life in self.lives.items()}
        return {
            serial: word for serial, word in words.items() if word != GOOD and not self._has_left(serial, word, row)
        }

    def _form(self, check: Check, name: str, row: ListRow, read: ReadList) -> Iterator[Disagreement]:
        problems = [*read.problems, *(f"{serial} is listed twice" for serial in read.twice)]
        told, kept = (read.number, read.this_update, read.next_update), (row.number, row.this_update, row.next_update)
        if told != kept:
            problems.append(f"it says {_heading(*told)}, the table {_heading(*kept)}")
        if read.this_update >= read.next_update:
            problems.append("nextUpdate is not later than thisUpdate")
        for problem in problems:
            yield self._about(check, row, {name: problem})

    def _since_the_one_before(self, row: ListRow, whole: ReadList) -> Iterator[Disagreement]:
        """What two lists alone tell: a date that moved, a revocation that was taken back, one dated before a list."""
        before = self._before(row)
        if before is None:
            return
        old, names = before[1], (f"list {before[0].number}", f"list {row.number}")
        versions = before[0].status_version, row.status_version
        for serial in sorted({*old.entries, *whole.entries}):
            was, now = old.entries.get(serial), whole.entries.get(serial)
            if was == now:
                continue
            released = any(m.word == GOOD for m in self.lives.get(serial, NO_LIFE).between(*versions))
            said = dict(zip(names, (_text(was), _text(now)), strict=True))
            if was and now and was.at != now.at and not released:
                yield self._about(Check.DATE_MOVED, row, said, serial)
            if was and was.reason != HOLD and not self._expired(serial, row):
                yield self._about(Check.RELEASE, row, said, serial)
            # RFC 5280 section 5.3.2: a revocation date should not precede the date of issue of earlier CRLs.
            if now and (was is None or released) and now.at and now.at < old.this_update:
                said = {**said, names[0]: f"{_text(was)}, as of {shown(old.this_update)}"}
                yield self._about(Check.DATE_MOVED, row, said, serial)

    def _before(self, row: ListRow) -> tuple[ListRow, ReadList] | None:
        """The list before, if it can be read; that it cannot is said where it is itself looked at."""
        numbers = [one.number for one in self.records.series if one.number < row.number]
        if not numbers or numbers[-1] not in self.records.lists:
            return None
        read = self.complete(numbers[-1])
        return None if isinstance(read, Unreadable) else (self.records.lists[numbers[-1]], read)

    def _expired(self, serial: str, row: ListRow) -> bool:
        return self._has_left(serial, self.lives.get(serial, NO_LIFE).word_at(row.status_version), row)

    def _has_left(self, serial: str, word: Word, row: ListRow) -> bool:
        of_table, settled = self.records.rows.get(serial), row.settled
        if of_table is None or settled is None or word.at is None:
            return False
        return of_table.not_after < settled and word.at < settled

    def _delta(self, row: ListRow, whole: ReadList) -> Iterator[Disagreement]:
        try:
            delta = read_list(row.delta or b"", self._ca)
        except Unreadable as error:
            yield self._about(Check.UNREADABLE, row, {"delta CRL": str(error)})
            return
        yield from self._form(Check.DELTA_FORM, "delta CRL", row, delta)
        base = self._base(delta)
        if isinstance(base, Unreadable):
            yield self._about(Check.DELTA_FORM, row, {"delta CRL": str(base)})
            return
        combined = _combine(base, delta)
        for serial in sorted({*combined, *whole.entries}):
            said, told = combined.get(serial), whole.entries.get(serial)
            if said != told:
                words = {f"list {base.number} with the delta": _text(said), "complete CRL": _text(told)}
                yield self._about(Check.DELTA, row, words, serial)
        yield from self._last_words(row, delta)

    def _base(self, delta: ReadList) -> ReadList | Unreadable:
        if delta.base is None:
            return Unreadable("it is none: it names no base")
        if delta.base not in self.records.lists or delta.base >= delta.number:
            return Unreadable(f"there is no list {delta.base} for it to start from")
        return self.complete(delta.base)

    def _last_words(self, row: ListRow, delta: ReadList) -> Iterator[Disagreement]:
        """A delta has the last word on each serial that changed since its base, also where a hold came and went."""
        version = self.records.lists[delta.base or 0].status_version
        wanted = self._wanted(row)
        for serial in sorted({*self.lives, *delta.entries}):
            life = self.lives.get(serial, NO_LIFE)
            told = delta.entries.get(serial)
            last = wanted.get(serial)
            if life.between(version, row.status_version):
                fits = told == last if last else told is not None and told.reason == REMOVE_FROM_CRL
            else:
                # Unchanged: only what has expired may be in it.
                fits = told is None or (told.reason == REMOVE_FROM_CRL and self._expired(serial, row))
            if not fits:
                said = {"history": _text(last) if last else "removed", "delta CRL": _text(told)}
                yield self._about(Check.DELTA, row, said, serial)

    def _about(self, check: Check, row: ListRow, said: Mapping[str, str], serial: str = "") -> Disagreement:
        moment = self.lives.get(serial, NO_LIFE).at(row.status_version)
        since = moment.at if moment else row.this_update
        return Disagreement(check, self.records.issuer, said, serial, row.number, since)


def _combine(base: ReadList, delta: ReadList) -> Mapping[str, Word]:
    """RFC 5280 section 5.2.4: what a relying party holds that applies the delta to the complete list."""
    combined = {**base.entries, **delta.entries}
    return {serial: word for serial, word in combined.items() if word.reason != REMOVE_FROM_CRL}


def _text(word: Word | None) -> str:
    return _NOT_LISTED if word is None else str(word)


def _heading(number: int, this_update: datetime, next_update: datetime) -> str:
    return f"number {number} of {shown(this_update)} until {shown(next_update)}"
