"""The pages of what waits for a second person: who sees what, who may decide, the first password shown once."""

import re
from typing import Any

import pytest
from flask import Flask

from ca_service.domain.roles import Role
from ca_service.domain.staff import Staff
from ca_service.workflows.ports import Services
from tests.ca_service.office import LEAGUE
from tests.ca_service.web.people import Browser, account

pytestmark = [pytest.mark.usefixtures("quick_hashes"), pytest.mark.parametrize("config", ["sqlite"], indirect=True)]
_PERSON = "150302198505051232"


def _signed_in(app: Flask, services: Services, login: str, role: Role) -> Browser:
    account(services, login, role, second_factor=False)
    browser = Browser.of(app)
    browser.sign_in(login)
    return browser


@pytest.fixture
def boss(app: Flask, services: Services) -> Browser:
    """A security administrator; the one of the ceremony is closed, so that the CA administrator stands in."""
    with services.begin() as uow:
        uow.staff.change(uow.staff.get("security-admin"), active=False)
    return _signed_in(app, services, "boss", Role.SECURITY_ADMIN)


@pytest.fixture
def second(app: Flask, services: Services) -> Browser:
    return _signed_in(app, services, "second", Role.CA_ADMIN)


def _waiting(browser: Browser) -> str:
    found = re.search(r'href="(/proposals/P[^"]+)"', browser.get("/proposals").text)
    assert found
    return found[1]


def _account(services: Services, login: str) -> Staff:
    with services.read() as uow:
        return uow.staff.get(login)


def test_an_account_is_proposed_on_one_page_and_confirmed_on_another(
    app: Flask, services: Services, boss: Browser, second: Browser
) -> None:
    fields: dict[str, Any] = {
        "login": "zhang", "name": "张示范", "unit": LEAGUE, "role": ["reviewer", "clerk"], "id_number": _PERSON,
        "ground": "任命文号 1",
    }  # fmt: skip
    shown = boss.post("/staff", **fields).text
    password = shown.partition('class="secret">')[2].partition("<")[0]
    assert "确认之前不能使用" in shown
    page = _waiting(boss)
    assert "确认</button>" not in boss.get(page).text
    assert boss.post(page, act="confirm").status_code == 403
    assert "有 1 件事项等待您确认" in second.get("/overview").text
    assert "等待您确认" not in boss.get("/overview").text
    seen = second.get(page).text
    for word in ("张示范", "审核员", "录入员", "任命文号 1", "boss", "须在此之前确认", LEAGUE):
        assert word in seen, word
    assert not {password, services.keyed_hash(_PERSON), _PERSON} & set(re.split(r"[<>\s（）]", seen))
    person = Browser.of(app, address="192.0.2.8")
    assert person.sign_in("zhang", password).status_code == 401
    assert second.post(page, act="confirm").location == page
    assert "已办理" in second.get(page).text
    assert "等待您确认" not in second.get("/overview").text
    assert "没有等待确认的事项" in boss.get("/proposals").text
    assert page in boss.get("/proposals?all=1").text
    assert person.sign_in("zhang", password).status_code == 302


def test_a_proposal_is_refused_with_a_reason_or_withdrawn(services: Services, boss: Browser, second: Browser) -> None:
    account(services, "li-4", Role.CLERK)
    boss.post("/staff/li-4", "/staff/li-4/post", unit=LEAGUE, role="clerk")
    page = _waiting(second)
    assert second.post(page, act="refuse", reason="").status_code == 422
    assert second.post(page, act="refuse", reason="未见任命文件").location == page
    assert "未见任命文件" in boss.get(page).text
    assert second.post("/proposals", page, act="confirm").status_code == 409
    boss.post("/staff/li-4", "/staff/li-4/reset", second_factor="1")
    page = _waiting(boss)
    assert "一并清除第二因素" in second.get(page).text
    assert boss.post(page, act="withdraw").location == page
    assert "已撤回" in second.get(page).text
    assert _account(services, "li-4").unit_code != LEAGUE


def test_a_role_is_taken_at_once_on_the_same_form(services: Services, boss: Browser) -> None:
    account(services, "li-4", Role.CLERK, roles=frozenset({Role.CLERK, Role.REVIEWER}))
    answer = boss.post("/staff/li-4", "/staff/li-4/post", unit="150000", role="clerk")
    assert answer.location == "/staff/li-4"
    assert _account(services, "li-4").roles == {Role.CLERK}


@pytest.mark.parametrize("fields", [{"act": "melt"}, {"act": ""}, {}])
def test_an_act_that_there_is_not_is_refused(boss: Browser, fields: dict[str, str]) -> None:
    boss.post("/staff", login="zhang", name="张", unit=LEAGUE, role="clerk")
    assert boss.post(_waiting(boss), **fields).status_code == 422


def test_what_there_is_not_is_not_found_and_who_may_not_see_it_is_told_so(
    app: Flask, services: Services, boss: Browser
) -> None:
    assert boss.get("/proposals/P-nothing").status_code == 404
    clerk = _signed_in(app, services, "clerk-1", Role.CLERK)
    assert clerk.get("/proposals").status_code == 403
    assert "/proposals" not in clerk.get("/overview").text


def test_the_stand_in_is_not_asked_while_there_is_another_security_administrator(
    app: Flask, services: Services, boss: Browser, second: Browser
) -> None:
    other = _signed_in(app, services, "boss-2", Role.SECURITY_ADMIN)
    boss.post("/staff", login="zhang", name="张", unit=LEAGUE, role="clerk")
    page = _waiting(boss)
    assert ["确认</button>" in one.get(page).text for one in (second, other)] == [False, True]
    refused = second.post(page, act="confirm")
    assert (refused.status_code, "boss-2" in refused.text) == (409, True)


def test_a_release_is_asked_for_on_the_page_and_confirmed_on_another(boss: Browser, second: Browser) -> None:
    assert "请求准许密钥事项" not in boss.get("/proposals").text
    asked = {"kind": "ca-roll-over", "subject": "issuing", "ground": "批文 3 号"}
    assert second.post("/proposals", **{**asked, "ground": ""}).status_code == 422
    assert second.post("/proposals", **{**asked, "kind": "melt"}).status_code == 422
    assert second.post("/proposals", **{**asked, "kind": "staff-add"}).status_code == 422
    assert second.post("/proposals", **{**asked, "subject": "issuing-7"}).status_code == 409
    page = second.post("/proposals", **asked).location
    assert "确认</button>" not in second.get(page).text
    seen = boss.get(page).text
    assert ("批文 3 号" in seen, "按计划换发签发 CA：issuing" in seen) == (True, True)
    assert boss.post(page, act="confirm").location == page
    assert "已准许，待使用" in second.get("/proposals").text
    assert second.post(page, act="withdraw").location == page
    assert "已撤回" in boss.get(page).text
