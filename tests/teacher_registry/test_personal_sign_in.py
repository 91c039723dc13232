"""Sign-in by password: the one-time password is changed at first use, and what is open ends with the account."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from teacher_registry.accounts.codes import is_code, new_code
from teacher_registry.accounts.errors import FieldError
from teacher_registry.accounts.models import Act
from teacher_registry.accounts.passwords import require_good_choice
from tests.teacher_registry.authority import NOW
from tests.teacher_registry.conftest import Browser, Rows
from tests.teacher_registry.publication import Publication

OWN = "草原上的白云2026"


class Person:
    """Someone without a certificate at a browser of their own."""

    def __init__(self, browser: Browser) -> None:
        self.client = browser.client.application.test_client()

    def page(self) -> str:
        """What the personal page shows."""
        return self.client.get("/personal", base_url="https://localhost").text

    def post(self, path: str, **fields: str) -> TestResponse:
        """A form of the personal page, with its token if there is one."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.page())
        token = {"csrf_token": found[1]} if found else {}
        return self.client.post(f"/personal/{path}", data={**token, **fields}, base_url="https://localhost")

    def sign_in(self, name: str, password: str, unit: str = "") -> TestResponse:
        """The form, filled in."""
        return self.post("sign-in", name=name, password=password, unit=unit)

    def choose(self, password: str = OWN, **fields: str) -> TestResponse:
        """A new password, typed twice."""
        return self.post("password", password=password, again=password, **fields)


@pytest.fixture
def person(browser: Browser) -> Person:
    """Nobody yet."""
    return Person(browser)


@pytest.fixture
def teacher(browser: Browser) -> dict[str, str]:
    """A teacher's account: id, code, password."""
    made = browser.send("/accounts", {"name": "赵敏", "kind": "teacher"}).get_json()
    return {"id": made["account"]["id"], "code": made["account"]["code"], "password": made["password"]}


def test_a_teacher_signs_in_with_the_code_and_must_change_the_password_first(
    person: Person, teacher: dict[str, str], rows: Rows
) -> None:
    assert person.sign_in(teacher["code"], teacher["password"]).status_code == 303
    assert ("请先修改密码" in person.page(), teacher["code"] in person.page()) == (True, False)
    assert person.choose().status_code == 303
    assert ("我的账号" in person.page(), teacher["code"] in person.page()) == (True, True)
    assert Person.sign_in(person, teacher["code"], teacher["password"]).status_code == 403
    assert person.sign_in(teacher["code"], OWN).status_code == 303
    acts = [entry.act for entry in rows.log()]
    assert acts == [Act.CREATE, Act.PERSON_SIGN_IN, Act.PERSON_PASSWORD, Act.PERSON_REFUSED, Act.PERSON_SIGN_IN]


def test_a_login_name_needs_its_unit(browser: Browser, person: Person) -> None:
    password = browser.create().get_json()["password"]
    assert person.sign_in("wangfang", password).status_code == 403
    assert person.sign_in("wangfang", password, "150102002").status_code == 403
    assert person.sign_in("WangFang", password, "150102001").status_code == 303


def test_wrong_and_unknown_are_told_alike_and_five_lock(
    browser: Browser, person: Person, teacher: dict[str, str], rows: Rows
) -> None:
    unknown = person.sign_in("nobody", "x", "150102001")
    answers = [person.sign_in(teacher["code"], "wrong") for _ in range(7)]
    assert {answer.text for answer in answers} == {unknown.text}
    assert rows.accounts()[teacher["code"]].locked_at == NOW
    locked = person.sign_in(teacher["code"], teacher["password"])
    assert (locked.status_code, "账号已锁定" in locked.text) == (403, True)
    acts = [entry.act for entry in rows.log()]
    assert (acts.count(Act.PERSON_REFUSED), acts.count(Act.PERSON_LOCKED)) == (5, 1)
    assert browser.send(f"/accounts/{teacher['id']}/unlock").status_code == 200
    assert person.sign_in(teacher["code"], teacher["password"]).status_code == 303


def test_a_right_password_between_wrong_ones_begins_the_count_anew(person: Person, teacher: dict[str, str]) -> None:
    for _ in range(3):
        for _ in range(4):
            person.sign_in(teacher["code"], "wrong")
        assert person.sign_in(teacher["code"], teacher["password"]).status_code == 303
        person.post("sign-out")


@pytest.mark.parametrize("act", ["stop", "reset"])
def test_a_stop_or_reset_ends_what_the_person_has_open(
    browser: Browser, person: Person, teacher: dict[str, str], act: str
) -> None:
    person.sign_in(teacher["code"], teacher["password"])
    person.choose()
    assert "我的账号" in person.page()
    browser.send(f"/accounts/{teacher['id']}/{act}")
    assert "个人登录" in person.page()
    if act == "stop":
        assert "账号已停用" in person.sign_in(teacher["code"], OWN).text
        browser.send(f"/accounts/{teacher['id']}/restore")
        assert "个人登录" in person.page()


@pytest.mark.parametrize("change", [{"status": "stopped"}, {"locked_at": NOW}])
def test_the_account_is_asked_on_each_request(
    person: Person, teacher: dict[str, str], rows: Rows, change: dict[str, object]
) -> None:
    """Whoever changed it: another process, or the operator in the database."""
    person.sign_in(teacher["code"], teacher["password"])
    rows.set(teacher["code"], **change)
    assert "个人登录" in person.page()


def test_a_session_ends_when_it_is_idle_or_old(
    person: Person, teacher: dict[str, str], publication: Publication
) -> None:
    person.sign_in(teacher["code"], teacher["password"])
    person.choose()
    for _ in range(30):
        publication.clock.pass_seconds(19 * 60)
        last = person.page()
    assert "个人登录" in last  # 8 hours, though never idle
    person.sign_in(teacher["code"], OWN)
    publication.clock.pass_seconds(21 * 60)
    assert "个人登录" in person.page()


def test_a_one_time_password_dies_after_two_weeks(
    person: Person, teacher: dict[str, str], publication: Publication
) -> None:
    publication.clock.pass_seconds(timedelta(days=14).total_seconds() + 1)
    assert "一次性密码已过期" in person.sign_in(teacher["code"], teacher["password"]).text


def test_a_change_needs_the_present_password_and_a_token_and_ends_other_sessions(
    browser: Browser, person: Person, teacher: dict[str, str]
) -> None:
    person.sign_in(teacher["code"], teacher["password"])
    person.choose()
    elsewhere = Person(browser)
    elsewhere.sign_in(teacher["code"], OWN)
    assert "当前密码不正确" in person.choose("另一个很长的密码啊啊", current="wrong").text
    mixed = person.post("password", current=OWN, password="另一个很长的密码啊啊", again="不同")
    assert "两次输入的新密码不一致" in mixed.text
    bare = person.client.post("/personal/password", data={"password": OWN}, base_url="https://localhost")
    assert bare.status_code == 403
    assert person.choose("另一个很长的密码啊啊", current=OWN).status_code == 303
    assert ("我的账号" in person.page(), "个人登录" in elsewhere.page()) == (True, True)


def test_the_cookie_is_out_of_reach_and_another_site_cannot_sign_in(person: Person, teacher: dict[str, str]) -> None:
    cookie = person.sign_in(teacher["code"], teacher["password"]).headers["Set-Cookie"]
    assert cookie.startswith("__Host-person=")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    foreign = person.client.post(
        "/personal/sign-in",
        data={"name": teacher["code"], "password": teacher["password"]},
        headers={"Sec-Fetch-Site": "cross-site"},
        base_url="https://localhost",
    )
    assert foreign.status_code == 403


def test_a_person_without_certificate_reaches_no_page_of_the_unit(person: Person, teacher: dict[str, str]) -> None:
    person.sign_in(teacher["code"], teacher["password"])
    for path in ("/accounts", "/log", "/export", "/import", "/import/template.xlsx"):
        assert person.client.get(path, base_url="https://localhost").status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "é" * 3, "a" * 3000])
def test_a_strange_cookie_is_nobody(person: Person, cookie: str) -> None:
    person.client.set_cookie("__Host-person", cookie, secure=True)
    assert "个人登录" in person.page()


@pytest.mark.parametrize(
    "password",
    ["short", "x" * 200, "1234567890123", "aaaaaaaaaaaa", "wangfang-2026", "Password2026!", "好" * 12, "a\0bcdefghij"],
)
def test_a_password_that_others_try_first_is_not_taken(password: str) -> None:
    with pytest.raises(FieldError):
        require_good_choice(password, login="wangfang", code=None)


def test_a_code_catches_every_wrong_digit() -> None:
    code = new_code(lambda n: n // 3)
    assert is_code(code)
    for position in range(10):
        for digit in set("0123456789") - {code[position]}:
            assert not is_code(code[:position] + digit + code[position + 1 :])
    assert not any(map(is_code, ("", "12345", "１" * 10, "abcdefghij")))
