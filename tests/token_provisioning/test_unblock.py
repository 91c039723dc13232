"""PIN unblock by a release of the CA: no PIN known before, the certificate kept, no SO PIN ever lost."""

import signal
from pathlib import Path

import pkcs11
import pytest

from tests.token_provisioning.conftest import Scene
from tests.token_provisioning.contract_unblock import RELEASE_CODE
from tests.token_provisioning.soft_token import PIN, Desk, Result
from token_provisioning import acts
from token_provisioning.acts import CaAddress
from token_provisioning.cli.holder import this_computer
from token_provisioning.login import open_user
from token_provisioning.module import Module
from token_provisioning.unblocking import Wish

NEW = "Medlar-4711"


@pytest.fixture
def forgotten(scene: Scene) -> Scene:
    """A token with a certificate, whose holder has forgotten the PIN; the CA keeps its SO PIN."""
    assert scene.enrol().code == 0
    kept = scene.desk.folder / f"{scene.serial}.so-pin"
    scene.ca.unblocks.so_pins = [kept.read_text().strip()]
    kept.unlink()
    return scene


def arguments(scene: Scene, *, new: str = NEW, code: str = RELEASE_CODE) -> list[str]:
    files = ("--release-code-file", scene.desk.file("release", code), "--new-pin-file", scene.desk.file("newer", new))
    return ["unblock", *scene.desk.ca_arguments(scene.server), *files, "--json"]


def unblock(scene: Scene, **given: str) -> Result:
    return scene.desk.run(*arguments(scene, **given))


def so_login(desk: Desk, so_pin: str) -> bool:
    act = ("--login", "--login-type", "so", "--so-pin", so_pin, "--init-pin", "--new-pin", NEW)
    return "CKR_PIN_INCORRECT" not in desk.pkcs11_tool(*act)


def require_unblocked(scene: Scene) -> None:
    assert scene.ca.unblocks.state == "confirmed"
    shown = scene.desk.token("test", "--pin-file", scene.desk.file("newer", NEW), "--json").document
    assert shown["ok"] is True
    (kept,) = scene.ca.unblocks.so_pins
    assert so_login(scene.desk, kept)


def test_the_new_pin_works_and_the_certificate_is_kept(forgotten: Scene) -> None:
    before = forgotten.ca.issued[0]
    (old_so_pin,) = forgotten.ca.unblocks.so_pins

    done = unblock(forgotten)

    assert done.document == {"unblocked": True, "token_serial": forgotten.serial}
    require_unblocked(forgotten)
    assert forgotten.ca.issued == [before]
    assert not so_login(forgotten.desk, old_so_pin)
    assert "CKR_PIN_INCORRECT" in forgotten.listing("cert")  # the forgotten one


@pytest.mark.parametrize(
    "act", ["begin", "release", "unblocking._init_pin", "unblocking._set_pins", "clear_mark", "confirm"]
)
def test_killed_after_an_act_the_repeat_ends_the_same(forgotten: Scene, act: str) -> None:
    program = "tests.token_provisioning.killed_helper"
    killed = forgotten.desk.process(f"kill@{act}:1", *arguments(forgotten), program=program)
    assert killed.code == -signal.SIGKILL, killed.err
    assert any(so_login(forgotten.desk, so_pin) for so_pin in forgotten.ca.unblocks.so_pins)

    again = unblock(forgotten)

    if act == "confirm":
        assert (again.code, "解锁码已使用" in again.err) == (1, True)
    else:
        assert again.code == 0, again.err
    require_unblocked(forgotten)


@pytest.mark.parametrize("step", ["begin", "release", "confirm"])
def test_an_answer_lost_on_the_way_is_asked_for_again(forgotten: Scene, step: str) -> None:
    forgotten.ca.drop_after = f"unblocks/{step}"
    assert unblock(forgotten).code == 1
    forgotten.ca.drop_after = None

    again = unblock(forgotten)

    assert again.code == (1 if step == "confirm" else 0)
    require_unblocked(forgotten)


def test_a_thief_with_the_code_and_another_token_gets_nothing(forgotten: Scene) -> None:
    other = forgotten.desk.vendor_token()
    assert forgotten.desk.initialise(other).code == 0

    refused = forgotten.desk.run(*arguments(forgotten), "--serial", other)

    assert (refused.code, "这不是申请解锁的介质" in refused.err) == (1, True)
    assert "unblocks/release" not in forgotten.ca.calls


def test_a_thief_with_a_token_of_the_same_number_gets_nothing(forgotten: Scene) -> None:
    forgotten.ca.unblocks._binding = b"\x30\x00"

    refused = unblock(forgotten)

    assert (refused.code, "不是派发的介质" in refused.err) == (1, True)
    assert len(forgotten.ca.unblocks.so_pins) == 1


def test_a_thief_with_the_token_and_no_release_gets_nothing(forgotten: Scene) -> None:
    wrong = unblock(forgotten, code="AAAA-AAAA")
    forgotten.ca.unblocks.released = False
    early = unblock(forgotten)

    assert (wrong.code, "授权码剩余尝试次数:4" in wrong.err) == (1, True)
    assert (early.code, "尚未批准" in early.err) == (1, True)
    assert "unblocks/release" not in forgotten.ca.calls


def test_so_pins_that_the_token_does_not_take_are_said_to_be_wrong(forgotten: Scene) -> None:
    forgotten.ca.unblocks.so_pins = ["another-tokens-SO"]

    refused = unblock(forgotten)

    assert (refused.code, "SO PIN)错误" in refused.err) == (1, True)
    assert "unblocks/confirm" not in forgotten.ca.calls


@pytest.mark.parametrize(("new", "rule"), [("123456", "连续"), ("K7PM42QX", "取自"), ("short", "6 至 16")])
def test_a_weak_new_pin_is_refused_before_the_ca_is_asked(forgotten: Scene, new: str, rule: str) -> None:
    refused = unblock(forgotten, new=new)

    assert (refused.code, rule in refused.err) == (1, True)
    assert not [call for call in forgotten.ca.calls if call.startswith("unblocks")]


def test_what_was_sealed_for_another_run_is_not_opened(forgotten: Scene) -> None:
    forgotten.ca.answer_with["unblocks/release"] = (200, b'{"so_pins_sealed": ["' + b"QUJD" * 40 + b'"]}')

    refused = unblock(forgotten)

    assert (refused.code, "so_pin_sealed" in refused.err) == (1, True)


def test_a_token_that_the_centre_has_not_prepared_is_none_of_ours(forgotten: Scene) -> None:
    foreign = forgotten.desk.vendor_token()

    refused = forgotten.desk.run(*arguments(forgotten), "--serial", foreign)

    assert (refused.code, "尚未由信息中心初始化" in refused.err) == (1, True)


def test_no_pin_is_left_in_a_file(forgotten: Scene) -> None:
    assert unblock(forgotten).code == 0

    (so_pin,) = forgotten.ca.unblocks.so_pins
    written = [path for path in Path(forgotten.desk.folder).rglob("*") if path.is_file()]
    assert not [path for path in written if so_pin.encode() in path.read_bytes()]


def test_a_session_in_which_the_user_is_still_logged_in_is_closed_first(forgotten: Scene) -> None:
    ca = CaAddress(server=forgotten.server, ca_file=forgotten.desk.folder / "root.pem")
    wish = Wish(release_code=RELEASE_CODE, new_pin=NEW)

    with forgotten.desk.inside():
        module = Module(forgotten.module_path)
        token = module.choose(None)
        left_open = open_user(token, PIN)
        acts.unblock(module, token, ca, this_computer(), wish=wish, report=lambda _: None)
        with pytest.raises(pkcs11.SessionHandleInvalid):
            left_open.close()
    assert forgotten.ca.unblocks.state == "confirmed"
