"""The helper on SoftHSM tokens against the real CA over TLS: killed at every act, and in the hands of a thief.

Judged from all three sides: the objects on the token, the rows in the database, the entries of the CRL.
"""

import base64
import hashlib
import json
import signal
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from ca_service.config import Config
from ca_service.domain.media import MediumStatus
from ca_service.workflows import incidents
from tests.e2e.holders import NEW_PIN, STRUCK, Holder, LiveCa, equip, live_ca
from tests.token_provisioning.soft_token import own_copy

pytestmark = pytest.mark.e2e

_RENEWING = ["begin", "certificate", "store_certificate", "confirm", "remove_certificate"]
_UNBLOCKING = ["begin", "release", "unblocking._init_pin", "unblocking._set_pins", "confirm"]
_MISUSED, _BROUGHT = "但所用的不是派发给您的介质", "有人持他人的下载码在您的介质上"
_ACTS = ["change_pin", "begin", "generate", "certificate", "store_certificate", "confirm"]


@pytest.fixture(scope="module")
def ca(founded: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCa]:
    with live_ca(founded, tmp_path_factory.mktemp("real-ca")) as ca:
        yield ca


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> str:
    return own_copy(tmp_path_factory.mktemp("module"))


@pytest.fixture
def holder(ca: LiveCa, tmp_path: Path, module: str) -> Holder:
    return equip(ca, tmp_path, module)


@pytest.mark.parametrize("act", _ACTS)
def test_killed_at_an_act_and_repeated_there_is_one_certificate_on_all_three_sides(holder: Holder, act: str) -> None:
    killed = holder.desk.process(f"kill@{act}:1", "enroll", *holder.arguments(), program=STRUCK)
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
    killed = new.desk.process("kill@certificate:1", "replace", *new.arguments(), program=STRUCK)
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
    assert (holder.told(_MISUSED), holder.told(_BROUGHT)) == (2, 0)
    assert holder.ca.live(thief.serial) == []
    assert thief.listing("privkey").count("educa-auth") == 0
    assert holder.enrol().code == 0  # the codes are not used up


def test_a_thief_with_stolen_codes_and_a_key_in_software(holder: Holder) -> None:
    with httpx.Client(base_url=holder.ca.server, verify=ssl.create_default_context(cafile=holder.ca.root)) as thief:
        key = ec.generate_private_key(ec.SECP256R1())
        answer = forged(thief, holder, key)

    assert (answer["status"], answer["kind"]) == (403, "binding-invalid")
    assert holder.ca.refusals()[-1] == "binding-invalid"
    assert holder.told(_MISUSED) == 2
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
    assert holder.ca.refusals()[-1] == "binding-invalid"
    assert holder.told(_MISUSED) == 2
    assert len(holder.ca.live(holder.serial)) == 1


def test_a_thief_with_another_persons_token_and_codes_of_the_thiefs_own(
    holder: Holder, tmp_path: Path, module: str
) -> None:
    (tmp_path / "thief").mkdir()
    thief = equip(holder.ca, tmp_path / "thief", module)

    refused = holder.enrol(reference=thief.codes[0], code=thief.codes[1])

    assert (refused.code, "不是派发给您的" in refused.err) == (1, True)
    assert holder.ca.refusals()[-1] == "wrong-token"
    assert holder.told(_BROUGHT) == 1
    assert holder.ca.live(holder.serial) == []
