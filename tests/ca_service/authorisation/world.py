"""A filled service: in four units one thing of every kind, an account of every role at the centre and at a league."""

import base64
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from PIL import Image

from ca_service import push_tokens
from ca_service.app import create_console, publication_pages
from ca_service.clock import system_clock
from ca_service.config import Config
from ca_service.domain.applications import Application, ApplicationStatus, Batch, Contact
from ca_service.domain.certificates import Certificate, CertificateStatus
from ca_service.domain.changes import Change, ChangeKind, ChangeStatus
from ca_service.domain.compromises import Compromise, CompromiseStatus
from ca_service.domain.conflicts import ConflictCase, ConflictStatus
from ca_service.domain.drafts import Draft
from ca_service.domain.enrolments import Enrolment, EnrolmentStatus
from ca_service.domain.erasures import Erasure, ErasureStatus, RecordsHold
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.media import DispatchSheet, Medium, MediumStatus, Parcel, ParcelStatus, SheetStatus
from ca_service.domain.messages import Channel, Letter, Message, MessageStatus
from ca_service.domain.orders import OrderAct, OrderStatus, StatusOrder
from ca_service.domain.persons import UserType
from ca_service.domain.proposals import Proposal, ProposalKind, ProposalStatus
from ca_service.domain.roles import Role
from ca_service.domain.sign_in import Method, Origin
from ca_service.domain.staff import Staff
from ca_service.domain.transfers import Transfer, TransferStatus
from ca_service.domain.unblocks import Release, ReleaseStatus
from ca_service.domain.unit_cases import Order, UnitAct, UnitCase, UnitCaseStatus
from ca_service.domain.units import CENTRE_CODE, Unit, UnitKind
from ca_service.secret_files import read_secret
from ca_service.wiring import Wiring
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.sessions import open_session
from tests.ca_service.authorisation.entry import BELOW, FOREIGN, LEAGUE, LINEAGE, STAFF, Asker, Place
from tests.ca_service.authorisation.store import RolledBackStore
from tests.road.roster import make_scan_pdf, make_units

CSRF = "the-token-of-the-session"
_BANNER = "150302"
_CONTACT = Contact("150302199001010004", "0473-3000001", "teacher@example.com", "19900000001")


@dataclass
class World:
    """The service, and what a test needs to ask it."""

    wiring: Wiring
    store: RolledBackStore
    console: Flask
    publication: Flask
    folder: Path
    audit_head: int
    identifiers: dict[Asker, str]

    def place(self, code: str) -> Place:
        """A unit with its things."""
        return Place(code, self.folder)

    def cookie(self, asker: Asker) -> str:
        """What the browser of a signed-in person sends."""
        serializer = self.console.session_interface.get_signing_serializer(self.console)  # type: ignore[attr-defined]
        return f"__Host-educa={serializer.dumps({'id': self.identifiers[asker], 'csrf': CSRF})}"

    def token(self, program: Role, body: bytes) -> str:
        """A program's bearer token; that of a push is good for this body only."""
        config = self.wiring.config
        if program is Role.RELYING:
            (token,) = self.wiring.relying_tokens().values()
            return token
        return push_tokens.mint(read_secret(config.path(config.secrets.push_token)), body, at=self.wiring.clock())


def build(config: Config, folder: Path) -> World:
    """Fill a copy of the founded CA and put the store that forgets in its place."""
    # Time stands still: a use of a session is noted once a minute, and a slow machine must not see that.
    now = system_clock()
    wiring = Wiring(config, clock=lambda: now)
    _fill(wiring.services)
    identifiers = {asker: _sign_in(wiring.services, asker) for asker in STAFF}
    _write_files(folder)
    with wiring.database.read() as uow:
        head, _ = uow.audit.head()
    wiring.database.engine.dispose()
    store = RolledBackStore(config.database_url, sealer=wiring.sealer, clock=wiring.clock)
    asked = Wiring(config, clock=wiring.clock)
    asked.__dict__["database"] = store
    return World(asked, store, create_console(asked), publication_pages(asked), folder, head, identifiers)


def _write_files(folder: Path) -> None:
    Image.new("L", (400, 560), 255).save(folder / "form.png")
    (folder / "erased.json").write_text("[]", encoding="utf-8")
    (folder / "nothing.xlsx").write_bytes(b"not a spreadsheet")
    (folder / "units.csv").write_bytes(make_units(schools=1, league_code=LEAGUE).csv)
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for code in LINEAGE:
        serial = Place(code, folder).medium
        made = {"serial": serial, "binding_public_key": base64.b64encode(public).decode()}
        (folder / f"{serial}.json").write_text(json.dumps(made), encoding="utf-8")


def _fill(services: Services) -> None:
    scan = services.documents.put(make_scan_pdf())
    with services.begin() as uow:
        for code in (BELOW, FOREIGN):
            parent = LINEAGE[code][1]
            uow.units.add(Unit(code, f"示范学校{code}", UnitKind.SCHOOL, parent, parent, "211"))
        # What waits for the league's review comes from a banner below it.
        uow.holders.add(_holder(services, Place(_BANNER, Path())))
        for code in LINEAGE:
            place = Place(code, Path())
            _person(services, uow, place)
            _papers(services, uow, place, scan)
            uow.staff.add(_account(services, place.clerk, code, Role.CLERK))
        for code in LINEAGE:
            _cases(services, uow, Place(code, Path()), scan)
        uow.compromises.add(
            Compromise("compromise-1", "issuing", "x", CompromiseStatus.WITHDRAWN, "somebody", services.clock())
        )
        now = services.clock()
        uow.erasing.cases.add(Erasure("erasure-1", ErasureStatus.PROPOSED, "x", "0" * 64, "somebody", now))
        uow.erasing.holds.add(RecordsHold("hold-1", f"leaving-{FOREIGN}", FOREIGN, "x", "somebody", now))
        uow.staff.add(_account(services, "an-auditor", CENTRE_CODE, Role.AUDITOR))
        uow.staff.add(replace(_account(services, "a-former", CENTRE_CODE, Role.CLERK), active=False))
        uow.proposals.add_all(_proposals(now))


def _proposals(now: datetime) -> list[Proposal]:
    """One about accounts, one that the operator made, one about keys."""
    until, by = now + timedelta(days=1), "local:somebody"
    made = [
        ("proposal-staff", ProposalKind.STAFF_ADD, "proposed-one"),
        ("proposal-rescue", ProposalKind.STAFF_RESCUE, "an-auditor"),
        ("proposal-key", ProposalKind.FIELD_KEY_CHANGE, "field-key"),
    ]
    content = {"name": "新人", "roles": "clerk", "person": "", "second-factor": "0"}
    return [
        Proposal(key, kind, subject, CENTRE_CODE, "x", ProposalStatus.PROPOSED, by, now, until, content, "x")
        for key, kind, subject in made
    ]


def _person(services: Services, uow: UnitOfWork, place: Place) -> None:
    """A holder with a certificate, a token in the unit's stock, a parcel on its way to the unit."""
    now, code = services.clock(), place.code
    holder = _holder(services, place)
    uow.holders.add(holder)
    uow.media.add(Medium(place.medium, "test", MediumStatus.INITIALISED, code, now))
    uow.parcels.add(Parcel(place.parcel, CENTRE_CODE, code, "", ParcelStatus.SENT, "somebody", now))
    (example,) = uow.certificates.find(profile="issuing")
    uow.certificates.add(
        Certificate(
            place.certificate, "issuing", "information-administrator", code, holder.name, CertificateStatus.ACTIVE,
            "0" * 64, now, now + timedelta(days=1), now, example.tbs, example.der, holder.id, place.medium,
        )
    )  # fmt: skip
    uow.enrolments.add(
        Enrolment(
            place.enrolment, holder.id, place.medium, place.reference, "0" * 64, EnrolmentStatus.OPEN, 5, "somebody",
            now, now + timedelta(days=1),
        )
    )  # fmt: skip


def _papers(services: Services, uow: UnitOfWork, place: Place, scan: str) -> None:
    """An application of the unit, one that waits for review there, and a change case of its holder."""
    now, code = services.clock(), place.code
    uow.batches.add(Batch(place.batch, code, "0" * 64, scan, "somebody", now))
    origin = _origin(code)
    for row, key, unit in ((4, place.application, code), (5, place.waiting, origin)):
        uow.applications.add(
            Application(
                key, place.batch, row, unit, f"申请{code}", UserType.INFORMATION, "211", "路 1 号", _CONTACT,
                services.keyed_hash(key), ApplicationStatus.SUBMITTED, code, "somebody", now,
            )
        )  # fmt: skip
    uow.changes.add(
        Change(
            place.change, ChangeKind.UNLOCK, place.holder, code, "x", "x", False, scan, ChangeStatus.SUBMITTED,
            "somebody", now,
        )
    )  # fmt: skip


def _cases(services: Services, uow: UnitOfWork, place: Place, scan: str) -> None:
    """What else can lie at a unit: see the tables for who may do what with each."""
    now, code = services.clock(), place.code
    uow.changes.add(
        Change(
            place.submitted, ChangeKind.UNLOCK, Place(_origin(code), Path()).holder, _origin(code), "x", "x", False,
            scan, ChangeStatus.SUBMITTED, "somebody", now, at_unit=code,
        )
    )  # fmt: skip
    uow.conflicts.add(
        ConflictCase(place.conflict, "0" * 64, place.application, place.waiting, ConflictStatus.UNDECIDED, code, now)
    )
    uow.orders.add(
        StatusOrder(
            place.order, place.certificate, code, OrderAct.FREEZE, "x", "somebody", now, now + timedelta(days=1),
            OrderStatus.OPEN,
        )
    )  # fmt: skip
    uow.messages.add(
        Message(place.message, Channel.SMS, Letter("19900000001", "x"), MessageStatus.FAILED, code, now, now)
    )
    _transfer(services, uow, place, scan)
    uow.releases.add(
        Release(
            place.release, place.medium, place.holder, code, place.change, "0" * 64, ReleaseStatus.OPEN, 5, "somebody",
            now, now,
        )
    )  # fmt: skip
    uow.sheets.add(DispatchSheet(place.sheet, code, SheetStatus.PREPARED, "somebody", now))
    uow.drafts.add(Draft(place.draft, code, "sheet.xlsx", "form.pdf", "somebody", now))
    order = Order(UnitAct.RENAME, code, name="示范单位")
    uow.unit_cases.add(
        UnitCase(
            place.unitcase, **vars(order), ground="x", plan_sha256="0" * 64, status=UnitCaseStatus.PROPOSED,
            proposed_by="somebody", proposed_at=now,
        )
    )  # fmt: skip


def _transfer(services: Services, uow: UnitOfWork, place: Place, scan: str) -> None:
    """The hand-over of somebody else of the unit, so that the unit's own person can still be handed over."""
    now, code, leaving = services.clock(), place.code, f"leaving-{place.code}"
    uow.holders.add(replace(_holder(services, place), id=leaving, external_id=leaving))
    stop = f"stop-{code}"
    uow.changes.add(
        Change(stop, ChangeKind.STOP, leaving, code, "x", "x", True, scan, ChangeStatus.SUBMITTED, "somebody", now)
    )
    uow.transfers.add(
        Transfer(place.transfer, code, leaving, stop, TransferStatus.PAIRED, "somebody", now, place.application)
    )


def _origin(code: str) -> str:
    """What waits for review at a unit comes from below it; a school reviews nothing."""
    return {CENTRE_CODE: LEAGUE, LEAGUE: _BANNER}.get(code, code)


def _holder(services: Services, place: Place) -> Holder:
    return Holder(
        place.holder, place.external, place.code, f"持证{place.code}", UserType.INFORMATION, _CONTACT, "0" * 64,
        HolderStatus.ACTIVE, services.clock(), "",
    )  # fmt: skip


def _account(services: Services, login: str, unit: str, role: Role) -> Staff:
    return Staff(
        login, f"人员{login}", unit, frozenset({role}), "", must_change_password=False, active=True,
        created_at=services.clock(), person_hash=services.keyed_hash(login), second_factor=True,
    )  # fmt: skip


def _sign_in(services: Services, asker: Asker) -> str:
    assert asker.role
    staff = _account(services, asker.login, asker.unit, asker.role)
    with services.begin() as uow:
        uow.staff.add(staff)
        return open_session(services, uow, staff, Method.TOTP, Origin("192.0.2.1", "test")).identifier
