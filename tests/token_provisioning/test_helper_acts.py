"""All acts of the page on a SoftHSM token, as the page asks for them; what support gets to see of it."""

import json
from collections.abc import Iterator

import pytest

from tests.token_provisioning.conftest import Scene
from tests.token_provisioning.contract_ca import CODE, REFERENCE, number
from tests.token_provisioning.contract_unblock import RELEASE_CODE
from tests.token_provisioning.helper_client import Client, helper_at
from tests.token_provisioning.soft_token import PIN

NEXT, LAST = "Quince-9284", "Medlar-4711"


@pytest.fixture
def client(scene: Scene) -> Iterator[Client]:
    scene.ca.unblocks.so_pins = [(scene.desk.folder / f"{scene.serial}.so-pin").read_text().strip()]
    with helper_at(scene.desk, scene.server) as client:
        yield client


def first_pin(scene: Scene) -> str:
    return (scene.desk.folder / f"{scene.serial}.pin").read_text().strip()


def enrol(scene: Scene, client: Client, **changes: str) -> dict[str, object]:
    wish = {"serial": scene.serial, "reference": REFERENCE, "code": CODE, "pin": first_pin(scene), "new_pin": PIN}
    job: dict[str, object] = client.do("enrol", **(wish | changes))
    return job


def test_a_holders_whole_road(scene: Scene, client: Client) -> None:
    before = client.state()["tokens"][0]
    enrolled = enrol(scene, client)
    after = client.state()["tokens"][0]
    tested = client.do("test", serial=scene.serial, pin=PIN)
    changed = client.do("change-pin", serial=scene.serial, pin=PIN, new_pin=NEXT)
    renewed = client.do("renew", serial=scene.serial, pin=NEXT)
    unblocked = client.do("unblock", serial=scene.serial, release_code=RELEASE_CODE, new_pin=LAST)
    again = client.do("test", serial=scene.serial, pin=LAST)

    assert (before["kind"], before["first_pin"], before["certificate"]) == ("ready", True, None)
    assert (enrolled["state"], enrolled["done"], enrolled["result"]) == (
        "done",
        6,
        {"holder": "张*", "unit": "某旗第一小学"},
    )
    assert (after["kind"], after["first_pin"], after["unfinished"]) == ("enrolled", False, "")
    assert after["certificate"]["days_left"] in (1094, 1095)
    assert after["certificate"]["renewable"] is False
    assert tested["result"] == {"algorithm": "ec-p256", "safe": True}
    assert changed["state"] == "done"
    assert renewed["result"] == {"superseded": number(scene.ca.issued[0])}
    assert (unblocked["state"], unblocked["done"]) == ("done", 4)
    assert again["state"] == "done"
    shown = client.state()["tokens"][0]["certificate"]["serial"]
    assert shown == number(scene.ca.renewals.issued[0])


def test_the_log_for_support_has_steps_and_kinds_and_nothing_that_was_typed(scene: Scene, client: Client) -> None:
    enrol(scene, client, code="WRONG-CODE")
    client.do("test", serial=scene.serial, pin="wrong-pin")
    enrol(scene, client)
    client.ask("GET", "/api/state", Host="evil.example")

    log = client.ask("GET", "/api/log").body.decode()

    lines = [json.loads(line) for line in log.splitlines()]
    assert {"helper", "system", "python"} == set(lines[0])
    seen = [(line["event"], line.get("outcome") or line.get("why", "")) for line in lines[1:]]
    assert ("end", "ca-code-wrong") in seen
    assert ("end", "no-certificate") in seen or ("end", "pin-wrong") in seen
    assert ("end", "done") in seen
    assert ("refused", "host") in seen
    typed = [first_pin(scene), PIN, CODE, REFERENCE, "WRONG-CODE", "wrong-pin", client.secret, "张", "小学"]
    assert not [word for word in typed if word in log]
    kept = b"".join(path.read_bytes() for path in (scene.desk.folder / "home").rglob("*") if path.is_file())
    assert not [word for word in typed if word != REFERENCE and word.encode() in kept]


def test_a_download_that_was_broken_off_is_offered_to_go_on(scene: Scene, client: Client) -> None:
    scene.ca.drop_after = "certificate"
    broken = enrol(scene, client)
    scene.ca.drop_after = None

    assert (broken["state"], client.state()["tokens"][0]["unfinished"]) == ("failed", REFERENCE)
    ended = enrol(scene, client, pin=PIN, new_pin="")

    assert ended["state"] == "done"
    assert client.state()["tokens"][0]["unfinished"] == ""
    assert len(scene.ca.issued) == 1


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"code": "WRONG"}, "ca-code-wrong"),
        ({"new_pin": "123456"}, "pin-rule-broken"),
        ({"new_pin": CODE}, "pin-rule-broken"),
        ({"new_pin": ""}, "new-pin-needed"),
        ({"serial": "ffff"}, "wrong-token"),
    ],
)
def test_what_was_typed_wrongly_is_said(scene: Scene, client: Client, changes: dict[str, str], kind: str) -> None:
    job = enrol(scene, client, **changes)

    assert isinstance(job["problem"], dict)
    assert (job["state"], job["problem"]["kind"]) == ("failed", kind)
    assert scene.ca.issued == []


def test_somebody_elses_token_is_refused_in_the_cas_words(scene: Scene, client: Client) -> None:
    scene.ca.token_serial = "another"

    job = enrol(scene, client)

    assert job["problem"] == {"kind": "ca-wrong-token", "message": "这不是派发给您的介质。"}


@pytest.mark.parametrize(
    ("new_pin", "objection"),
    [("123456", "连续"), ("k7-Tangerine", ""), (CODE, "取自"), ("19900101", "生日"), ("old-PIN-1", "与原 PIN 相同")],
)
def test_a_new_pin_is_judged_while_it_is_typed(client: Client, new_pin: str, objection: str) -> None:
    wish = {"new_pin": new_pin, "pin": "old-PIN-1", "code": CODE}

    answer = client.ask("POST", "/api/check-pin", wish).document

    assert objection in answer["objection"]
    assert bool(answer["objection"]) == bool(objection)


def test_a_job_that_was_seen_is_forgotten_and_leaving_ends_the_helper(scene: Scene, client: Client) -> None:
    client.do("test", serial=scene.serial, pin=first_pin(scene))

    assert client.ask("POST", "/api/seen", {}).status == 200
    assert client.state()["job"] is None
    assert not client.ended.is_set()
    assert client.ask("POST", "/api/quit", {}).status == 200
    assert client.ended.is_set()
