"""Reading the tables: SQL of its own, in one transaction that sees one moment and writes nothing."""

import json
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Engine, text

from ca_service.audit.status.lists import base_of
from ca_service.audit.status.records import Entry, ListRow, Order, Records, Row, Step

_TOUCHED = "SELECT serial FROM status_log WHERE issuer = :issuer"
# A row is looked at if its status ever changed by the log, or if anything in it says so.
_ROWS = f"""
    SELECT serial, profile, status, not_after, revoked_at, reason, crl_entry, der FROM certificate
    WHERE issuer = :issuer AND (status IN ('frozen', 'superseded', 'revoked') OR revoked_at IS NOT NULL
        OR reason IS NOT NULL OR crl_entry IS NOT NULL OR serial IN ({_TOUCHED}))
"""  # noqa: S608  constants only
_STEPS = f"""
    SELECT e.serial, e.seq, e.event, e.status, e.at, e.by, e.ground, e.crl_reason, e.version
    FROM certificate_event e JOIN certificate c ON c.serial = e.serial
    WHERE c.issuer = :issuer AND e.serial IN ({_TOUCHED}
        UNION SELECT serial FROM certificate_event WHERE version > 0 OR event NOT IN ('sign', 'confirm'))
    ORDER BY e.serial, e.seq
"""  # noqa: S608
_OTHERS = f"""
    SELECT serial FROM certificate WHERE issuer = :issuer AND status IN ('issued', 'active')
    AND serial NOT IN ({_TOUCHED})
"""  # noqa: S608
# An entry about a serial that no issuer has is reported with the issuing CA's.
_ENTRIES = """
    SELECT a.seq, a.tag, a.subject, a.detail FROM audit_entry a LEFT JOIN certificate c ON c.serial = a.subject
    WHERE a.tag IN ('ca:certificate:frozen', 'ca:certificate:unfrozen', 'ca:certificate:superseded',
        'ca:certificate:revoked', 'ca:certificate:abandoned') AND COALESCE(c.issuer, 'issuing') = :issuer
    ORDER BY a.seq
"""
# The complete lists: those go by the name of their issuer.
_SERIES = """
    SELECT number, status_version, this_update, next_update, settled FROM crl
    WHERE name = :issuer AND der IS NOT NULL ORDER BY number
"""
_GROUNDS = """
    SELECT id FROM change_case UNION ALL SELECT id FROM enrolment UNION ALL SELECT id FROM unit_case
    UNION ALL SELECT id FROM compromise UNION ALL SELECT serial FROM medium
    UNION ALL SELECT holder_id FROM staff WHERE holder_id IS NOT NULL
"""


class Reader:
    """Opens the database for the auditor; `engine` may belong to a role that can read only."""

    def __init__(self, engine: Engine, *, rng: random.Random | None = None) -> None:
        self._engine = engine
        # Which of the unchanged certificates are asked about must not be foreseen.
        self._rng = rng or random.SystemRandom()

    def published(self, issuer: str) -> Sequence[int]:
        """The numbers of the lists that an issuer has published."""
        with self._view() as view:
            return [row[0] for row in view.execute(text(_SERIES), {"issuer": issuer})]

    def issuers(self) -> Sequence[str]:
        """Names of all our CAs, the root too, in alphabetical order."""
        with self._view() as view:
            return list(view.scalars(text("SELECT name FROM issuer ORDER BY name")))

    def read(self, issuer: str, *, numbers: Collection[int], others: int | None) -> Records:
        """One view: all that ever changed, the lists of these numbers and what they are compared with, and so many
        serial numbers that never changed (None: all of them)."""
        with self._view() as view:
            facts = {"issuer": issuer}
            ca, version = view.execute(
                text("SELECT certificate, status_version FROM issuer WHERE name = :issuer"), facts
            ).one()
            series = [_list(row) for row in view.execute(text(_SERIES), facts)]
            steps: dict[str, list[Step]] = {}
            for row in view.execute(text(_STEPS), facts):
                steps.setdefault(row[0], []).append(Step(*row)._replace(at=_time(row[4])))
            log = view.execute(
                text("SELECT version, serial FROM status_log WHERE issuer = :issuer ORDER BY version"), facts
            )
            return Records(
                issuer=issuer,
                ca=bytes(ca),
                status_version=version,
                rows={row[0]: _row(row) for row in view.execute(text(_ROWS), facts)},
                steps=steps,
                log=[(row[0], row[1]) for row in log],
                orders=_orders(view, facts),
                grounds=frozenset(view.scalars(text(_GROUNDS))),
                entries=[_entry(row) for row in view.execute(text(_ENTRIES), facts)],
                series=series,
                lists=_lists(view, issuer, series, numbers),
                others=self._sample(view.scalars(text(_OTHERS), facts), others),
            )

    def read_lists(self, issuer: str, *, since: int) -> Sequence[ListRow]:
        """The published lists from a number on."""
        with self._view() as view:
            series = [_list(row) for row in view.execute(text(_SERIES), {"issuer": issuer})]
            found: dict[int, ListRow] = {}
            _load(view, issuer, [row.number for row in series if row.number >= since], found)
            return list(found.values())

    def lives(self, issuer: str, serials: Sequence[str]) -> tuple[int, Mapping[str, Sequence[Step]]]:
        """The issuer's version, and the steps of these certificates, read at one moment."""
        steps: dict[str, list[Step]] = {serial: [] for serial in serials}
        query = "SELECT serial, seq, event, status, at, by, ground, crl_reason, version FROM certificate_event"
        with self._view() as view:
            version = view.scalar(text("SELECT status_version FROM issuer WHERE name = :issuer"), {"issuer": issuer})
            for start in range(0, len(serials), 500):
                piece = {f"s{place}": serial for place, serial in enumerate(serials[start : start + 500])}
                names = ", ".join(f":{name}" for name in piece)
                for row in view.execute(text(f"{query} WHERE serial IN ({names}) ORDER BY serial, seq"), piece):
                    steps[row[0]].append(Step(*row)._replace(at=_time(row[4])))
        return int(version or 0), steps

    def _sample(self, serials: Iterator[str], wanted: int | None) -> Sequence[str]:
        """So many of them, each as likely as any other (algorithm R), without keeping them all."""
        kept: list[str] = []
        for count, serial in enumerate(serials, 1):
            if wanted is None or len(kept) < wanted:
                kept.append(serial)
            elif (place := self._rng.randrange(count)) < wanted:
                kept[place] = serial
        return kept

    @contextmanager
    def _view(self) -> Iterator[Connection]:
        """One transaction, one moment: SQLite's readers have that; PostgreSQL is asked for it."""
        engine = self._engine
        if engine.dialect.name == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with engine.begin() as connection:
            yield connection


def _lists(view: Connection, issuer: str, series: Sequence[ListRow], numbers: Collection[int]) -> Mapping[int, ListRow]:
    """The lists of these numbers, the one before each, and the one that each delta starts from."""
    found: dict[int, ListRow] = {}
    before = {old.number for old, row in pairwise(series) if row.number in numbers}
    _load(view, issuer, {*before, *numbers}, found)
    bases = {base_of(found[number].delta or b"") for number in numbers if number in found}
    _load(view, issuer, {base for base in bases if base is not None} - found.keys(), found)
    return found


def _load(view: Connection, issuer: str, numbers: Collection[int], found: dict[int, ListRow]) -> None:
    query = "SELECT number, status_version, this_update, next_update, settled, der, delta FROM crl WHERE name = :issuer"
    for number in sorted(numbers):
        facts = {"issuer": issuer, "number": number}
        for row in view.execute(text(f"{query} AND number = :number AND der IS NOT NULL"), facts):
            found[number] = _list(row)


def _orders(view: Connection, facts: Mapping[str, str]) -> Mapping[str, Order]:
    query = "SELECT o.id, o.serial, o.act FROM status_order o JOIN certificate c ON c.serial = o.serial"
    rows = view.execute(text(f"{query} WHERE c.issuer = :issuer"), facts)
    return {row[0]: Order(row[1], row[2]) for row in rows}


def _row(row: Sequence[Any]) -> Row:
    serial, profile, status, not_after, revoked_at, reason, entry, der = row
    return Row(
        serial, profile, status, _time(not_after), _optional(_time, revoked_at), reason, _optional(bytes, entry),
        _optional(bytes, der),
    )  # fmt: skip


def _list(row: Sequence[Any]) -> ListRow:
    number, version, this_update, next_update, settled, *octets = row
    times = _time(this_update), _time(next_update), _optional(_time, settled)
    return ListRow(number, version, *times, *(_optional(bytes, der) for der in octets))


def _entry(row: Sequence[Any]) -> Entry:
    seq, tag, serial, detail = row
    try:
        told = json.loads(detail)
    except ValueError:
        told = {}
    version = told.get("version")
    return Entry(seq, tag, serial, version if isinstance(version, int) else None, str(told.get("ground", "")))


def _optional(kind: Callable[[Any], Any], value: Any) -> Any:
    return None if value is None else kind(value)


def _time(value: Any) -> datetime:
    """PostgreSQL gives aware times, SQLite text in UTC."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
