"""A filled service: in four units one thing of every kind, an account of every role at the centre and at a league."""

import base64
import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from PIL import Image

from ca_service.app import create_console, publication_pages
from ca_service.clock import system_clock
from ca_service.config import Config, read_secret
from ca_service.domain.applications import Application, ApplicationStatus, Batch, Contact
from ca_service.domain.certificates import Certificate, CertificateStatus
from ca_service.domain.changes import Change, ChangeKind, ChangeStatus
from ca_service.domain.enrolments import Enrolment, EnrolmentStatus
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.media import Medium, MediumStatus, Parcel, ParcelStatus
from ca_service.domain.persons import UserType
from ca_service.domain.roles import Role
from ca_service.domain.sign_in import Method, Origin
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE, Unit, UnitKind
from ca_service.wiring import Wiring
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.sessions import open_session
from tests.ca_service.authorisation.entry import BELOW, FOREIGN, LEAGUE, LINEAGE, STAFF, Asker, Place
from tests.ca_service.authorisation.store import RolledBackStore
from tests.road.roster import make_scan_pdf, make_units

CSRF = "the-token-of-the-session"
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

    def push_token(self) -> str:
        """The user directory's bearer token."""
        return read_secret(self.wiring.config.path(self.wiring.config.secrets.push_token))


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
        for code in LINEAGE:
            place = Place(code, Path())
            _person(services, uow, place)
            _papers(services, uow, place, scan)
            uow.staff.add(_account(services, place.clerk, code, Role.CLERK))
        uow.staff.add(_account(services, "an-auditor", CENTRE_CODE, Role.AUDITOR))


def _person(services: Services, uow: UnitOfWork, place: Place) -> None:
    """A holder with a certificate, a token in the unit's stock, a parcel on its way to the unit."""
    now, code = services.clock(), place.code
    holder = Holder(
        place.holder, place.external, code, f"持证{code}", UserType.INFORMATION, _CONTACT, "0" * 64,
        HolderStatus.ACTIVE, now, "",
    )  # fmt: skip
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
    # What waits for review at a unit comes from below it; a school reviews nothing.
    origin = {CENTRE_CODE: LEAGUE, LEAGUE: "150302"}.get(code, code)
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
