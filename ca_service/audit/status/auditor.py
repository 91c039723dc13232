"""One round of the audit, and one after the other as lists are published."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from ca_service.audit.status.findings import Check, Disagreement
from ca_service.audit.status.published import Published
from ca_service.audit.status.reader import Reader
from ca_service.audit.status.records import Records
from ca_service.audit.status.replay import replay
from ca_service.audit.status.responders import Responders
from ca_service.audit.status.tables import check_tables

_OTHERS = 50
_LATEST = 200


@dataclass(frozen=True)
class Report:
    """What was compared, of one issuer at one status version, and what did not agree."""

    issuer: str
    version: int
    lists: Sequence[int]
    changes: int
    answers: int
    disagreements: Sequence[Disagreement]

    def facts(self) -> dict[str, Any]:
        """What `json.dumps` takes; times as in `findings`."""
        return {
            "issuer": self.issuer,
            "version": self.version,
            "lists": list(self.lists),
            "changes": self.changes,
            "answers": self.answers,
            "disagreements": [one.facts() for one in self.disagreements],
        }


@dataclass
class Auditor:
    """Audits one issuer. `urls` are its responders; none for an issuer that OCSP does not serve, or to leave HTTP out.

    `bound`: seconds after which a responder must know of a change.
    """

    reader: Reader
    issuer: str
    clock: Callable[[], datetime]
    urls: Sequence[str] = ()
    bound: float = 1.0

    def newest(self) -> Report:
        """Audit as of the newest list."""
        return self._guarded(lambda: self.round(self.reader.published(self.issuer)[-1:]))

    def everything(self, *, since: int = 1) -> Report:
        """Audit every list from a number on, and ask about every certificate."""
        return self._guarded(
            lambda: self.round([n for n in self.reader.published(self.issuer) if n >= since], ask_all=True)
        )

    def watch(self, wait: Callable[[], bool]) -> Iterator[Report]:
        """A report for the newest list and then for all that have been published in the meantime, as long as `wait`
        says so. Two publishers may finish in another order than that of their numbers: none is left out."""
        seen: set[int] | None = None
        while True:
            try:
                published = self.reader.published(self.issuer)
            except SQLAlchemyError as error:
                yield self._unread(error)
            else:
                new = published[-1:] if seen is None else [number for number in published if number not in seen]
                if new:
                    seen = set(published)
                    yield self._guarded(lambda: self.round(new))  # noqa: B023  called before the next turn
            if not wait():
                return

    def round(self, numbers: Collection[int], *, ask_all: bool = False) -> Report:
        """Compare everything once; raise SQLAlchemyError when the database cannot be read."""
        records = self.reader.read(self.issuer, numbers=numbers, others=None if ask_all else _OTHERS)
        lives = {serial: replay(steps) for serial, steps in records.steps.items()}
        found = list(check_tables(records, lives))
        published = Published(records, lives)
        found += published.check_series()
        for number in numbers:
            found += published.check(number)
        if not records.series:
            found.append(Disagreement(Check.UNREADABLE, self.issuer, {"complete CRL": "none was ever published"}))
        answers = 0
        if self.urls:
            with Responders(self.reader, self.urls, self.clock, self.bound) as responders:
                found += responders.check_answers(records, _asked(records, numbers, ask_all=ask_all))
                found += responders.check_copies(records)
                answers = responders.answers
        changes = sum(len(life.moments) for life in lives.values())
        return Report(self.issuer, records.status_version, sorted(numbers), changes, answers, found)

    def _guarded(self, act: Callable[[], Report]) -> Report:
        try:
            return act()
        except SQLAlchemyError as error:
            return self._unread(error)

    def _unread(self, error: SQLAlchemyError) -> Report:
        # Not its text, which holds the statement with its values.
        said = {"database": type(error).__name__}
        return Report(self.issuer, 0, (), 0, 0, [Disagreement(Check.UNREADABLE, self.issuer, said)])


def _asked(records: Records, numbers: Collection[int], *, ask_all: bool) -> Sequence[str]:
    """Whom to ask about: what changed since the list before, the latest changes, and some that never changed."""
    earlier = [row.status_version for row in records.series if row.number < min(numbers, default=0)]
    since = min(earlier[-1] if earlier else 0, records.status_version - _LATEST)
    changed = {serial for version, serial in records.log if ask_all or version > since}
    # Also those that a row or a step tells of, and the log does not.
    hidden = (records.rows.keys() | records.steps.keys()) - {serial for _, serial in records.log}
    issued = {serial for serial in hidden if serial not in records.rows or records.rows[serial].status != "signing"}
    return sorted(changed | issued | set(records.others))
