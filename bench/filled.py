"""A service as full as the region fills it: units, people, tokens, certificates, applications, audit entries.

    from bench.filled import Sizes, fill
    from bench.founded import founded
    with founded() as config:
        filled = fill(Wiring(config), Sizes())

Everything is invented. The rows are what the workflows would have left (states, one administrator a unit, lineage, a
chain that verifies), written in bulk. The certificates are signed by a throwaway key: they parse, and verify nowhere.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from bench import filled_cases
from bench.filled_audit import lengthen
from bench.filled_people import application, certificate, holder
from bench.filled_units import units_of_the_region
from ca_service.domain.applications import ApplicationStatus, Batch
from ca_service.domain.changes import Change, ChangeKind, ChangeStatus
from ca_service.domain.conflicts import ConflictCase, ConflictStatus
from ca_service.domain.holders import Holder
from ca_service.domain.media import CustodyEvent, Medium, MediumEvent, MediumStatus, Parcel, ParcelStatus
from ca_service.domain.responsible import Duty, OfficeContact, ResponsiblePerson
from ca_service.domain.roles import Actor, Role
from ca_service.domain.staff import Staff
from ca_service.domain.transfers import Transfer, TransferStatus
from ca_service.domain.units import CENTRE_CODE, Unit, UnitKind
from ca_service.wiring import Wiring
from ca_service.workflows import drafts
from ca_service.workflows.ports import UnitOfWork
from ca_service.workflows.register import Upload
from ca_service.workflows.units import register
from tests.road.roster import make_roster, make_scan_pdf

FILLER = Actor("filler", CENTRE_CODE, frozenset({Role.OPERATOR}), "cli")
LEAGUE, BANNER = "150300", "150302"
_DRAFT_ROWS = 500
_CONFLICTS = 200
_PARCELS = 500
_TRANSFERS = 100


@dataclass(frozen=True)
class Sizes:
    """How much there is; `units` counts the bureaus and universities too."""

    units: int = 12_000
    applications: int = 15_000
    audit_entries: int = 200_000
    changes: int = 1_000
    staff: int = 300


@dataclass
class Filled:
    """What there is, by identifier; `logins` by role and unit."""

    units: list[Unit] = field(default_factory=list)
    applications: list[str] = field(default_factory=list)
    holders: list[str] = field(default_factory=list)
    certificates: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    unit_case: str = ""
    proposal: str = ""
    erasure: str = ""
    conflict: str = ""
    batch: str = ""
    draft: str = ""
    parcel: str = ""
    transfer: str = ""
    logins: dict[tuple[Role, str], str] = field(default_factory=dict)


def fill(wiring: Wiring, sizes: Sizes, *, seed: int = 20261124) -> Filled:
    """Fill a founded service and return what there is; a seed gives the same contents but for random serials."""
    return _Filler(wiring, sizes, random.Random(seed)).fill()


class _Filler:
    def __init__(self, wiring: Wiring, sizes: Sizes, rng: random.Random) -> None:
        self.wiring = wiring
        self.services = wiring.services
        self.sizes = sizes
        self.rng = rng
        self.filled = Filled()
        self.holders: list[Holder] = []
        self.now = datetime.now(UTC).replace(microsecond=0)

    def fill(self) -> Filled:
        """One transaction a kind of thing."""
        for part in (self._units, self._staff, self._people, self._custody, self._changes, self._roster):
            with self.services.begin() as uow:
                part(uow)
        units = [unit.code for unit in self.filled.units]
        subjects = [(own, units[number % len(units)]) for number, own in enumerate(self.filled.applications)]
        lengthen(self.wiring, subjects, upto=self.sizes.audit_entries, now=self.now)
        self._draft()
        self._cases()
        return self.filled

    def _cases(self) -> None:
        admin, security, reviewer = map(self._at_centre, (Role.CA_ADMIN, Role.SECURITY_ADMIN, Role.REVIEWER))
        self.filled.unit_case = filled_cases.merger(self.services, admin, BANNER, "150303")
        self.filled.proposal = filled_cases.proposal(self.services, security, LEAGUE)
        last = self.filled.holders[-1]
        self.filled.erasure = filled_cases.erasure(self.services, reviewer, security, last, now=self.now)

    def _at_centre(self, role: Role) -> Actor:
        return Actor(self.filled.logins[role, CENTRE_CODE], CENTRE_CODE, frozenset({role}), "web")

    def _draft(self) -> None:
        """An upload of the league's clerk that waits for a choice."""
        login = self.filled.logins[Role.CLERK, LEAGUE]
        schools = [unit for unit in self.filled.units if unit.kind is UnitKind.SCHOOL]
        roster = make_roster(schools, rows=min(_DRAFT_ROWS, len(schools) // 2)).xlsx
        upload = Upload(LEAGUE, roster, "roster.xlsx", make_scan_pdf(), "form.pdf")
        clerk = Actor(login, LEAGUE, frozenset({Role.CLERK}), "web")
        self.filled.draft = drafts.examine(self.services, clerk, upload).draft.id

    def _units(self, uow: UnitOfWork) -> None:
        present = list(uow.units.find())
        new = units_of_the_region(present, self.sizes.units)
        register(uow, FILLER, new, at=self.now, ground="示范数据")
        self.filled.units = [*present, *new]

    def _staff(self, uow: UnitOfWork) -> None:
        places = [CENTRE_CODE, LEAGUE, BANNER]
        business = [(role, unit) for role in (Role.CLERK, Role.REVIEWER, Role.CUSTODIAN) for unit in places]
        centre = [(role, CENTRE_CODE) for role in (Role.CA_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR)]
        self.filled.logins = {(role, unit): f"bench-{role.value}-{unit}" for role, unit in (*business, *centre)}
        bureaus = [unit.code for unit in self.filled.units if unit.kind in (UnitKind.LEAGUE, UnitKind.BANNER)]
        others = [(Role.CLERK, self.rng.choice(bureaus)) for _ in range(self.sizes.staff)]
        named = [(login, *place) for place, login in self.filled.logins.items()]
        named += [(f"clerk-{number}", *place) for number, place in enumerate(others)]
        uow.staff.add_all(
            Staff(
                login,
                "示范人员",
                unit,
                frozenset({role}),
                "",
                must_change_password=False,
                active=True,
                created_at=self.now,
                person_hash=self.services.keyed_hash(login),
                second_factor=True,
            )
            for login, role, unit in named
        )

    def _people(self, uow: UnitOfWork) -> None:
        """Applications in every state; those confirmed have a person behind them."""
        takers = [unit for unit in self.filled.units if unit.kind is not UnitKind.CENTRE]
        self.rng.shuffle(takers)
        scan = self.services.documents.put(b"%PDF-1.4 stand-in for a stamped form")
        applications = []
        for number in range(self.sizes.applications):
            unit = takers[number % len(takers)]
            repeated = number >= len(takers)
            applications.append(application(number, unit, self.now, repeated=repeated))
        batches = {(a.batch_id, takers[0].parent_code or CENTRE_CODE) for a in applications}
        uow.batches.add_all(Batch(b, unit, f"{b:0>64}", scan, "clerk-0", self.now) for b, unit in sorted(batches))
        uow.applications.add_all(applications)
        holders = [holder(a) for a in applications if a.status is ApplicationStatus.CONFIRMED]
        uow.holders.add_all(holders)
        self.filled.applications = [a.id for a in applications]
        self.filled.holders = [h.id for h in holders]
        self.filled.batch = applications[0].batch_id
        waiting = [a for a in applications if a.status is ApplicationStatus.SUBMITTED]
        pairs = list(zip(waiting[::2], waiting[1::2], strict=False))[:_CONFLICTS]
        uow.conflicts.add_all(
            ConflictCase(
                f"D{n:06d}", one.id_number_hash, one.id, two.id, ConflictStatus.UNDECIDED, CENTRE_CODE, self.now
            )
            for n, (one, two) in enumerate(pairs)
        )
        self.filled.conflict = "D000000"
        self.holders = holders

    def _custody(self, uow: UnitOfWork) -> None:
        """A token and a certificate for each person, and a tenth more tokens in the centre's stock."""
        media, steps, certificates = [], [], []
        step = partial(_step, at=self.now)
        for number, person in enumerate(self.holders):
            serial = f"T{number:08d}"
            media.append(
                Medium(
                    serial, "UKEY", MediumStatus.IN_USE, person.unit_code, self.now, person.id, binding_key=b"stand-in"
                )
            )
            steps += [
                step(serial, 1, MediumEvent.INITIALISE, (CENTRE_CODE, CENTRE_CODE), status=MediumStatus.INITIALISED),
                step(serial, 2, MediumEvent.HAND_OVER, (CENTRE_CODE, person.id), status=MediumStatus.HANDED_OVER),
                step(serial, 3, MediumEvent.ACTIVATE, (person.id, person.id), status=MediumStatus.IN_USE),
            ]
            certificates.append(certificate(number, person, serial, self.rng.getrandbits(126) | 1 << 126, self.now))
        stock = range(len(media), len(media) + self.sizes.units // 10)
        media += [
            Medium(f"T{n:08d}", "UKEY", MediumStatus.INITIALISED, CENTRE_CODE, self.now, binding_key=b"stand-in")
            for n in stock
        ]
        uow.media.add_all(media)
        league = [unit.code for unit in self.filled.units if unit.kind is UnitKind.LEAGUE]
        uow.parcels.add_all(
            Parcel(
                f"P{n:06d}", CENTRE_CODE, league[n % len(league)], f"KD{n}", ParcelStatus.SENT, "custodian", self.now
            )
            for n in range(_PARCELS)
        )
        self.filled.parcel = f"P{next(n for n in range(_PARCELS) if league[n % len(league)] == LEAGUE):06d}"
        uow.custody.add_all(steps)
        uow.certificates.add_all(certificates)
        self.filled.media = [medium.serial for medium in media]
        self.filled.certificates = [certificate.serial for certificate in certificates]

    def _changes(self, uow: UnitOfWork) -> None:
        kinds, statuses = list(ChangeKind), list(ChangeStatus)
        cases = [
            Change(
                id=f"C{number:06d}",
                kind=kinds[number % len(kinds)],
                holder_id=self.holders[number % len(self.holders)].id,
                unit_code=self.holders[number % len(self.holders)].unit_code,
                explanation="工作调整",
                opinion="同意",
                transferred=False,
                scan_sha256="0" * 64,
                status=statuses[number % len(statuses)],
                submitted_by="clerk-0",
                submitted_at=self.now - timedelta(minutes=number),
            )
            for number in range(self.sizes.changes)
        ]
        uow.changes.add_all(cases)
        self.filled.changes = [case.id for case in cases]
        stops = [case for case in cases if case.kind is ChangeKind.STOP][:_TRANSFERS]
        uow.transfers.add_all(
            Transfer(f"J{n:06d}", stop.unit_code, stop.holder_id, stop.id, TransferStatus.SEEKING, "clerk-0", self.now)
            for n, stop in enumerate(stops)
        )
        self.filled.transfer = "J000000"

    def _roster(self, uow: UnitOfWork) -> None:
        contact = OfficeContact("0471-3000001", "19900000001", "office@example.com")
        uow.responsible.add_all(
            ResponsiblePerson(
                f"R{number:06d}{duty.value}",
                unit.code,
                duty,
                1,
                "示范人",
                "信息中心",
                "主任",
                contact,
                "clerk-0",
                self.now,
            )
            for number, unit in enumerate(self.filled.units)
            for duty in Duty
        )


def _step(
    serial: str, seq: int, event: MediumEvent, way: tuple[str, str], *, status: MediumStatus, at: datetime
) -> CustodyEvent:
    return CustodyEvent(serial, seq, event, *way, by="custodian", at=at, status=status, at_unit="")
