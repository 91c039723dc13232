"""A service as full as a country fills it, in any size: so many units, persons, applications, tokens, certificates and
audit entries. Only bulk beside which something else is measured: everything is confirmed, in use, active; the
certificates are copies of one real one under other serials. The audit chain verifies.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import Connection, Table, inspect, select, update

from bench.bulk import filling, load
from bench.filled_people import application, holder
from ca_service.domain.applications import Batch
from ca_service.domain.areas import banners, leagues
from ca_service.domain.audit import AuditEntry, Tag, canonical, timestamp
from ca_service.domain.certificates import Certificate, CertificateEvent, CertificateStatus, StatusEvent
from ca_service.domain.media import Medium, MediumStatus
from ca_service.domain.units import CENTRE_CODE, Unit, UnitKind, normalise_unit_name
from ca_service.store import models
from ca_service.wiring import Wiring

_PLACES = [(banner.code, league.code) for league in leagues() for banner in banners(league.code)]
_TAGS = (Tag.APPLICATION_FORWARDED, Tag.STAFF_SIGNED_IN, Tag.APPLICATION_UNMASKED, Tag.HOLDER_REGISTERED)
_SHEET = 100
_PROFILE = "information-administrator"


def serial(number: int) -> str:
    """The serial of a filled certificate: as spread over the index as random ones, and known again."""
    return "5" + sha256(b"%d" % number).hexdigest()[:31]


def unit_code(number: int) -> str:
    """The code of a filled school."""
    return f"21{number:08d}"


def id_number(number: int) -> str:
    """What stands for the ID number of a filled person; only its keyed hash is kept."""
    return f"150302{number:012d}"


def pattern(wiring: Wiring) -> Certificate:
    """The newest certificate that is there, of which the others will be copies."""
    with wiring.services.read() as uow:
        return uow.certificates.find(limit=1, order="-created_at")[0]


def fill(wiring: Wiring, numbers: range, like: Certificate, at: datetime) -> None:
    """Add one thing of each kind for each number, in one transaction; into an older schema what it has columns for."""
    with filling(wiring.config.database_url) as connection:
        filler = _Filler(connection, wiring, numbers, at)
        filler.units()
        filler.applications_and_holders()
        filler.tokens()
        filler.certificates(like)
        filler.audit()


class _Filler:
    def __init__(self, connection: Connection, wiring: Wiring, numbers: range, at: datetime) -> None:
        self.connection = connection
        self.sealer = wiring.sealer
        self.numbers = numbers
        self.at = at
        self._columns = {
            table: [column["name"] for column in inspect(connection).get_columns(table)]
            for table in inspect(connection).get_table_names()
        }

    def units(self) -> None:
        """A school a number, the banners in turn."""
        banner = _PLACES[0][0]
        school = Unit(unit_code(0), "第0示范小学", UnitKind.SCHOOL, banner, banner, "211")
        names = [(n, f"第{n}号示范小学") for n in self.numbers]
        key = normalise_unit_name
        self._load(
            models.UnitRow,
            {**_columns(school), "name_key": ""},
            "code name name_key parent_code area_code",
            ((unit_code(n), name, key(name), _place(n)[0], _place(n)[0]) for n, name in names),
        )
        self._load(
            models.LineageRow,
            {},
            "unit_code above_code depth",
            (
                (unit_code(n), above, depth)
                for n in self.numbers
                for depth, above in enumerate((unit_code(n), *_place(n), CENTRE_CODE))
            ),
        )

    def applications_and_holders(self) -> None:
        """A confirmed application and its person for each school; a hundred in a sheet."""
        school = Unit("", "", UnitKind.SCHOOL, "", "", "211")
        one = application(1, school, self.at, repeated=False)
        contact = json.dumps(asdict(one.contact), ensure_ascii=False).encode()
        batch = Batch("", CENTRE_CODE, "", "0" * 64, "clerk-0", self.at)
        sheets = range(self.numbers.start // _SHEET, (self.numbers.stop - 1) // _SHEET + 1)
        # A range that begins within a sheet continues the one that the last range has begun.
        new = [n for n in sheets if n * _SHEET >= self.numbers.start]
        self._load(models.BatchRow, _columns(batch), "id sheet_sha256", ((f"FB{n}", f"{n:064x}") for n in new))
        seal, keyed = self.sealer.seal, self.sealer.keyed_hash
        self._load(
            models.ApplicationRow,
            _without_contact(one),
            "id batch_id row_number unit_code id_number_hash sealed",
            (
                (
                    f"FA{n}", f"FB{n // _SHEET}", n % _SHEET + 2, unit_code(n), keyed(id_number(n)),
                    seal(contact, context=f"application/FA{n}"),
                )
                for n in self.numbers
            ),
        )  # fmt: skip
        self._load(
            models.HolderRow,
            _without_contact(replace(holder(one), user_type="信息管理员")),
            "id external_id unit_code id_number_hash sealed",
            (
                (
                    f"FH{n}", f"FA{n}", unit_code(n), keyed(id_number(n)),
                    seal(contact, context=f"holder/FH{n}"),
                )
                for n in self.numbers
            ),
        )  # fmt: skip

    def tokens(self) -> None:
        """Each person's token."""
        token = Medium("", "bench", MediumStatus.IN_USE, "", self.at, binding_key=bytes(91))
        rows = ((f"FT{n}", unit_code(n), f"FH{n}") for n in self.numbers)
        self._load(models.MediumRow, _columns(token), "serial at_unit holder_id", rows)

    def certificates(self, like: Certificate) -> None:
        """Each person's certificate with the two steps of its life."""
        active = _columns(replace(like, profile=_PROFILE, status=CertificateStatus.ACTIVE, confirmed_at=self.at))
        names = "serial unit_code key_sha256 holder_id medium_serial"
        rows = ((serial(n), unit_code(n), sha256(b"k%d" % n).hexdigest(), f"FH{n}", f"FT{n}") for n in self.numbers)
        self._load(models.CertificateRow, active, names, rows)
        for seq, (event, status) in enumerate(
            [
                (CertificateEvent.SIGN, CertificateStatus.ISSUED),
                (CertificateEvent.CONFIRM, CertificateStatus.ACTIVE),
            ],
            start=1,
        ):
            step = StatusEvent("", seq, event, status, self.at, "bench", "", "bench")
            self._load(models.StatusEventRow, _columns(step), "serial", ((serial(n),) for n in self.numbers))

    def audit(self) -> None:
        """The chain goes on from where it is."""
        head = _table(models.HeadRow)
        seq, link = self.connection.execute(select(head.c.seq, head.c.hash).where(head.c.name == "audit")).one()
        last: list[AuditEntry] = []

        def entries() -> Iterator[tuple[Any, ...]]:
            previous, detail = bytes(link), canonical({"to": "150300"})
            for place, n in enumerate(self.numbers, start=1):
                at = timestamp(self.at + timedelta(milliseconds=place))
                entry = AuditEntry(
                    seq + place, at, _TAGS[n % len(_TAGS)].value, f"clerk-{n % 300}", "web", unit_code(n),
                    f"FA{n}", detail, previous,
                ).sealed()  # fmt: skip
                previous = entry.hash
                last[:] = [entry]
                yield tuple(_columns(entry).values())

        self._load(models.AuditRow, {}, " ".join(AuditEntry.__dataclass_fields__), entries())
        moved = update(head).where(head.c.name == "audit")
        self.connection.execute(moved.values(seq=last[0].seq, hash=last[0].hash))

    def _load(self, row: Any, like: dict[str, Any], names: str, varied: Iterator[tuple[Any, ...]]) -> None:
        table, given = _table(row), names.split()
        present = self._columns.get(table.name, [])
        kept = [place for place, name in enumerate(given) if name in present]
        if len(kept) < len(given):
            varied = (tuple(values[place] for place in kept) for values in varied)
        constant = {name: value for name, value in like.items() if name in present}
        load(self.connection, table, constant, [given[place] for place in kept], varied)


def _table(row: Any) -> Table:
    return cast(Table, row.__table__)


def _place(number: int) -> tuple[str, str]:
    return _PLACES[number % len(_PLACES)]


def _without_contact(record: Any) -> dict[str, Any]:
    return {name: value for name, value in _columns(record).items() if name != "contact"} | {"sealed": b""}


def _columns(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}
