"""Search, the log of the unit, the reset page: what an administrator sees, and of the own unit only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from teacher_registry.accounts.actor import Operator
from teacher_registry.accounts.chain import verify
from teacher_registry.accounts.models import AccountKind, Act, LogEntry
from teacher_registry.accounts.wishes import NewAccount
from teacher_registry.config import load_config
from teacher_registry.web.app import create_app
from teacher_registry.web.csrf import CsrfTokens
from teacher_registry.wiring import Registry, build_registry
from tests.teacher_registry.authority import NOW, Authority, Identity
from tests.teacher_registry.conftest import CHEAP, JSON, Browser, Rows
from tests.teacher_registry.publication import Publication


def found(browser: Browser, **fields: str) -> list[str]:
    """Login names that a search finds."""
    return [account["login"] for account in browser.send("/accounts/search", fields).get_json()["accounts"]]


def test_a_search_narrows_the_own_unit_by_text_kind_and_condition(
    browser: Browser, neighbour: Identity, rows: Rows
) -> None:
    browser.create("wangfang", name="王芳", kind="viewer")
    browser.create("wanghong", name="王红", kind="training")
    browser.create("li_h", name="李荷", kind="viewer")
    teacher = browser.send("/accounts", {"name": "赵敏", "kind": "teacher"}).get_json()["account"]
    browser.as_(neighbour).create("wangwu", name="王五")
    rows.set("wanghong", locked_at=NOW, must_change=False)
    rows.set("li_h", status="stopped")
    assert found(browser, text="王") == ["wangfang", "wanghong"]
    assert found(browser, text="WANG") == ["wangfang", "wanghong"]
    assert found(browser, text=teacher["code"]) == [teacher["code"]]
    assert found(browser, text="王", kind="training") == ["wanghong"]
    assert found(browser, condition="locked") == ["wanghong"]
    assert found(browser, condition="stopped") == ["li_h"]
    assert found(browser, text="_") == ["li_h"]
    for nothing in ("%", "wangwu", "王五", "'; --", "x" * 500):
        assert found(browser, text=nothing) == []
    assert len(found(browser, kind="system", condition="x")) == 4


def test_a_name_is_searched_by_form_and_never_by_address(browser: Browser) -> None:
    browser.create()
    form = {"csrf_token": browser.token(), "text": "王芳", "kind": "", "condition": ""}
    page = browser.post("/accounts/search", data=form)
    assert (page.status_code, "找到 1 个" in page.text.replace("\n", "")) == (200, True)
    assert browser.post("/accounts/search", data={"text": "王芳"}).status_code == 403
    assert "共 1 个" in browser.get("/?text=李").text
    assert "找到 0 个" in browser.get("/?kind=teacher").text


def test_the_log_shows_the_own_unit_with_names_and_never_the_neighbours(
    browser: Browser, neighbour: Identity, registry: Registry
) -> None:
    browser.get("/")
    account = browser.create().get_json()["account"]["id"]
    browser.send(f"/accounts/{account}/reset")
    browser.as_(neighbour).create("lihe", name="李荷")
    page = browser.get("/log").text
    for told in ("信息管理员登录", "新建账号", "重置密码", "王芳（wangfang）", "张萌", "屏幕显示"):
        assert told in page
    assert ("李荷" in page, "H000002" in page) == (False, False)
    document = browser.get("/log", headers=JSON).get_json()
    acts = [entry["act"] for entry in document["entries"]]
    assert acts == ["account:reset", "account:create", "administrator:sign-in"]
    assert document["entries"][0]["hash"] == _hashes(registry)[2]
    assert verify(registry.sessions).wrong == ""


def _hashes(registry: Registry) -> list[str]:
    with registry.sessions() as session:
        return list(session.scalars(select(LogEntry.hash).order_by(LogEntry.seq)))


def test_the_log_goes_on_page_by_page(browser: Browser, registry: Registry) -> None:
    operator = Operator("operator:test", "150102001")
    account = registry.book.create(operator, NewAccount("wangfang", "王芳", AccountKind.VIEWER)).account.id
    for number in range(51):
        registry.book.act(operator, account, Act.RESTORE if number % 2 else Act.STOP)
    first = browser.get("/log", headers=JSON).get_json()
    second = browser.get(f"/log?before={first['older']}", headers=JSON).get_json()
    assert (len(first["entries"]), len(second["entries"]), second["older"]) == (50, 2, None)
    assert "更早的记录" in browser.get("/log").text


@pytest.mark.parametrize("before", ["0", "-5", "x", "99999999999999999999", "1e3"])
def test_a_strange_number_in_the_log_is_a_page(browser: Browser, before: str) -> None:
    assert browser.get(f"/log?before={before}").status_code == 200


def test_a_refused_certificate_of_the_unit_stands_in_the_units_log(
    browser: Browser, admin: Identity, stranger: Authority, publication: Publication
) -> None:
    """Only octets that passed before are put there: a stranger's certificate may claim any unit."""
    browser.get("/")
    publication.freeze(admin)
    publication.clock.pass_seconds(1)
    browser.get("/")
    browser.as_(stranger.administrator()).get("/")
    publication.release(admin)
    publication.clock.pass_seconds(1)
    entries = browser.get("/log", headers=JSON).get_json()["entries"]
    assert [(entry["act"], entry["refusal"]) for entry in entries] == [
        ("administrator:refused", "frozen"),
        ("administrator:sign-in", None),
    ]


def test_a_sign_in_is_logged_once_until_a_silence_or_a_refusal(
    browser: Browser, admin: Identity, publication: Publication, rows: Rows
) -> None:
    """The certificate is the session: it begins anew after half an hour, and after a freeze."""
    browser.get("/")
    for _ in range(5):
        publication.clock.pass_seconds(20 * 60)
        browser.get("/")
    assert len(rows.log()) == 1
    publication.clock.pass_seconds(31 * 60)
    browser.get("/")
    publication.freeze(admin)
    publication.clock.pass_seconds(1)
    for _ in range(3):
        browser.get("/")
    publication.release(admin)
    publication.clock.pass_seconds(1)
    browser.get("/")
    publication.freeze(admin)
    publication.clock.pass_seconds(1)
    browser.get("/")
    acts = [entry.act.split(":")[1] for entry in rows.log()]
    assert acts == ["sign-in", "sign-in", "refused", "sign-in", "refused"]


def test_the_reset_page_asks_first_and_shows_only_own_accounts(browser: Browser, neighbour: Identity) -> None:
    account = browser.create().get_json()["account"]["id"]
    page = browser.get(f"/accounts/{account}/reset")
    assert ("原密码立即失效" in page.text, "手机号" in page.text) == (True, False)
    assert browser.as_(neighbour).get(f"/accounts/{account}/reset").status_code == 404


def test_a_password_is_sent_and_then_not_shown(
    config_file: Path, admin: Identity, publication: Publication, tmp_path: Path, rows: Rows
) -> None:
    config_file.write_text(config_file.read_text() + 'outbox = "outbox"\n')
    registry = build_registry(load_config(config_file), publication.clock, CHEAP)
    browser = Browser(create_app(registry, CsrfTokens(bytes(32))).test_client(), admin)
    account = browser.create().get_json()["account"]["id"]
    assert "手机号" in browser.get(f"/accounts/{account}/reset").text
    form = {"csrf_token": browser.token(), "mobile": "138 0013-8000"}
    answer = browser.post(f"/accounts/{account}/reset", data=form)
    (message,) = (tmp_path / "outbox").glob("*.json")
    sent = json.loads(message.read_text(encoding="utf-8"))
    password = sent["text"].split("一次性密码：")[1][:12]
    assert (sent["to"], message.stat().st_mode & 0o777) == ("13800138000", 0o600)
    assert ("138****8000" in answer.text, password in answer.text) == (True, False)
    assert CHEAP.verify(rows.accounts()["wangfang"].password_hash, password)
    log = json.dumps([entry.detail for entry in rows.log()])
    assert ("sms" in log, "13800138000" in log) == (True, False)
    for mobile in ("12345678901", "1380013800", "abc", "138001380000"):
        before = rows.accounts()["wangfang"].password_hash
        bad = browser.post(f"/accounts/{account}/reset", data={**form, "mobile": mobile})
        assert (bad.status_code, "手机号须为11位" in bad.text) == (422, True)
        assert rows.accounts()["wangfang"].password_hash == before


@pytest.mark.parametrize(
    "path", ["/", "/accounts", "/log", "/import", "/export", "/import/template.xlsx", "/accounts/1/reset"]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_page_of_the_unit_opens_without_a_good_certificate(
    browser: Browser, admin: Identity, publication: Publication, path: str, method: str
) -> None:
    publication.revoke(admin)
    for identity, expected in ((None, {200, 401, 405}), (admin, {403, 405})):
        answer = getattr(browser.as_(identity), method)(path)
        assert answer.status_code in expected
        assert "第一试验小学" not in answer.text
