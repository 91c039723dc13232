"""Three custodians and a box of tokens: what they can do, rightly or not, against the real workflows."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from ca_service.domain.changes import CertificateAct, ChangeKind
from ca_service.domain.errors import DomainError
from ca_service.domain.media import WITH_PERSON, Arrival, MediumStatus, ParcelStatus
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import Unit, UnitKind
from ca_service.signing.custody_key import CustodyKey, new_private_key
from ca_service.store.sealing import FieldKey, Sealer
from ca_service.workflows import change, custody, handovers, incidents, parcels, push, reconciliation
from ca_service.workflows.parcels import Receipt, Shipment
from ca_service.workflows.ports import Services, Terms
from tests.ca_service.desk import contact
from tests.ca_service.office import UNIVERSITY, actor, software_token
from tests.ca_service.test_no_sequence import (
    BANNERS,
    CENTRE,
    LEAGUE,
    SCHOOLS,
    STAFF,
    UNITS,
    DatabaseInMemory,
    DocumentsInMemory,
    _no_key,
    _scan,
)

BANNER = BANNERS[0]
KEEPERS = {unit: actor(Role.CUSTODIAN, unit) for unit in (CENTRE, LEAGUE, BANNER)}
KEEPER = st.sampled_from(list(KEEPERS.values()))
PICK = st.integers(0, 11)
OFTEN, RARELY = st.integers(0, 3).map(bool), st.integers(0, 3).map(lambda number: number == 0)
PEOPLE = (SCHOOLS[0], SCHOOLS[1], UNIVERSITY, UNIVERSITY)
OPEN = (Arrival.UNDERWAY, Arrival.MISSING)
BINDING = software_token("any").binding.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
Numbers = Mapping[str, Mapping[MediumStatus, int]]


class Custodians(RuleBasedStateMachine):
    """Tokens, and what is tried with them; `ledger` says where each would be found by hand."""

    done: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        rng, ticks = random.Random(1), iter(range(10**9))
        sealer = Sealer(FieldKey(bytes(32)))
        clock = lambda: datetime(2026, 11, 24, tzinfo=UTC) + timedelta(seconds=next(ticks))  # noqa: E731
        self.database = DatabaseInMemory(sealer, clock)
        self.services = Services(
            begin=self.database.begin,
            read=self.database.read,
            clock=clock,
            random_bytes=rng.randbytes,
            keyed_hash=sealer.keyed_hash,
            documents=DocumentsInMemory(),
            authority=_no_key,
            custody=CustodyKey(new_private_key),
            terms=Terms(timedelta(1), timedelta(1), "ec-p256", "示范"),
        )
        with self.services.begin() as uow:
            uow.units.add_all([*UNITS, Unit(UNIVERSITY, "云上示范大学", UnitKind.UNIVERSITY, CENTRE, CENTRE, "411")])
        self.people = self._people()
        self.ledger: dict[str, str] = {}
        for _ in range(6):
            self._register()
        self.sheets: list[tuple[Actor, str]] = []
        self.seen: list[tuple[datetime, Numbers]] = []

    def _people(self) -> list[str]:
        persons = [
            push.PushedPerson(f"X{n}", unit, "示范人", "信息管理员", contact(n)) for n, unit in enumerate(PEOPLE)
        ]
        answers = push.receive(self.services, actor(Role.DIRECTORY), persons, body=b"").confirmations
        return [answer.holder_id for answer in answers]

    @contextmanager
    def trying(self, what: str) -> Iterator[None]:
        """Most of what is tried is refused, in words; what succeeds is counted."""
        try:
            yield
        except DomainError:
            return
        Custodians.done[what] += 1

    def _token(self, pick: int) -> str:
        return list(self.ledger)[pick % len(self.ledger)]

    def _keeper(self, serial: str, anybody: Actor, *, rightly: bool) -> Actor:
        """Who answers for a token, or anybody."""
        with self.services.read() as uow:
            return KEEPERS.get(uow.media.get(serial).at_unit, KEEPERS[CENTRE]) if rightly else anybody

    # ---- what is done

    def _register(self) -> None:
        serial = f"T{len(self.ledger)}"
        custody.register(self.services, KEEPERS[CENTRE], [custody.NewMedium(serial, "test")])
        self.ledger[serial] = CENTRE
        if serial != "T1":
            self._initialise(serial)

    def _initialise(self, serial: str) -> None:
        with self.trying("initialise"):
            custody.initialise(self.services, KEEPERS[CENTRE], serial, binding_key=BINDING)

    @rule(pick=PICK, person=PICK, anybody=KEEPER, rightly=OFTEN, back=RARELY)
    def promise_or_not(self, pick: int, person: int, anybody: Actor, *, rightly: bool, back: bool) -> None:
        """To a person; or a promise is taken back."""
        self.promise(pick, person, anybody, rightly=rightly, back=back)

    def promise(self, pick: int, person: int, anybody: Actor, *, rightly: bool, back: bool) -> None:
        """To a person; or a promise is taken back."""
        serial = self._token(pick)
        keeper = self._keeper(serial, anybody, rightly=rightly)
        with self.trying("promise"):
            handovers.allocate(self.services, keeper, serial, holder_id=self.people[person % len(self.people)])
        if back:
            with self.trying("release"):
                handovers.release(self.services, keeper, serial)

    @rule(pick=PICK, more=PICK, anybody=KEEPER, rightly=OFTEN, to=st.sampled_from(list(KEEPERS)))
    def send(self, pick: int, more: int, anybody: Actor, to: str, *, rightly: bool) -> None:
        """One or two, down or up the tree."""
        self.remember()
        serials = [self._token(pick)]
        keeper = self._keeper(serials[0], anybody, rightly=rightly)
        beside = [serial for serial, place in self.ledger.items() if place == keeper.unit_code and serial != serials[0]]
        serials += beside[: more % 2]
        with self.trying("send"):
            parcel = parcels.dispatch(self.services, keeper, Shipment(serials, to, "SF1"))
            self.ledger |= dict.fromkeys(serials, parcel.id)

    @rule(pick=PICK, lacking=PICK, broken=RARELY, extra=st.none() | PICK)
    def take_in(self, pick: int, lacking: int, *, broken: bool, extra: int | None) -> None:
        """The addressee takes a parcel in as it is, or something is missing, broken or too much."""
        with self.services.read() as uow:
            sent = uow.parcels.find(status=ParcelStatus.SENT)
        if not sent:
            return
        parcel = sent[pick % len(sent)]
        inside = [serial for serial, place in self.ledger.items() if place == parcel.id]
        missing = inside[: lacking % 2]
        damaged = [serial for serial in inside if serial not in missing][: int(broken)]
        there = [serial for serial, place in self.ledger.items() if place == parcel.from_unit]
        besides = [] if extra is None else there[extra : extra + 1]
        receipt = Receipt(missing=missing, damaged=damaged, extra=besides, note="与清单不符")
        with self.trying("take in"):
            parcels.receive(self.services, KEEPERS[parcel.to_unit], parcel.id, receipt)
            arrived = [serial for serial in (*inside, *besides) if serial not in missing]
            self.ledger |= dict.fromkeys(arrived, parcel.to_unit)
            Custodians.done["differs"] += bool(missing or damaged or besides)

    @rule(pick=PICK, outcome=st.sampled_from([Arrival.RECEIVED, Arrival.RECALLED, Arrival.LOST]))
    def settle(self, pick: int, outcome: Arrival) -> None:
        """A missing one turned up there or here, or is given up."""
        with self.services.read() as uow:
            missing = uow.parcel_items.find(arrival=Arrival.MISSING)
            if not missing:
                return
            item = missing[pick % len(missing)]
            parcel = uow.parcels.get(item.parcel_id)
        place = parcel.to_unit if outcome is Arrival.RECEIVED else parcel.from_unit
        with self.trying(f"settle {outcome}"):
            parcels.settle(self.services, KEEPERS[place], parcel.id, item.serial, outcome, note="查明")
            self.ledger[item.serial] = place

    @rule(pick=PICK, person=PICK, anybody=KEEPER, rightly=OFTEN)
    def hand_over(self, pick: int, person: int, anybody: Actor, *, rightly: bool) -> None:
        """Into the hands of a person; universities collect at the centre."""
        serial, holder = self._token(pick), self.people[person % len(self.people)]
        keeper = self._keeper(serial, anybody, rightly=rightly)
        with self.trying("hand over"):
            handovers.hand_over(self.services, keeper, serial, holder_id=holder)
            self.ledger[serial] = holder

    @rule(keeper=KEEPER, pick=PICK, person=PICK)
    def print_a_sheet(self, keeper: Actor, pick: int, person: int) -> None:
        """Something is promised, and a sheet printed to be signed."""
        self.promise(pick=pick, person=person, anybody=keeper, rightly=False, back=False)
        with self.trying("print"):
            self.sheets.append((keeper, handovers.prepare_sheet(self.services, keeper).id))

    @precondition(lambda self: self.sheets)
    @rule(pick=PICK, lacking=PICK)
    def sign(self, pick: int, lacking: int) -> None:
        """A sheet comes back, signed by all but one; what was promised on it may have become of somebody else."""
        keeper, sheet = self.sheets[pick % len(self.sheets)]
        with self.services.read() as uow:
            rows = uow.hand_overs.find(sheet_id=sheet, handed_over_at=None, cancelled=False, order="serial")
        absent = [row.serial for row in rows][: lacking % 2]
        with self.trying("sign"):
            scan = {"scan": _scan(), "scan_name": "s.png"}
            handovers.sign_sheet(self.services, keeper, sheet, absent=absent, **scan)  # type: ignore[arg-type]
            self.ledger |= {row.serial: row.holder_id for row in rows if row.serial not in absent}
            Custodians.done["signed for"] += len(rows) > len(absent)

    @rule(pick=PICK, anybody=KEEPER, first=st.sampled_from(["lost", "damaged", "stopped"]), then=OFTEN)
    def go_wrong(self, pick: int, anybody: Actor, first: str, *, then: bool) -> None:
        """Lost and found, broken and destroyed, or handed in by somebody who goes and initialised anew."""
        serial = self._token(pick)
        self._go_wrong(serial, anybody, first)
        if then and first == "stopped":
            self._initialise(serial)
        elif then:
            self._go_wrong(serial, anybody, "found" if first == "lost" else "destroyed")

    def _go_wrong(self, serial: str, anybody: Actor, act: str) -> None:
        keeper = self._keeper(serial, anybody, rightly=act != "found")
        with self.services.read() as uow:
            before = uow.media.get(serial)
        with self.trying(act):
            if act == "lost":
                incidents.report_lost(self.services, keeper, serial, reason="电话报失")
            elif act == "found":
                incidents.report_found(self.services, keeper, serial)
            elif act == "damaged":
                incidents.report_damaged(self.services, keeper, serial, reason="断裂")
            elif act == "destroyed":
                incidents.destroy(self.services, keeper, serial, witness="监销人")
            else:
                self._stop(before.holder_id or "nobody")
            if act == "stopped":  # handed in with the form to who carries it out
                self.ledger |= {serial: CENTRE} if before.status in WITH_PERSON else {}
            else:
                self.ledger[serial] = keeper.unit_code if act == "found" else before.at_unit

    def _stop(self, holder: str) -> None:
        form = change.Form(ChangeKind.STOP, holder, "调离", "同意", True, _scan(), "a.png", {})
        clerk, boss = STAFF[CENTRE][:2]
        case = change.submit(self.services, clerk, form)
        change.decide(
            self.services, boss, case.id, change.Decision(approve=True, certificate_act=CertificateAct.REVOKE)
        )
        change.execute(self.services, boss, case.id)

    def remember(self) -> None:
        """What is where, for later."""
        found = reconciliation.reconcile(self.services, KEEPERS[CENTRE], CENTRE)
        self.seen.append((found.at, found.by_unit))
