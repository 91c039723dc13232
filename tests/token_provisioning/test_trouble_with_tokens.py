"""Trouble with a real token: each has a message of its own, and afterwards the same act ends well.

SoftHSM; where it never does what is wanted (full, locked, an empty reader, slow) one function of its module is bent.
Two tokens, none, somebody else's and one that the centre has not prepared: test_refusals.py.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.token_provisioning.between import (
    CKF_TOKEN_PRESENT,
    CKF_USER_PIN_FINAL_TRY,
    CKF_USER_PIN_LOCKED,
    CKR_DEVICE_MEMORY,
    CKR_OK,
    CKR_PIN_LOCKED,
    Real,
    between,
    flags_of,
    number_at,
)
from tests.token_provisioning.conftest import Scene
from tests.token_provisioning.contract_ca import CODE, REFERENCE, number
from tests.token_provisioning.contract_unblock import RELEASE_CODE
from tests.token_provisioning.helper_client import Client, helper_at
from tests.token_provisioning.killed_helper import struck
from tests.token_provisioning.soft_token import PIN, Desk
from tests.token_provisioning.test_refusals import require_sentence
from token_provisioning import unblocking
from token_provisioning.http_client import HttpRenewalClient, HttpUnblockClient
from token_provisioning.patience import SLOW_TEXT
from token_provisioning.pkcs11_device import Pkcs11Device

NEW = "Medlar-4711"


@pytest.fixture
def enrolled(scene: Scene) -> Scene:
    assert scene.enrol().code == 0
    scene.ca.unblocks.so_pins = [(scene.desk.folder / f"{scene.serial}.so-pin").read_text().strip()]
    return scene


class Reader:
    """The reader at a desk, out of which the token is pulled and into which it is put again."""

    def __init__(self, desk: Desk) -> None:
        self._token, self._gone = desk.folder / "tokens", desk.folder / "unplugged"

    def pull_out(self) -> None:
        self._token.rename(self._gone)

    def put_in(self) -> None:
        self._gone.rename(self._token)


# ---- pulled out


@pytest.mark.parametrize(
    ("owner", "act"),
    [
        *((HttpRenewalClient, step) for step in ("begin", "certificate", "confirm")),
        *((Pkcs11Device, step) for step in ("generate", "store_certificate", "remove_pair")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_pulled_out_of_a_renewal_it_is_said_and_the_next_one_goes_on(
    enrolled: Scene, monkeypatch: pytest.MonkeyPatch, owner: type, act: str
) -> None:
    reader = Reader(enrolled.desk)
    with monkeypatch.context() as patch:
        patch.setattr(owner, act, struck(getattr(owner, act), 1, reader.pull_out))
        require_sentence(enrolled.own("renew"), "操作过程中介质被拔出。请重新插入介质，再次运行同一命令即可继续。")
    reader.put_in()

    assert enrolled.own("renew").code == 0
    assert len(enrolled.ca.renewals.issued) == 1
    for kind in ("privkey", "pubkey", "cert"):
        assert enrolled.listing(kind).count("educa-auth") == 1, kind
    assert enrolled.show()["certificate_serial"] == number(enrolled.ca.renewals.issued[0])


@pytest.mark.parametrize(
    ("owner", "act"),
    [
        (HttpUnblockClient, "begin"),
        (HttpUnblockClient, "release"),
        (unblocking, "_init_pin"),
        (unblocking, "_set_pins"),
    ],
)
def test_pulled_out_of_an_unblock_it_is_said_and_the_next_one_goes_on(
    enrolled: Scene, monkeypatch: pytest.MonkeyPatch, owner: Any, act: str
) -> None:
    reader = Reader(enrolled.desk)
    code, newer = enrolled.desk.file("release", RELEASE_CODE), enrolled.desk.file("newer", NEW)
    files = ("--release-code-file", code, "--new-pin-file", newer)
    command = ("unblock", *enrolled.desk.ca_arguments(enrolled.server), *files)
    with monkeypatch.context() as patch:
        patch.setattr(owner, act, struck(getattr(owner, act), 1, reader.pull_out))
        require_sentence(enrolled.desk.run(*command), "操作过程中介质被拔出")
    reader.put_in()

    assert enrolled.desk.run(*command).code == 0
    tested = enrolled.desk.token("test", "--pin-file", enrolled.desk.file("newer", NEW), "--json")
    assert tested.document["ok"] is True


# ---- full


def full_from(nth: int) -> Any:
    """Room for so many objects but one."""
    calls = 0

    def create(real: Real, *arguments: int) -> int:
        nonlocal calls
        calls += 1
        return CKR_DEVICE_MEMORY if calls >= nth else real(*arguments)

    return create


def test_a_token_without_room_for_the_certificate_is_said_to_be_full(scene: Scene) -> None:
    with between(scene.desk.module, "C_CreateObject", full_from(1)):
        require_sentence(scene.enrol(), "介质空间不足，无法写入。请联系管理部门更换或清理介质。")
    assert scene.ca.state == "issued"

    assert scene.enrol().code == 0
    assert len(scene.ca.issued) == 1


def test_a_token_without_room_for_a_key_is_said_to_be_full_and_nothing_is_issued(scene: Scene) -> None:
    with between(scene.desk.module, "C_GenerateKeyPair", lambda *_: CKR_DEVICE_MEMORY):
        require_sentence(scene.enrol(), "介质空间不足")

    assert scene.ca.issued == []


def test_where_there_is_room_for_the_certificate_alone_its_chain_is_left_out(scene: Scene) -> None:
    with between(scene.desk.module, "C_CreateObject", full_from(2)):
        assert scene.enrol().code == 0

    assert scene.listing("cert").count("educa-auth") == 1
    assert scene.listing("cert").count("educa-ca") == 0


# ---- locked, and before


def with_flag(flag: int) -> Any:
    def describe(real: Real, slot: int, info: int) -> int:
        result = real(slot, info)
        flags_of(info).value |= flag
        return result

    return describe


@pytest.mark.parametrize(
    ("flag", "sentence"),
    [
        (CKF_USER_PIN_LOCKED, "PIN 已锁定。请联系管理部门办理解锁。"),
        (CKF_USER_PIN_FINAL_TRY, "PIN 只剩最后一次尝试机会，未执行。"),
    ],
    ids=["locked", "last try"],
)
def test_a_pin_that_would_lock_or_is_locked_is_not_sent(enrolled: Scene, flag: int, sentence: str) -> None:
    logins: list[int] = []

    def log_in(real: Real, *given: int) -> int:
        logins.append(1)
        return real(*given)

    with (
        between(enrolled.desk.module, "C_GetTokenInfo", with_flag(flag)),
        between(enrolled.desk.module, "C_Login", log_in),
    ):
        require_sentence(enrolled.own("renew"), sentence)

    assert logins == []


def test_a_token_that_says_only_at_the_login_that_it_is_locked(enrolled: Scene) -> None:
    with between(enrolled.desk.module, "C_Login", lambda *_: CKR_PIN_LOCKED):
        require_sentence(enrolled.own("renew"), "PIN 已锁定。请联系管理部门办理解锁。")


# ---- an empty reader


@contextmanager
def empty_reader(module: str) -> Iterator[None]:
    def slots(real: Real, present: int | None, found: int, count: int) -> int:
        if present:
            number_at(count).value = 0
            return CKR_OK
        return real(present, found, count)

    def slot(real: Real, number: int, info: int) -> int:
        result = real(number, info)
        flags_of(info).value &= ~CKF_TOKEN_PRESENT
        return result

    with between(module, "C_GetSlotList", slots), between(module, "C_GetSlotInfo", slot):
        yield


def test_an_empty_reader_is_another_thing_than_no_reader(enrolled: Scene) -> None:
    with empty_reader(enrolled.desk.module):
        refused = enrolled.own("renew")

    require_sentence(refused, "中没有介质。请把介质插到底，指示灯亮后重试。")
    assert "读卡器(SoftHSM slot" in refused.err


# ---- slow


@pytest.fixture
def client(scene: Scene) -> Iterator[Client]:
    with helper_at(scene.desk, scene.server) as client:
        yield client


def test_a_slow_token_is_said_to_be_slow_and_then_all_is_done(scene: Scene, client: Client) -> None:
    go_on = threading.Event()

    def slowly(real: Real, *arguments: int) -> int:
        go_on.wait(60)
        return real(*arguments)

    first = (scene.desk.folder / f"{scene.serial}.pin").read_text().strip()
    wish = {"serial": scene.serial, "reference": REFERENCE, "code": CODE, "pin": first, "new_pin": PIN}
    with between(scene.desk.module, "C_GenerateKeyPair", slowly):
        assert client.ask("POST", "/api/enrol", wish).status == 202
        told = _told(client)
        go_on.set()
        client.desk.wait(60)

    assert told == SLOW_TEXT
    assert client.state()["job"]["state"] == "done"


def _told(client: Client) -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if slow := client.state()["job"]["slow"]:
            return str(slow)
        time.sleep(0.1)
    return ""
