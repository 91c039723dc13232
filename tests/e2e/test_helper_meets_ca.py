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
from pathlib import Path

import httpx
import pytest
from asn1crypto import pem
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from ca_service.app import create_console
from ca_service.config import Config, DatabaseTable
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import CertificateStatus
from ca_service.wiring import Wiring
from ca_service.workflows import custody, handovers
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service.office import Office
from tests.token_provisioning.soft_token import PIN, Desk, Result, binding_key, new_desk, own_copy

pytestmark = pytest.mark.e2e

_PROFILE = "information-administrator"
_NUMBERS = itertools.count(1)
_ACTS = ["change_pin", "begin", "generate", "certificate", "store_certificate", "confirm"]


@dataclass(frozen=True)
class RealCa:
    """The service on a database of its own, with its API over TLS."""

    office: Office
    server: str
    root: Path

    def live(self, serial: str) -> list[str]:
        """Serial numbers of the certificates on a token that are not revoked."""
        with self.office.services.read() as uow:
            found = uow.certificates.find(profile=_PROFILE, medium_serial=serial)
        return [one.serial for one in found if one.status is not CertificateStatus.REVOKED]

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
    service = founded.service.model_copy(update={"documents": folder / "documents", "outbox": folder / "outbox"})
    database = DatabaseTable(url=f"sqlite:///{folder / 'educa.db'}")
    config = founded.model_copy(update={"database": database, "service": service})
    wiring = Wiring(config)
    # The founding's own file is overwritten by a second founding in this process.
    (folder / "root.pem").write_bytes(pem.armor("CERTIFICATE", wiring.ca_certificates()["root"]))
    server = Server(("127.0.0.1", 0), create_console(wiring), numthreads=4, shutdown_timeout=1)
    certificate, key = config.path(service.tls_certificate), config.path(service.tls_key)
    server.ssl_adapter = BuiltinSSLAdapter(str(certificate), str(key))
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield RealCa(Office(wiring.services), f"https://127.0.0.1:{server.bind_addr[1]}", folder / "root.pem")
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
    codes: tuple[str, str]

    def arguments(self, *, reference: str = "", code: str = "", serial: str = "") -> list[str]:
        shutil.copy(self.ca.root, self.desk.folder / "root.pem")
        mine = serial or self.serial
        given = {"reference": reference or self.codes[0], "code": code or self.codes[1]}
        return [*self.desk.enrol_arguments(self.ca.server, serial=mine, **given), "--serial", mine]

    def enrol(self, **changes: str) -> Result:
        return self.desk.process("enroll", *self.arguments(**changes))

    def listing(self, kind: str) -> str:
        return self.desk.pkcs11_tool("--login", "--pin", PIN, "--list-objects", "--type", kind)


def equip(ca: RealCa, folder: Path, module: str) -> Holder:
    """Initialise a token, register it, hand it over to a new person, and give them their codes."""
    office, desk = ca.office, new_desk(folder, module)
    serial = desk.vendor_token()
    made = desk.initialise(serial)
    holder = office.holder(f"P{next(_NUMBERS)}")
    custody.register(office.services, office.custodian, [custody.NewMedium(serial, "SoftHSM v2")])
    custody.initialise(office.services, office.custodian, serial, binding_key=binding_key(made))
    handovers.hand_over(office.services, office.custodian, serial, holder_id=holder)
    return Holder(ca, desk, serial, office.codes(holder))


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> str:
    return own_copy(tmp_path_factory.mktemp("module"))


@pytest.fixture
def holder(ca: RealCa, tmp_path: Path, module: str) -> Holder:
    return equip(ca, tmp_path, module)


@pytest.mark.parametrize("act", _ACTS)
def test_killed_at_an_act_and_repeated_there_is_one_certificate_on_all_three_sides(holder: Holder, act: str) -> None:
    program = "tests.token_provisioning.killed_helper"
    killed = holder.desk.process(f"kill@{act}:1", "enroll", *holder.arguments(), program=program)
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

    own = ("--pin-file", holder.desk.file("pin", PIN))
    refused = holder.desk.process("renew", *holder.desk.ca_arguments(holder.ca.server), *own)

    assert refused.code == 1
    assert not [words for words in ("服务器身份验证", "无法连接", "Traceback") if words in refused.err], refused.err
    assert holder.ca.live(holder.serial) == [serial]


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
