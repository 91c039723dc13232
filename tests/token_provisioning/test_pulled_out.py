"""The token is pulled out of what is not a download, renewal or unblock: said each time, and the repeat ends well.

Those three: test_enrol_interrupted.py and test_trouble_with_tokens.py.
"""

import json
from typing import Any

import pytest

from tests.token_provisioning.conftest import Scene
from tests.token_provisioning.killed_helper import struck
from tests.token_provisioning.many_tokens import Box
from tests.token_provisioning.soft_token import VENDOR_SO_PIN, Desk
from tests.token_provisioning.test_refusals import require_sentence
from tests.token_provisioning.test_trouble_with_tokens import NEW, Reader
from token_provisioning import acts, holdings, initialise
from token_provisioning.journal import Journal
from token_provisioning.pkcs11_device import Pkcs11Device

_SAID = "操作过程中介质被拔出。请重新插入介质，再次运行同一命令即可继续。"


@pytest.mark.parametrize(
    ("owner", "act", "nth"),
    [
        (initialise, "require_blank", 1),
        (initialise, "init_token", 1),
        (initialise, "open_user", 1),
        (Pkcs11Device, "generate", 1),
        (Pkcs11Device, "set_mark", 1),
        (Journal, "note", 3),  # the sealed SO PIN is kept, and not yet the token's
        (initialise, "_change_so_pin", 1),
    ],
)
def test_pulled_out_of_a_box_each_is_said_to_be_gone_and_the_next_run_completes_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, owner: Any, act: str, nth: int
) -> None:
    """Software tokens lie in one folder: where one is gone, so are those behind it."""
    box, reader = Box(desk, 2), Reader(desk)
    with monkeypatch.context() as patch:
        patch.setattr(owner, act, struck(getattr(owner, act), nth, reader.pull_out))
        failed = box.fill()
    reader.put_in()
    lines = [line for line in failed.err.splitlines() if line]
    assert failed.code == 1
    assert json.loads(failed.out)["failed"] == len(lines) > 0
    assert all("操作过程中介质被拔出" in line for line in lines), failed.err
    assert box.fill().document["done"] == 2
    box.require_each_initialised_once()
    box.require_every_token_whole()


def test_pulled_out_of_a_single_initialisation_it_is_said_and_done_again_with_erase(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    serial, reader = desk.vendor_token(), Reader(desk)
    with monkeypatch.context() as patch:
        patch.setattr(Pkcs11Device, "generate", struck(Pkcs11Device.generate, 1, reader.pull_out))
        require_sentence(desk.initialise(serial), _SAID)
    reader.put_in()
    (desk.folder / f"{serial}.pin").unlink()
    assert desk.initialise(serial, "--erase").code == 0
    assert VENDOR_SO_PIN not in (desk.folder / f"{serial}.so-pin").read_text()


@pytest.mark.parametrize(
    ("command", "owner", "act"),
    [
        (("test",), holdings, "current"),
        (("show",), Pkcs11Device, "key_pairs"),
        (("change-pin", "--new-pin-file", "NEW"), acts, "open_user"),
    ],
    ids=["test", "show", "change-pin"],
)
def test_pulled_out_while_it_is_looked_at_or_its_pin_changed_it_is_said(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], owner: Any, act: str
) -> None:
    assert scene.enrol().code == 0
    reader, newer = Reader(scene.desk), scene.desk.file("newer", NEW)
    words = [newer if word == "NEW" else word for word in command]
    with monkeypatch.context() as patch:
        patch.setattr(owner, act, struck(getattr(owner, act), 1, reader.pull_out))
        require_sentence(scene.desk.token(*words, "--pin-file", scene.pin_file()), _SAID)
    reader.put_in()
    again = scene.desk.token("test", "--pin-file", scene.pin_file(), "--json")
    assert again.document["ok"] is True
