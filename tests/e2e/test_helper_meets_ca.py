"""The helper on SoftHSM tokens against the real CA over TLS: killed at every act, and in the hands of a thief.

Judged from all three sides: the objects on the token, the rows in the database, the entries of the CRL.
"""

import base64
import hashlib
import itertools
import json
import shutil
import signal
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from ca_service import servers
from ca_service.config import Config, DatabaseTable
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import ENDED
from ca_service.domain.media import MediumStatus
from ca_service.wiring import Wiring
from ca_service.workflows import custody, handovers, incidents, so_pins
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service import conftest as ca_fixtures
from tests.ca_service.office import Office
from tests.token_provisioning.soft_token import PIN, Desk, Result, binding_key, new_desk, own_copy
from token_provisioning import sealing

pytestmark = pytest.mark.e2e

_PROFILE = "information-administrator"
_NUMBERS = itertools.count(1)
_STRUCK = "tests.token_provisioning.killed_helper"
_RENEWING = ["begin", "certificate", "store_certificate", "confirm", "remove_certificate"]
_UNBLOCKING = ["begin", "release", "unblocking._init_pin", "unblocking._set_pins", "confirm"]
NEW_PIN = "Medlar-4711"
_ACTS = ["change_pin", "begin", "generate", "certificate", "store_certificate", "confirm"]


@dataclass(frozen=True)
class RealCa:
    """The service on a database of its own, with its API over TLS."""

    office: Office
    server: str
    root: Path
    clock: ca_fixtures.TestClock

    def live(self, serial: str) -> list[str]:
        """Serial numbers of the certificates on a token that are not revoked."""
        with self.office.services.read() as uow:
            found = uow.certificates.find(profile=_PROFILE, medium_serial=serial)
        return [one.serial for one in found if one.status not in ENDED]

    def certificate(self, serial: str) -> bytes:
        """The certificate on a token, which is no secret."""
        with self.office.services.read() as uow:
            (found,) = uow.certificates.find(profile=_PROFILE, medium_serial=serial)
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


@pytest.fixture(scope="module")
def ca(founded: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCa]:
    folder = tmp_path_factory.mktemp("real-ca")
    shutil.copy(founded.path(Path("educa.db")), folder / "educa.db")
    service = founded.service.model_copy(
        update={"documents": folder / "documents", "outbox": folder / "outbox", "console": "127.0.0.1:0"}
    )
    database = DatabaseTable(url=f"sqlite:///{folder / 'educa.db'}")
    config = founded.model_copy(update={"database": database, "service": service})
    clock = ca_fixtures.TestClock()
    wiring = Wiring(config, clock=clock)
    # The founding's own file is overwritten by a second founding in this process.
    (folder / "root.pem").write_bytes(pem.armor("CERTIFICATE", wiring.ca_certificates()["root"]))
    server = servers.console_server(wiring)
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        address = f"https://127.0.0.1:{server.bind_addr[1]}"
        yield RealCa(Office(wiring.services), address, folder / "root.pem", clock)
    finally:
        server.stop()
        thread.join()
        wiring.root_sessions.drop()
        wiring.issuing_sessions.drop()
        wiring.database.engine.dispose()


@dataclass(frozen=True)
class Holder:
    """A person with a token and both codes, at a desk of their own."""

    ca: RealCa
    desk: Desk
    serial: str
    person: str
    codes: tuple[str, str]

    def arguments(self, *, reference: str = "", code: str = "", serial: str = "") -> list[str]:
        shutil.copy(self.ca.root, self.desk.folder / "root.pem")
        mine = serial or self.serial
        given = {"reference": reference or self.codes[0], "code": code or self.codes[1]}
        return [*self.desk.enrol_arguments(self.ca.server, serial=mine, **given), "--serial", mine]

    def enrol(self, **changes: str) -> Result:
        return self.desk.process("enroll", *self.arguments(**changes))

    def renew(self, fate: str = "") -> Result:
        """Renew, or be struck on the way."""
        own = ("--pin-file", self.desk.file("pin", PIN), "--json")
        arguments = ("renew", *self.desk.ca_arguments(self.ca.server), *own)
        return self.desk.process(fate, *arguments, program=_STRUCK) if fate else self.desk.process(*arguments)

    def unblock(self, code: str, fate: str = "") -> Result:
        """Set NEW_PIN by a release code, or be struck on the way."""
        code_file, pin = self.desk.file("release", code), self.desk.file("newer", NEW_PIN)
        own = ("--release-code-file", code_file, "--new-pin-file", pin, "--json")
        arguments = ("unblock", *self.desk.ca_arguments(self.ca.server), *own)
        return self.desk.process(fate, *arguments, program=_STRUCK) if fate else self.desk.process(*arguments)

    def listing(self, kind: str) -> str:
        return self.desk.pkcs11_tool("--login", "--pin", PIN, "--list-objects", "--type", kind)


def equip(ca: RealCa, folder: Path, module: str, *, person: str = "") -> Holder:
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


def sealed_so_pin(ca: RealCa, desk: Desk, serial: str) -> bytes:
    """What `educa-token init --all` keeps of a SO PIN; the clear one is gone after it."""
    clear = desk.folder / f"{serial}.so-pin"
    reader = sealing.load_reader(so_pins.custody_key(ca.office.services, ca.office.custodian))
    sealed = sealing.seal(clear.read_text().strip(), reader=reader, info=sealing.CUSTODY_CONTEXT + serial.encode())
    clear.unlink()
    return sealed


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> str:
    return own_copy(tmp_path_factory.mktemp("module"))


@pytest.fixture
def holder(ca: RealCa, tmp_path: Path, module: str) -> Holder:
    return equip(ca, tmp_path, module)


@pytest.mark.parametrize("act", _ACTS)
def test_killed_at_an_act_and_repeated_there_is_one_certificate_on_all_three_sides(holder: Holder, act: str) -> None:
    killed = holder.desk.process(f"kill@{act}:1", "enroll", *holder.arguments(), program=_STRUCK)
    assert killed.code == -signal.SIGKILL, killed.err

    ended = holder.enrol().document

    assert ended["state"] == "confirmed"
    assert holder.ca.live(holder.serial) == [ended["certificate_serial"]]
    assert ended["certificate_serial"] not in holder.ca.revoked_in_the_crl()
    for kind in ("privkey", "pubkey", "cert"):
        assert holder.listing(kind).count("educa-auth") == 1, kind
    assert ended["key"]["id"] in holder.listing("cert")


def test_a_renewal_long_before_its_time_trusts_the_real_server_and_changes_nothing(holder: Holder) -> None:
    serial = holder.enrol().document["certificate_serial"]

    refused = holder.renew()

    assert (refused.code, "起可以更新" in refused.err) == (1, True), refused.err
    assert holder.ca.live(holder.serial) == [serial]


@pytest.mark.parametrize("act", _RENEWING)
def test_a_renewal_killed_at_an_act_and_repeated_leaves_the_new_certificate_alone(holder: Holder, act: str) -> None:
    old = holder.enrol().document["certificate_serial"]
    holder.ca.nearly_expired(old)
    killed = holder.renew(f"kill@{act}:1")
    assert killed.code == -signal.SIGKILL, killed.err
    if act in ("begin", "certificate", "store_certificate"):
        assert old not in holder.ca.revoked_in_the_crl()

    ended = holder.renew().document

    assert (ended["state"], ended["superseded"]) == ("confirmed", old)
    assert holder.ca.live(holder.serial) == [ended["certificate_serial"]]
    assert old in holder.ca.revoked_in_the_crl()
    for kind in ("privkey", "pubkey", "cert"):
        assert holder.listing(kind).count("educa-auth") == 1, kind
    assert ended["key"]["id"] in holder.listing("cert")


def test_a_lost_token_is_replaced_and_its_certificate_revoked_first(
    holder: Holder, tmp_path: Path, module: str
) -> None:
    old = holder.enrol().document["certificate_serial"]
    incidents.report_lost(holder.ca.office.services, holder.ca.office.custodian, holder.serial, reason="x")
    (tmp_path / "new").mkdir()
    new = equip(holder.ca, tmp_path / "new", module, person=holder.person)
    assert old in holder.ca.revoked_in_the_crl()
    killed = new.desk.process("kill@certificate:1", "replace", *new.arguments(), program=_STRUCK)
    assert killed.code == -signal.SIGKILL, killed.err

    ended = new.desk.process("replace", *new.arguments()).document

    assert ended["state"] == "confirmed"
    assert (holder.ca.live(holder.serial), holder.ca.live(new.serial)) == ([], [ended["certificate_serial"]])
    assert ended["certificate_serial"] not in holder.ca.revoked_in_the_crl()
    assert holder.renew().code == 1  # whoever found the old token


@pytest.mark.parametrize("act", _UNBLOCKING)
def test_an_unblock_killed_at_an_act_and_repeated_sets_the_pin_and_keeps_the_certificate(
    holder: Holder, act: str
) -> None:
    serial = holder.enrol().document["certificate_serial"]
    office = holder.ca.office
    incidents.report_locked(office.services, office.custodian, holder.serial)
    code = office.released(holder.person)
    killed = holder.unblock(code, f"kill@{act}:1")
    assert killed.code == -signal.SIGKILL, killed.err

    again = holder.unblock(code)

    if act == "confirm":
        assert (again.code, "解锁码已使用" in again.err) == (1, True)
    else:
        assert again.document == {"unblocked": True, "token_serial": holder.serial}
    with office.services.read() as uow:
        assert uow.so_pins.count(serial=holder.serial) == 1
        assert uow.media.get(holder.serial).status is MediumStatus.IN_USE
    assert holder.ca.live(holder.serial) == [serial]
    assert serial not in holder.ca.revoked_in_the_crl()
    tested = holder.desk.token("test", "--pin-file", holder.desk.file("newer", NEW_PIN), "--json").document
    assert tested["certificate_serial"] == serial
    assert "CKR_PIN_INCORRECT" in holder.listing("cert")  # the forgotten PIN


def test_a_first_download_is_no_replacement(holder: Holder) -> None:
    refused = holder.desk.process("replace", *holder.arguments())
    assert (refused.code, "补办须先吊销旧证书" in refused.err) == (1, True)


def test_a_thief_with_stolen_codes_and_a_token_of_the_thiefs_own(holder: Holder, tmp_path: Path, module: str) -> None:
    (tmp_path / "thief").mkdir()
    thief = equip(holder.ca, tmp_path / "thief", module)

    refused = thief.enrol(reference=holder.codes[0], code=holder.codes[1])

    assert (refused.code, "不是派发给您的" in refused.err) == (1, True)
    assert holder.ca.refusals()[-1] == "wrong-token"
    assert holder.ca.live(thief.serial) == []
    assert thief.listing("privkey").count("educa-auth") == 0
    assert holder.enrol().code == 0  # the codes are not used up


def test_a_thief_with_stolen_codes_and_a_key_in_software(holder: Holder) -> None:
    with httpx.Client(base_url=holder.ca.server, verify=ssl.create_default_context(cafile=holder.ca.root)) as thief:
        key = ec.generate_private_key(ec.SECP256R1())
        answer = forged(thief, holder, key)

    assert (answer["status"], answer["kind"]) == (403, "binding-invalid")
    assert holder.ca.refusals()[-1] == "binding-invalid"
    assert holder.ca.live(holder.serial) == []
    assert holder.enrol().code == 0


def forged(thief: httpx.Client, holder: Holder, key: ec.EllipticCurvePrivateKey) -> dict[str, object]:
    """Ask for a certificate in the name of the token, the binding signature made by a key of the thief's own."""
    codes = {"reference_number": holder.codes[0], "authorisation_code": holder.codes[1]}
    begun = thief.post("/api/v1/enrolments/begin", json={**codes, "token_serial": holder.serial}).json()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    built = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    csr = built.public_bytes(Encoding.DER)
    bound = b"educa-enrolment-v1\0" + base64.b64decode(begun["nonce"]) + hashlib.sha256(csr).digest()
    signature = key.sign(bound, ec.ECDSA(hashes.SHA256()))
    body = {"session": begun["session"], "csr": encode(csr), "binding_signature": encode(signature)}
    answer: dict[str, object] = thief.post("/api/v1/enrolments/certificate", json=body).json()
    return answer


def encode(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def test_without_the_certificate_in_tls_nobody_renews(holder: Holder) -> None:
    holder.ca.nearly_expired(holder.enrol().document["certificate_serial"])
    with httpx.Client(base_url=holder.ca.server, verify=ssl.create_default_context(cafile=holder.ca.root)) as thief:
        pem = x509.load_der_x509_certificate(holder.ca.certificate(holder.serial)).public_bytes(Encoding.PEM)
        shown = {"X-Client-Certificate": quote(pem.decode()), "Ssl-Client-Verify": "SUCCESS"}
        body = {"token_serial": holder.serial}
        answer = thief.post("/api/v1/renewals/begin", json=body, headers=shown)

    assert (answer.status_code, answer.json()["kind"]) == (401, "unauthenticated")


def test_a_thief_who_replays_what_was_overheard(holder: Holder, tmp_path: Path) -> None:
    overheard = tmp_path / "overheard.json"
    listening = "tests.token_provisioning.overheard_helper"
    assert holder.desk.process(str(overheard), "enroll", *holder.arguments(), program=listening).code == 0
    certificate = next(body for path, body in json.loads(overheard.read_text()) if path.endswith("/certificate"))

    with httpx.Client(base_url=holder.ca.server, verify=ssl.create_default_context(cafile=holder.ca.root)) as thief:
        codes = {"reference_number": holder.codes[0], "authorisation_code": holder.codes[1]}
        begun = thief.post("/api/v1/enrolments/begin", json={**codes, "token_serial": holder.serial}).json()
        replayed = thief.post("/api/v1/enrolments/certificate", json={**certificate, "session": begun["session"]})

    assert (replayed.status_code, replayed.json()["kind"]) == (403, "binding-invalid")
    assert len(holder.ca.live(holder.serial)) == 1


def test_a_thief_with_another_persons_token_and_codes_of_the_thiefs_own(
    holder: Holder, tmp_path: Path, module: str
) -> None:
    (tmp_path / "thief").mkdir()
    thief = equip(holder.ca, tmp_path / "thief", module)

    refused = holder.enrol(reference=thief.codes[0], code=thief.codes[1])

    assert (refused.code, "不是派发给您的" in refused.err) == (1, True)
    assert holder.ca.live(holder.serial) == []
