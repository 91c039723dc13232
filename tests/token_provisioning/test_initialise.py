"""A vendor's blank token becomes one of ours; judged by pkcs11-tool."""

import base64
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tests.token_provisioning.conftest import Scene
from tests.token_provisioning.soft_token import VENDOR_SO_PIN, Desk
from token_provisioning.raw_calls import init_token


def secret(desk: Desk, serial: str, kind: str) -> str:
    return (desk.folder / f"{serial}.{kind}").read_text().strip()


def test_the_registry_gets_serial_number_and_binding_key(desk: Desk) -> None:
    serial = desk.vendor_token()

    made = desk.initialise(serial).document

    assert made.keys() == {"serial", "label", "model", "manufacturer", "binding_public_key"}
    assert (made["serial"], made["label"], made["model"]) == (serial, "educa", "SoftHSM v2")
    key = load_der_public_key(base64.b64decode(made["binding_public_key"], validate=True))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)


def test_the_binding_key_is_on_the_token_and_never_extractable(desk: Desk) -> None:
    serial = desk.vendor_token()
    made = desk.initialise(serial).document
    out = desk.folder / "binding.spki"

    login = ("--login", "--pin", secret(desk, serial, "pin"))
    listing = desk.pkcs11_tool(*login, "--list-objects", "--type", "privkey")
    desk.pkcs11_tool("--read-object", "--type", "pubkey", "--label", "educa-binding", "-o", str(out))

    assert "educa-binding" in listing
    assert "always sensitive, never extractable, local" in listing
    assert base64.b64encode(out.read_bytes()).decode() == made["binding_public_key"]


def test_the_vendor_knows_neither_pin_any_more(desk: Desk) -> None:
    serial = desk.vendor_token()
    assert desk.initialise(serial).code == 0

    def user_login(pin: str) -> str:
        return desk.pkcs11_tool("--login", "--pin", pin, "--list-objects")

    def so_login(so_pin: str) -> str:
        act = ("--init-pin", "--new-pin", "Quince-2026")
        return desk.pkcs11_tool("--login", "--login-type", "so", "--so-pin", so_pin, *act)

    assert "CKR_PIN_INCORRECT" in user_login("000000")
    assert "CKR_" not in user_login(secret(desk, serial, "pin"))
    assert "CKR_PIN_INCORRECT" in so_login(VENDOR_SO_PIN)
    assert "CKR_" not in so_login(secret(desk, serial, "so-pin"))


def test_pin_files_are_for_the_owner_only_and_differ_between_tokens(desk: Desk) -> None:
    serials = [desk.vendor_token(), desk.vendor_token()]
    for serial in serials:
        assert desk.initialise(serial).code == 0

    files = [desk.folder / f"{serial}.{kind}" for serial in serials for kind in ("so-pin", "pin")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert len({path.read_text() for path in files}) == 4


def test_a_wrong_vendor_pin_leaves_neither_token_nor_files_changed(desk: Desk) -> None:
    serial = desk.vendor_token()

    refused = desk.initialise(serial, "--vendor-so-pin-file", desk.file("guess", "guessed"))

    assert (refused.code, "SO PIN)错误" in refused.err) == (1, True)
    assert not list(desk.folder.glob(f"{serial}*"))
    assert desk.initialise(serial).code == 0


@pytest.mark.parametrize("kind", ["so-pin", "pin"])
def test_a_file_with_pins_is_never_overwritten(desk: Desk, kind: str) -> None:
    serial = desk.vendor_token()
    desk.file(f"{serial}.{kind}", "precious")

    refused = desk.initialise(serial)

    assert (refused.code, "不会覆盖" in refused.err) == (1, True)
    assert secret(desk, serial, kind) == "precious"
    assert len(list(desk.folder.glob(f"{serial}*"))) == 1
    assert "Slot" in desk.pkcs11_tool("--list-slots")
    assert "CKR_" not in desk.pkcs11_tool("--login", "--pin", "000000", "--list-objects")


def test_an_initialised_token_is_not_erased_by_mistake(desk: Desk) -> None:
    serial = desk.vendor_token()
    first = desk.initialise(serial).document
    vendor = desk.file("so", secret(desk, serial, "so-pin"))
    aside(desk, serial)

    refused = desk.initialise(serial, "--vendor-so-pin-file", vendor)

    assert (refused.code, "--erase" in refused.err) == (1, True)
    erased = desk.initialise(serial, "--vendor-so-pin-file", vendor, "--erase").document
    assert erased["serial"] == first["serial"]
    assert erased["binding_public_key"] != first["binding_public_key"]


def test_a_token_in_use_is_not_erased_by_mistake(scene: Scene) -> None:
    assert scene.enrol().code == 0
    aside(scene.desk, scene.serial)

    refused = scene.desk.initialise(scene.serial)

    assert (refused.code, "含有证书" in refused.err) == (1, True)
    assert scene.listing("cert").count("educa-auth") == 1


@pytest.mark.parametrize("label", ["", "介" * 11])
def test_a_label_that_does_not_fit_is_a_usage_error(desk: Desk, label: str) -> None:
    assert desk.initialise(desk.vendor_token(), "--label", label).code == 2


def test_listing_says_what_state_each_token_is_in(desk: Desk) -> None:
    blank, ours = desk.vendor_token(), desk.vendor_token()
    assert desk.initialise(ours).code == 0

    listed = {token["serial"]: token for token in desk.token("list", "--json").document["tokens"]}

    assert (listed[blank]["label"], listed[blank]["pin"]["to_be_changed"]) == ("vendor", False)
    assert (listed[ours]["label"], listed[ours]["pin"]["to_be_changed"]) == ("educa", True)
    assert listed[""]["initialised"] is False  # SoftHSM always shows one free slot


def test_the_init_call_reports_what_the_module_answers(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="无法加载介质驱动"):
        init_token(tmp_path / "absent.so", 0, so_pin="12345678", label="educa")
    with pytest.raises(Exception, match="label"):
        init_token(tmp_path / "absent.so", 0, so_pin="12345678", label="介" * 11)


def aside(desk: Desk, serial: str) -> None:
    for path in desk.folder.glob(f"{serial}.*"):
        path.rename(path.with_name(f"old-{path.name}"))
