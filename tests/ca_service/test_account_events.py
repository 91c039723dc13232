"""The account feed as a relying system asks for it: who may, what a page says, and what it never says."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ca_service.app import create_console
from ca_service.config import Config
from ca_service.domain import errors
from ca_service.domain.audit import Tag
from ca_service.domain.changes import FIRST_KINDS, AccountEvent, AccountEventKind, ChangeKind
from ca_service.domain.roles import Role
from ca_service.periodic import FEED_SIGNER, renew_signer
from ca_service.secret_files import read_secret
from ca_service.wiring import Wiring
from ca_service.workflows.account_events import signed_page
from ca_service.workflows.infrastructure import signers
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import CONTACT, Office, actor

_URL = "/api/v1/account-events"


@pytest.fixture
def client(wiring: Wiring) -> FlaskClient:
    return create_console(wiring).test_client()


def _ask(client: FlaskClient, config: Config, query: str = "") -> TestResponse:
    token = read_secret(config.path(config.relying.systems["teacher-registry"]))
    return client.get(f"{_URL}{query}", headers={"Authorization": f"Bearer {token}"})


def _payload(page: bytes) -> Mapping[str, Any]:
    part = page.split(b".")[1]
    payload: Mapping[str, Any] = json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    return payload


def _happened(office: Office, *kinds: ChangeKind) -> str:
    holder = office.holder()
    with office.services.begin() as uow:
        for number, kind in enumerate(kinds):
            event = AccountEvent(
                0, AccountEventKind(kind), holder, office.school, office.services.clock(), f"C{number}"
            )
            uow.add_account_event(event)
    return holder


def test_pages_follow_each_other_without_gap_to_the_head(client: FlaskClient, config: Config, office: Office) -> None:
    holder = _happened(office, *ChangeKind)
    seen: list[Mapping[str, Any]] = []
    while True:
        answer = _ask(client, config, f"?after={len(seen)}&limit=2")
        assert (answer.status_code, answer.content_type) == (200, "application/jose")
        page = _payload(answer.data)
        assert (page["version"], page["issuer"], page["after"], page["head"]) == (1, "issuing", len(seen), 5)
        seen.extend(page["events"])
        assert page["next"] == len(seen)
        if not page["events"]:
            break
    assert [event["seq"] for event in seen] == [1, 2, 3, 4, 5]
    assert [event["kind"] for event in seen] == [kind.value for kind in ChangeKind]
    assert {(event["holder"], event["unit"]) for event in seen} == {(holder, office.school)}
    assert all(event["at"].endswith("Z") for event in seen)


def test_a_page_names_numbers_and_no_person(client: FlaskClient, config: Config, office: Office) -> None:
    _happened(office, ChangeKind.STOP)
    text = json.dumps(_payload(_ask(client, config).data), ensure_ascii=False)
    for personal in ("示范人", *vars(CONTACT).values()):
        assert personal not in text


def test_a_reader_that_is_further_than_the_ca_is_told_so(client: FlaskClient, config: Config) -> None:
    page = _payload(_ask(client, config, "?after=7").data)
    assert (page["after"], page["next"], page["head"], page["events"]) == (7, 7, 0, [])


def test_a_page_with_events_is_noted_and_an_empty_one_is_not(
    client: FlaskClient, config: Config, office: Office
) -> None:
    _ask(client, config)
    _happened(office, ChangeKind.STOP, ChangeKind.RESTORE)
    _ask(client, config, "?after=1")
    _ask(client, config, "?after=2")
    with office.services.read() as uow:
        noted = [entry for entry in uow.audit.entries() if entry.tag == Tag.FEED_READ]
    assert [(entry.actor, entry.detail) for entry in noted] == [("relying:teacher-registry", '{"first":2,"last":2}')]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic abc"])
def test_the_feed_is_for_known_systems_only(client: FlaskClient, header: str) -> None:
    assert client.get(_URL, headers={"Authorization": header}).status_code == 401


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.RELYING])
def test_no_other_role_may_read_the_feed(office: Office, role: Role) -> None:
    with pytest.raises(errors.Forbidden):
        signed_page(office.services, actor(role), lambda payload: payload, after=0)


@pytest.mark.parametrize(
    "query", ["?after=-1", "?after=x", "?after=9007199254740992", "?limit=0", "?limit=501", "?after=", "?since=1"]
)
def test_a_wrong_cursor_is_refused_by_name(client: FlaskClient, config: Config, query: str) -> None:
    answer = _ask(client, config, query)
    assert answer.json is not None
    assert (answer.status_code, answer.json["kind"]) == (422, "invalid")
    assert "请求参数不正确" in answer.json["detail"]


def test_the_signer_is_renewed_in_time_and_pages_come_from_the_new_one(
    wiring: Wiring, config: Config, clock: TestClock
) -> None:
    client = create_console(wiring).test_client()
    assert not renew_signer(wiring, FEED_SIGNER)
    first = _signer(_ask(client, config).data)
    clock.pass_time(days=356)
    assert renew_signer(wiring, FEED_SIGNER)
    assert not renew_signer(wiring, FEED_SIGNER)
    second = _signer(_ask(create_console(Wiring(config, clock=clock)).test_client(), config).data)
    assert first != second
    assert {first, second} == {one.der for one in signers(wiring.services, "feed-signer")}


def _signer(page: bytes) -> bytes:
    part = page.split(b".")[0]
    header = json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    return base64.b64decode(header["x5c"][0])


def test_without_a_signer_the_feed_is_unavailable_and_says_so(wiring: Wiring, config: Config, clock: TestClock) -> None:
    clock.pass_time(days=366)
    answer = _ask(create_console(wiring).test_client(), config)
    assert answer.json is not None
    assert (answer.status_code, answer.json["kind"]) == (503, "unavailable")


def test_a_kind_that_came_later_is_told_to_who_asks_for_it_and_carefully_to_others(
    client: FlaskClient, config: Config, office: Office
) -> None:
    holder = office.holder()
    with office.services.begin() as uow:
        at, kind = office.services.clock(), AccountEventKind.UNIT_CHANGE
        uow.add_account_event(AccountEvent(0, kind, holder, "150302", at, "U1", from_unit=office.school))
    (old,) = _payload(_ask(client, config).data)["events"]
    assert (old["kind"], old["unit"]) == ("information-change", "150302")
    assert "from" not in old
    (new,) = _payload(_ask(client, config, "?kinds=melted,unit-change").data)["events"]
    assert (new["kind"], new["unit"], new["from"], new["change"]) == ("unit-change", "150302", office.school, "U1")
    assert _ask(client, config, "?kinds=UNIT%20CHANGE").status_code == 422
    assert {kind.value for kind in FIRST_KINDS} == {kind.value for kind in ChangeKind}
