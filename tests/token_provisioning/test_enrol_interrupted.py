"""Broken off after any act and run again with the same words: one key, one certificate, confirmed."""

import signal

import pytest

from tests.token_provisioning.authority import make_authority
from tests.token_provisioning.conftest import Scene
from tests.token_provisioning.soft_token import PIN

_ACTS = [
    "change_pin:1",
    "clear_mark:1",
    "begin:1",
    "remove_orphans:1",
    "generate:1",
    "key_attributes:1",
    "certificate:1",
    "store_certificate:1",
    "store_certificate:2",
    "store_certificate:3",
    "confirm:1",
]


def require_one_of_each(scene: Scene) -> None:
    assert scene.ca.state == "confirmed"
    assert len(scene.ca.issued) == 1
    assert scene.listing("privkey").count("educa-auth") == 1
    assert scene.listing("pubkey").count("educa-auth") == 1
    assert scene.listing("cert").count("educa-auth") == 1
    assert scene.listing("cert").count("educa-ca") == 2


@pytest.mark.parametrize("act", _ACTS)
def test_killed_after_an_act_the_repeat_ends_the_same(scene: Scene, act: str) -> None:
    killed = scene.enrol_struck(f"kill@{act}")
    assert killed.code == -signal.SIGKILL

    again = scene.enrol()

    assert again.code == 0, again.err
    require_one_of_each(scene)


@pytest.mark.parametrize("act", [act for act in _ACTS if act != "confirm:1"])  # then nothing is left to do
def test_a_token_taken_away_is_named_and_goes_on_where_it_was(scene: Scene, act: str) -> None:
    broken = scene.enrol_struck(f"unplug@{act}")
    (scene.desk.folder / "unplugged").rename(scene.desk.folder / "tokens")
    assert (broken.code, "介质被拔出" in broken.err) == (1, True), broken.err

    again = scene.enrol()

    assert again.code == 0, again.err
    require_one_of_each(scene)


@pytest.mark.parametrize("step", ["begin", "certificate", "confirm"])
def test_an_answer_lost_on_the_way_is_asked_for_again(scene: Scene, step: str) -> None:
    scene.ca.drop_after = step
    broken = scene.enrol()
    assert (broken.code, "无法连接 CA 服务器" in broken.err) == (1, True)

    scene.ca.drop_after = None
    again = scene.enrol()

    assert again.code == 0, again.err
    require_one_of_each(scene)


@pytest.mark.parametrize("lost_half", ["pubkey", "privkey"])
def test_half_a_key_pair_is_cleared_away_while_the_enrolment_is_open(scene: Scene, lost_half: str) -> None:
    leave_a_pair(scene)
    delete_half(scene, lost_half)

    again = scene.enrol()

    assert again.code == 0, again.err
    require_one_of_each(scene)


def test_once_issued_nothing_on_the_token_is_destroyed_for_want_of_the_other_half(scene: Scene) -> None:
    scene.ca.drop_after = "certificate"
    assert scene.enrol().code == 1
    scene.ca.drop_after = None
    delete_half(scene, "pubkey")

    refused = scene.enrol()

    assert refused.code == 1
    assert "介质中没有对应的密钥" in refused.err
    assert scene.listing("privkey").count("educa-auth") == 1
    assert len(scene.ca.issued) == 1


def test_a_key_of_an_earlier_enrolment_keeps_its_certificate_and_a_new_one_is_made(scene: Scene) -> None:
    first = scene.enrol().document
    earlier = scene.ca.issued.pop()
    scene.ca.state = "open"

    second = scene.enrol().document

    assert second["key"]["id"] != first["key"]["id"]
    assert earlier.public_key() != scene.ca.issued[0].public_key()
    assert first["key"]["id"] in scene.listing("cert")


def test_a_new_certificate_for_the_same_key_replaces_the_old_one(scene: Scene) -> None:
    first = scene.enrol().document
    scene.ca.issued.clear()  # the CA revoked what it signed while it died, and signs again for this key

    second = scene.enrol().document

    assert second["key"]["id"] == first["key"]["id"]
    assert second["certificate_serial"] != first["certificate_serial"]
    assert scene.listing("cert").count("educa-auth") == 1


def test_a_key_that_the_ca_knows_from_elsewhere_gives_way_to_a_new_one(scene: Scene) -> None:
    spki = leave_a_pair(scene)
    scene.ca.keys_in_use.add(spki)

    done = scene.enrol()

    assert done.code == 0, done.err
    require_one_of_each(scene)  # the key that this helper had made in vain is gone


def test_a_certificate_from_another_root_is_neither_written_nor_confirmed(scene: Scene) -> None:
    scene.ca.issuing = make_authority("外来CA")

    refused = scene.enrol()

    assert (refused.code, "证书链不能追溯" in refused.err) == (1, True)
    assert scene.listing("cert").count("educa-auth") == 0
    assert "confirm" not in scene.ca.calls


def leave_a_pair(scene: Scene) -> bytes:
    """Break an enrolment off before the CA has issued, and return the SPKI of the key left behind."""
    scene.enrol_struck("kill@key_attributes:1")
    out = scene.desk.folder / "left.spki"
    scene.desk.pkcs11_tool("--read-object", "--type", "pubkey", "--label", "educa-auth", "-o", str(out))
    return out.read_bytes()


def delete_half(scene: Scene, half: str) -> None:
    login = ("--login", "--pin", PIN)
    scene.desk.pkcs11_tool(*login, "--delete-object", "--type", half, "--label", "educa-auth")
    assert scene.listing(half).count("educa-auth") == 0
