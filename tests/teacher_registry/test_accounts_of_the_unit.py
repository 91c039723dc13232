"""The page of the own unit: what an administrator can do, and that nothing reaches beyond the unit."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from tests.teacher_registry.authority import NOW, Identity
from tests.teacher_registry.conftest import JSON, Browser, Rows
from tests.teacher_registry.publication import Publication

ACTS = ["stop", "restore", "unlock", "reset"]


def test_an_empty_unit_says_so(browser: Browser) -> None:
    assert "本单位还没有账号" in browser.get("/").text


def test_a_created_account_is_in_the_list_with_a_password_shown_once(browser: Browser, rows: Rows) -> None:
    made = browser.create()
    assert made.status_code == 201
    password = made.get_json()["password"]
    row = rows.accounts()["wangfang"]
    assert row.password_hash.startswith("$argon2id$")
    assert PasswordHasher().verify(row.password_hash, password)
    assert (row.must_change, row.unit_code, row.created_at) == (True, "150102001", NOW)
    page = browser.get("/").text
    assert "王芳" in page
    assert password not in page


def test_a_person_creates_and_resets_by_forms(browser: Browser, rows: Rows) -> None:
    form = {"csrf_token": browser.token(), "login": "wangfang", "name": "王芳", "kind": "teacher"}
    made = browser.post("/accounts", data=form)
    assert (made.status_code, "只显示这一次" in made.text) == (201, True)
    account = rows.accounts()["wangfang"].id
    stopped = browser.post(f"/accounts/{account}/stop", data=form)
    assert (stopped.status_code, stopped.headers["Location"]) == (303, "/?done=stop")
    assert "账号已停用" in browser.get("/?done=stop").text


def test_reset_replaces_the_hash(browser: Browser, rows: Rows) -> None:
    made = browser.create().get_json()
    rows.set("wangfang", must_change=False)
    before = rows.accounts()["wangfang"]
    reset = browser.send(f"/accounts/{made['account']['id']}/reset").get_json()
    after = rows.accounts()["wangfang"]
    assert PasswordHasher().verify(after.password_hash, reset["password"])
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(after.password_hash, made["password"])
    assert (before.must_change, after.must_change) == (False, True)


def test_stop_and_restore_follow_each_other_and_nothing_else(browser: Browser) -> None:
    account = browser.create().get_json()["account"]["id"]
    results = [
        browser.send(f"/accounts/{account}/{act}").status_code
        for act in ["restore", "stop", "stop", "reset", "restore", "restore", "reset"]
    ]
    assert results == [409, 200, 409, 409, 200, 409, 200]


def test_unlock_ends_a_lock_and_only_a_lock(browser: Browser, rows: Rows) -> None:
    account = browser.create().get_json()["account"]["id"]
    assert browser.send(f"/accounts/{account}/unlock").status_code == 409
    rows.set("wangfang", locked_at=NOW)
    assert "锁定" in browser.get("/").text
    assert browser.send(f"/accounts/{account}/unlock").get_json()["account"]["locked"] is False


def test_reset_ends_a_lock_too(browser: Browser, rows: Rows) -> None:
    account = browser.create().get_json()["account"]["id"]
    rows.set("wangfang", locked_at=NOW)
    assert browser.send(f"/accounts/{account}/reset").get_json()["account"]["locked"] is False


@pytest.mark.parametrize("act", ACTS)
def test_an_account_of_another_unit_is_not_found_and_not_touched(
    browser: Browser, neighbour: Identity, rows: Rows, act: str
) -> None:
    foreign = browser.as_(neighbour).create("lihe").get_json()["account"]["id"]
    before = rows.accounts()["lihe"]
    answer = browser.send(f"/accounts/{foreign}/{act}")
    unknown = browser.send(f"/accounts/{'0' * 32}/{act}")
    assert (answer.status_code, answer.data) == (404, unknown.data)
    after = rows.accounts()["lihe"]
    assert (after.status, after.password_hash) == (before.status, before.password_hash)


def test_accounts_of_another_unit_are_not_listed(browser: Browser, neighbour: Identity) -> None:
    browser.as_(neighbour).create("lihe", name="李荷")
    assert browser.get("/accounts", headers=JSON).get_json()["accounts"] == []
    assert "李荷" not in browser.get("/").text


def test_the_same_login_name_is_free_in_another_unit_and_taken_in_the_own(
    browser: Browser, neighbour: Identity
) -> None:
    assert browser.as_(neighbour).create().status_code == 201
    assert browser.create().status_code == 201
    assert browser.create().status_code == 409


def test_the_unit_in_a_form_is_ignored(browser: Browser, rows: Rows) -> None:
    browser.create(unit_code="150102002", status="stopped", id="1")
    row = rows.accounts()["wangfang"]
    assert (row.unit_code, row.status, row.id == "1") == ("150102001", "active", False)


def test_each_act_is_logged_without_password_or_name(browser: Browser, rows: Rows) -> None:
    made = browser.create().get_json()
    account = made["account"]["id"]
    for act in ["reset", "stop", "restore"]:
        browser.send(f"/accounts/{account}/{act}")
    log = rows.log()
    assert [entry.act for entry in log] == [
        "account:create",
        "account:reset",
        "account:stop",
        "account:restore",
    ]
    assert {(e.holder_id, e.unit_code, e.account_id, e.at) for e in log} == {("H000001", "150102001", account, NOW)}
    written = "".join(str(value) for entry in log for value in vars(entry).values())
    assert made["password"] not in written
    assert "王芳" not in written


def test_a_refused_act_changes_nothing_and_writes_no_act(
    browser: Browser, rows: Rows, admin: Identity, publication: Publication
) -> None:
    """Frozen between reading the page and sending the form: the change asks anew, the clock has not even
    moved.
    """
    token = browser.token()
    publication.freeze(admin)
    assert browser.get("/accounts").status_code == 200
    wish = {"csrf_token": token, "login": "wangfang", "name": "王芳", "kind": "viewer"}
    answer = browser.post("/accounts", data=wish)
    assert (answer.status_code, "证书已冻结" in answer.text) == (403, True)
    assert rows.accounts() == {}
    assert [(entry.act, entry.refusal) for entry in rows.log()] == [("administrator:refused", "frozen")]


def test_many_accounts_come_in_pages(browser: Browser) -> None:
    for number in range(51):
        browser.create(f"user{number:03d}")
    first, second = (browser.get(f"/accounts?page={page}", headers=JSON).get_json() for page in (1, 2))
    assert (len(first["accounts"]), len(second["accounts"]), second["pages"], second["total"]) == (
        50,
        1,
        2,
        51,
    )
    assert "第 2 页，共 2 页" in browser.get("/?page=99999999999999999999").text


@pytest.mark.parametrize("page", ["-1", "0", "x", "1e9", "%00", "999999999"])
def test_a_strange_page_number_is_a_page(browser: Browser, page: str) -> None:
    assert browser.get(f"/?page={page}").status_code == 200
