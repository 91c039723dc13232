"""The whole way on a SoftHSM token, judged by pkcs11-tool and openssl; the CA is the contract CA."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.token_provisioning.conftest import Scene


@pytest.mark.parametrize("algorithm", ["ec-p256", "rsa-2048"])
def test_enrolment_ends_with_a_confirmed_certificate_beside_its_key(scene: Scene, algorithm: str) -> None:
    scene.ca.key_algorithm = algorithm

    done = scene.enrol().document

    assert scene.ca.state == "confirmed"
    assert done["state"] == "confirmed"
    assert done["certificate_serial"] == f"{scene.ca.issued[0].serial_number:x}"
    assert done["key"]["algorithm"] == algorithm
    key_id = done["key"]["id"]
    assert key_id in scene.listing("privkey")
    assert key_id in scene.listing("cert")


def test_the_key_made_for_the_certificate_can_never_leave_the_token(scene: Scene) -> None:
    assert scene.enrol().code == 0

    listing = scene.listing("privkey")

    assert listing.count("educa-auth") == 1
    assert listing.count("always sensitive, never extractable, local") == 2  # binding and authentication


def test_the_certificate_on_the_token_is_the_one_issued(scene: Scene) -> None:
    key_id = scene.enrol().document["key"]["id"]
    out = scene.desk.folder / "read.der"

    scene.desk.pkcs11_tool("--read-object", "--type", "cert", "--id", key_id, "-o", str(out))

    assert out.read_bytes() == scene.ca.issued[0].public_bytes(Encoding.DER)


@pytest.mark.parametrize("algorithm", ["ec-p256", "rsa-2048"])
def test_openssl_verifies_the_request_signed_by_the_token(scene: Scene, algorithm: str) -> None:
    scene.ca.key_algorithm = algorithm
    assert scene.enrol().code == 0
    path: Path = scene.desk.folder / "csr.der"
    path.write_bytes(scene.ca.csrs[0])

    command = ["openssl", "req", "-inform", "DER", "-in", str(path), "-noout", "-verify"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "OK" in done.stdout + done.stderr


def test_a_repeat_after_success_keeps_the_key_and_the_certificate(scene: Scene) -> None:
    first, second = scene.enrol().document, scene.enrol().document

    assert second["key"]["id"] == first["key"]["id"]
    assert second["certificate_serial"] == first["certificate_serial"]
    assert len(scene.ca.issued) == 1
    assert scene.listing("privkey").count("educa-auth") == 1
    assert scene.listing("cert").count("educa-auth") == 1


def test_the_first_pin_is_replaced_by_the_new_one(scene: Scene) -> None:
    first_pin = (scene.desk.folder / f"{scene.serial}.pin").read_text().strip()
    before = scene.desk.token("list", "--json").document["tokens"][0]["pin"]["to_be_changed"]

    assert scene.enrol().code == 0

    after = scene.desk.token("list", "--json").document["tokens"][0]
    assert (before, after["pin"]["to_be_changed"], after["certificate"]) == (True, False, True)
    refused = scene.desk.pkcs11_tool("--login", "--pin", first_pin, "--list-objects")
    assert "CKR_PIN_INCORRECT" in refused


def test_without_a_new_pin_the_first_pin_is_not_used(scene: Scene) -> None:
    arguments = scene.arguments()
    at = arguments.index("--new-pin-file")

    refused = scene.desk.run("enroll", *arguments[:at], *arguments[at + 2 :])

    assert refused.code == 1
    assert "首次使用必须修改 PIN" in refused.err
    assert scene.ca.calls == []


def test_show_and_test_work_with_the_enrolled_token(scene: Scene) -> None:
    serial = scene.enrol().document["certificate_serial"]

    shown = scene.desk.token("show", "--pin-file", scene.pin_file(), "--json").document
    tested = scene.desk.token("test", "--pin-file", scene.pin_file(), "--json").document

    assert shown["certificate_serial"] == serial
    assert shown["days_left"] in {1094, 1095}
    assert shown["key"]["never_extractable"] is True
    assert tested == {"ok": True, "token_serial": scene.serial, "certificate_serial": serial}


def test_the_holder_is_told_that_the_certificate_is_theirs_alone(scene: Scene) -> None:
    arguments = [a for a in scene.arguments() if a != "--json"]

    done = scene.desk.run("enroll", *arguments)

    assert "仅限本人使用" in done.out
    assert "张*" in done.out
    assert done.err == ""
