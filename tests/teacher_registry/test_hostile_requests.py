"""Bad input gets a typed error: no 5xx, no change, no help for the attacker."""

from __future__ import annotations

import pytest

from teacher_registry.accounts.book import AccountBook
from teacher_registry.refusal import RefusalKind
from teacher_registry.web.csrf import CsrfRefusedError, CsrfTokens
from teacher_registry.web.texts import REFUSALS
from tests.teacher_registry.authority import NOW, Authority, Identity
from tests.teacher_registry.conftest import JSON, Browser, Rows
from tests.teacher_registry.publication import Publication
from tests.teacher_registry.revocations import REVOKED

WISH = {"login": "wangfang", "name": "王芳", "kind": "viewer"}


def test_a_change_without_token_is_refused(browser: Browser, rows: Rows) -> None:
    answer = browser.post("/accounts", data=WISH)
    assert (answer.status_code, "操作未执行" in answer.text) == (403, True)
    as_json = browser.post("/accounts", json=WISH, headers=JSON)
    assert (as_json.status_code, as_json.get_json()["kind"]) == (403, "csrf-refused")
    assert rows.accounts() == {}


def test_the_token_of_another_certificate_is_refused(browser: Browser, neighbour: Identity) -> None:
    token = browser.as_(neighbour).token()
    assert browser.post("/accounts", json=WISH, headers={"X-CSRF-Token": token}).status_code == 403


def test_a_token_dies_after_two_hours(browser: Browser, publication: Publication) -> None:
    token = browser.token()
    publication.clock.pass_seconds(7200)
    assert browser.post("/accounts", json=WISH, headers={"X-CSRF-Token": token}).status_code == 201
    publication.clock.pass_seconds(1)
    assert browser.post("/accounts", json=WISH, headers={"X-CSRF-Token": token}).status_code == 403


@pytest.mark.parametrize("token", ["", ".", "1.", "x.y", "9" * 5000, "１.1", "-1.00", "1." + "é" * 64])
def test_a_token_of_any_shape_is_refused_quietly(token: str) -> None:
    with pytest.raises(CsrfRefusedError):
        CsrfTokens(bytes(32)).check(token, bytes(32), NOW)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("login", ""),
        ("login", "ab"),
        ("login", "1abc"),
        ("login", "a" * 33),
        ("login", "a b c"),
        ("login", "аdmin"),  # the first letter is Cyrillic
        ("login", ["wangfang"]),
        ("login", None),
        ("name", "   "),
        ("name", "王" * 33),
        ("name", "王\u202e芳"),
        ("name", "\ud800"),
        ("name", "a\x00b"),
        ("name", "王芳150102199001011234"),
        ("name", "王芳１３８００１３８０００"),
        ("name", 5),
        ("kind", "system"),
        ("kind", "administrator"),
        ("kind", {}),
    ],
)
def test_a_field_that_cannot_be_taken_is_named(browser: Browser, rows: Rows, field: str, value: object) -> None:
    answer = browser.send("/accounts", {**WISH, field: value})
    assert (answer.status_code, answer.get_json()["kind"]) == (422, "field-invalid")
    assert answer.content_type == "application/problem+json"
    assert rows.accounts() == {}


def test_a_bad_form_comes_back_filled_in_and_escaped(browser: Browser) -> None:
    form = {"csrf_token": browser.token(), "login": "1", "name": '"><script>', "kind": "training"}
    answer = browser.post("/accounts", data=form)
    assert answer.status_code == 422
    assert "登录名须为3至32位" in answer.text
    assert "<script>" not in answer.text
    assert '<option value="training" selected>' in answer.text


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b"null"),
        ("application/json", b"\xff\xfe"),
        ("application/json", b"[" * 12_000),
        ("application/x-www-form-urlencoded", b"\xff=%ff&&&"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n"),
        ("text/plain", b"login=x"),
    ],
)
def test_a_body_that_does_not_read_is_a_client_error(browser: Browser, content_type: str, body: bytes) -> None:
    headers = {"X-CSRF-Token": browser.token(), "Content-Type": content_type}
    answer = browser.post("/accounts", data=body, headers=headers)
    assert 400 <= answer.status_code < 500


def test_a_body_that_is_too_long_is_refused(browser: Browser) -> None:
    headers = {"X-CSRF-Token": browser.token()}
    answer = browser.post("/accounts", data={**WISH, "name": "x" * 20_000}, headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "path", ["/nothing", "/accounts/1", "/accounts/1/delete", "/static/../x", "/accounts/%00/stop"]
)
def test_other_addresses_are_not_found_or_not_allowed(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code in (404, 405)


def test_an_unknown_act_is_not_found(browser: Browser) -> None:
    account = browser.create().get_json()["account"]["id"]
    assert browser.send(f"/accounts/{account}/delete").status_code == 404


def test_without_certificate_only_the_sign_in_page_and_health_answer(browser: Browser) -> None:
    nobody = browser.as_(None)
    assert nobody.get("/").status_code == 200
    assert nobody.get("/healthz").data == b"ok\n"
    assert nobody.get("/accounts").status_code == 401
    assert nobody.post("/accounts", data=WISH).status_code == 401
    as_json = nobody.get("/", headers=JSON)
    assert (as_json.status_code, as_json.get_json()["kind"]) == (401, "no-certificate")


def test_a_foreign_certificate_that_reaches_the_pages_is_named(
    browser: Browser, stranger: Authority, rows: Rows
) -> None:
    """As behind a proxy that lets every certificate through."""
    answer = browser.as_(stranger.administrator()).get("/")
    assert (answer.status_code, "不是教育CA签发的证书" in answer.text) == (403, True)
    assert [(entry.refusal, entry.certificate_serial) for entry in rows.log()] == [("foreign", "1001")]


def test_a_certificate_of_the_root_is_foreign_to_the_registry(browser: Browser, authority: Authority) -> None:
    """The root may sign others; only the pinned issuing CA makes administrators."""
    direct = Authority(authority.root, authority.root, authority.ocsp_signer).administrator()
    assert browser.as_(direct).get("/", headers=JSON).get_json()["kind"] == "foreign"


@pytest.mark.parametrize("field", ["holder_id", "unit_code"])
def test_a_subject_without_person_or_unit_is_malformed(browser: Browser, authority: Authority, field: str) -> None:
    leaf = authority.administrator(**{field: None})
    assert browser.as_(leaf).get("/", headers=JSON).get_json()["kind"] == "malformed"


def test_an_unknown_serial_is_refused_though_the_crl_is_silent(
    browser: Browser, admin: Identity, publication: Publication
) -> None:
    publication.unknown.add(admin.certificate.serial_number)
    assert browser.get("/", headers=JSON).get_json()["kind"] == "status-unknown"


def test_a_revoked_issuing_ca_closes_the_registry(browser: Browser, publication: Publication) -> None:
    publication.root_reasons = {2: REVOKED}
    assert browser.get("/", headers=JSON).get_json()["kind"] == "revoked"


def test_without_the_list_of_the_root_nobody_enters(browser: Browser, publication: Publication) -> None:
    publication.root_crl_up = False
    assert browser.get("/", headers=JSON).get_json()["kind"] == "status-unknown"


def test_garbage_from_the_responder_closes_the_gate(browser: Browser, publication: Publication) -> None:
    publication.raw_ocsp = b"<html>captive portal</html>"
    assert browser.get("/", headers=JSON).get_json()["kind"] == "status-unknown"


def test_status_is_remembered_for_less_than_a_second(browser: Browser, publication: Publication) -> None:
    for seconds in (0, 0.5, 0.5):
        publication.clock.pass_seconds(seconds)
        assert browser.get("/").status_code == 200
    assert publication.ocsp_asked == 2


def test_every_answer_carries_the_security_headers(browser: Browser) -> None:
    for path in ["/", "/accounts", "/nothing", "/static/registry.css"]:
        headers = browser.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in headers
    assert browser.get("/").headers["Cache-Control"] == "no-store"


def test_pages_have_nothing_inline(browser: Browser) -> None:
    browser.create()
    for page in [browser.get("/").text, browser.as_(None).get("/").text]:
        assert "<script" not in page
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick" not in page


def test_every_refusal_has_a_page() -> None:
    assert set(REFUSALS) == set(RefusalKind)
    assert all(notice.title and notice.steps for notice in REFUSALS.values())


def test_an_unexpected_error_says_nothing_about_itself(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(AccountBook, "page", fails)
    answer = browser.get("/accounts")
    assert (answer.status_code, "系统出错" in answer.text) == (500, True)
    assert "secret detail" not in answer.text
