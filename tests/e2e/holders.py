"""Holders with a token on a desk of their own, and the real CA that they meet; what all three sides say in the end."""

import itertools
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import pem
from cryptography import x509

from ca_service import servers
from ca_service.config import Config, DatabaseTable
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import ENDED
from ca_service.wiring import Wiring
from ca_service.workflows import custody, handovers, so_pins
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service import conftest as ca_fixtures
from tests.ca_service.office import Office
from tests.token_provisioning.soft_token import PIN, Desk, Result, binding_key, new_desk
from token_provisioning import sealing

PROFILE = "information-administrator"
NEW_PIN = "Medlar-4711"
STRUCK = "tests.token_provisioning.killed_helper"
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class LiveCa:
    """The service on a database of its own, with its API over TLS."""

    office: Office
    server: str
    root: Path
    clock: ca_fixtures.TestClock

    def live(self, serial: str, *, confirmed: bool = False) -> list[str]:
        """Serial numbers of the certificates on a token that are not revoked."""
        with self.office.services.read() as uow:
            found = uow.certificates.find(profile=PROFILE, medium_serial=serial)
        return [one.serial for one in found if one.status not in ENDED and (one.confirmed_at or not confirmed)]

    def certificate(self, serial: str) -> bytes:
        """The certificate on a token, which is no secret."""
        with self.office.services.read() as uow:
            (found,) = uow.certificates.find(profile=PROFILE, medium_serial=serial)
        return found.der or b""

    def nearly_expired(self, serial: str) -> None:
        """Let our own record, which decides when a renewal is due, end in 20 days.

        The clock moves on a little: the helper takes the older of two certificates first, by whole seconds.
        """
        self.clock.pass_time(seconds=2)
        with self.office.services.begin() as uow:
            uow.certificates.change(uow.certificates.get(serial), not_after=datetime.now(UTC) + timedelta(days=20))

    def revoked_in_the_crl(self) -> set[str]:
        published = publish_crl(self.office.services, self.office.operator, "issuing")
        crl = x509.load_der_x509_crl(published.der or b"")
        return {f"{entry.serial_number:x}" for entry in crl}

    def refusals(self) -> list[str]:
        with self.office.services.read() as uow:
            entries = [entry for entry in uow.audit.entries() if entry.tag == Tag.ENROLMENT_REFUSED]
        return [json.loads(entry.detail)["kind"] for entry in entries]


def own_config(founded: Config, folder: Path, *, url: str = "") -> Config:
    """The founded CA with a copy of its database (`url`: that one), on a port of its own."""
    if not url:
        shutil.copy(founded.path(Path("educa.db")), folder / "educa.db")
    service = founded.service.model_copy(
        update={"documents": folder / "documents", "outbox": folder / "outbox", "console": "127.0.0.1:0"}
    )
    database = DatabaseTable(url=url or f"sqlite:///{folder / 'educa.db'}")
    return founded.model_copy(update={"database": database, "service": service})


@contextmanager
def office_of(config: Config, folder: Path) -> Iterator[tuple[Wiring, LiveCa]]:
    """The CA's staff, without a server yet."""
    clock = ca_fixtures.TestClock()
    wiring = Wiring(config, clock=clock)
    # The founding's own file is overwritten by a second founding in this process.
    (folder / "root.pem").write_bytes(pem.armor("CERTIFICATE", wiring.ca_certificates()["root"]))
    try:
        yield wiring, LiveCa(Office(wiring.services), "", folder / "root.pem", clock)
    finally:
        wiring.root_sessions.drop()
        wiring.issuing_sessions.drop()
        wiring.database.engine.dispose()


@contextmanager
def live_ca(founded: Config, folder: Path) -> Iterator[LiveCa]:
    """The office with its server, in this process."""
    with office_of(own_config(founded, folder), folder) as (wiring, ca):
        server = servers.console_server(wiring)
        server.prepare()
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield replace(ca, server=f"https://127.0.0.1:{server.bind_addr[1]}")
        finally:
            server.stop()
            thread.join()


@dataclass(frozen=True)
class Holder:
    """A person with a token and both codes, at a desk of their own.

    `here`: the helper runs in this process, which can only be where the server is in another one.
    """

    ca: LiveCa
    desk: Desk
    serial: str
    person: str
    codes: tuple[str, str]
    pin: str = PIN
    here: bool = False

    def arguments(self, *, reference: str = "", code: str = "", serial: str = "") -> list[str]:
        shutil.copy(self.ca.root, self.desk.folder / "root.pem")
        mine = serial or self.serial
        given = {"reference": reference or self.codes[0], "code": code or self.codes[1]}
        return [*self.desk.enrol_arguments(self.ca.server, serial=mine, **given), "--serial", mine]

    def told(self, words: str) -> int:
        """How many messages with these words have gone to this person's unit, where there is nobody else."""
        with self.ca.office.services.read() as uow:
            found = uow.messages.find(within=uow.holders.get(self.person).unit_code)
        return sum(words in message.letter.text for message in found)

    def at(self, server: str) -> "Holder":
        """The same holder, who goes to this address."""
        return replace(self, ca=replace(self.ca, server=server))

    def enrol(self, **changes: str) -> Result:
        return self._helper("", "enroll", *self.arguments(**changes))

    def renew(self, fate: str = "") -> Result:
        """Renew, or be struck on the way."""
        pin = ("--pin-file", self.desk.file("pin", self.pin), "--json")
        return self._helper(fate, "renew", *self.desk.ca_arguments(self.ca.server), *pin)

    def unblock(self, code: str, fate: str = "", *, new_pin: str = NEW_PIN) -> Result:
        """Set a new PIN by a release code, or be struck on the way."""
        code_file, pin = self.desk.file("release", code), self.desk.file("newer", new_pin)
        own = ("--release-code-file", code_file, "--new-pin-file", pin, "--json")
        return self._helper(fate, "unblock", *self.desk.ca_arguments(self.ca.server), *own)

    def _helper(self, fate: str, *arguments: str) -> Result:
        if fate:
            return self.desk.process(fate, *arguments, program=STRUCK)
        return self.desk.run(*arguments) if self.here else self.desk.process(*arguments)

    def listing(self, kind: str) -> str:
        return self.desk.pkcs11_tool("--login", "--pin", self.pin, "--list-objects", "--type", kind)


def equip(ca: LiveCa, folder: Path, module: str, *, person: str = "") -> Holder:
    """Initialise a token, register it, hand it over to a person, else to a new one, and give them their codes."""
    office, desk = ca.office, new_desk(folder, module)
    serial = desk.vendor_token()
    made = desk.initialise(serial)
    holder = person or office.holder(f"P{next(_NUMBERS)}")
    custody.register(office.services, office.custodian, [custody.NewMedium(serial, "SoftHSM v2")])
    sealed = sealed_so_pin(ca, desk, serial)
    key = binding_key(made)
    custody.initialise(office.services, office.custodian, serial, binding_key=key, so_pin_sealed=sealed)
    handovers.hand_over(office.services, office.custodian, serial, holder_id=holder)
    return Holder(ca, desk, serial, holder, office.codes(holder))


def sealed_so_pin(ca: LiveCa, desk: Desk, serial: str) -> bytes:
    """What `educa-token init --all` keeps of a SO PIN; the clear one is gone after it."""
    clear = desk.folder / f"{serial}.so-pin"
    reader = sealing.load_reader(so_pins.custody_key(ca.office.services, ca.office.custodian))
    sealed = sealing.seal(clear.read_text().strip(), reader=reader, info=sealing.CUSTODY_CONTEXT + serial.encode())
    clear.unlink()
    return sealed
