"""The console as a browser meets it: pages and forms over a real CA, on SQLite and PostgreSQL."""

import re
from dataclasses import replace
from functools import cache
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ca_service.domain.applications import Application, ApplicationStatus, Batch
from ca_service.domain.certificates import CertificateStatus
from ca_service.domain.roles import CENTRE_ONLY, NOT_PEOPLE, POLICY, Action, Role
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE
from ca_service.intake.columns import Column
from ca_service.intake.template import write_roster
from ca_service.passwords import hash_password
from ca_service.wiring import Wiring
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import BANNER, CONTACT, LEAGUE, Office
from tests.ca_service.second_person import confirm_all
from tests.road.roster import make_roster, make_units

PASSWORD = "correct horse battery"
ROLES = [role for role in Role if role not in NOT_PEOPLE]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return _client(app)


def _client(app: Flask) -> FlaskClient:
    client = app.test_client()
    client.environ_base["wsgi.url_scheme"] = "https"
    return client


@cache
def _hash(password: str) -> str:
    return hash_password(password)


def _staff(
    office: Office, role: Role, *, login: str = "", name: str = "某人", unit: str = CENTRE_CODE, first: bool = False
) -> Staff:
    made = Staff(
        login=login or f"t-{role.value}",
        name=name,
        unit_code=unit,
        roles=frozenset({role}),
        password_hash=_hash(PASSWORD),
        must_change_password=first,
        active=True,
        created_at=office.services.clock(),
    )
    with office.services.begin() as uow:
        uow.staff.add(made)
    return made


def _token(answer: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
    assert found
    return found.group(1)


def _sign_in(client: FlaskClient, login: str, password: str = PASSWORD) -> TestResponse:
    token = _token(client.get("/login"))
    return client.post("/login", data={"login": login, "password": password, "csrf_token": token})


def _post(client: FlaskClient, page: str, path: str, **fields: str) -> TestResponse:
    return client.post(path, data={"csrf_token": _token(client.get(page)), **fields})


def _application(office: Office, **changes: str) -> Application:
    """A submitted application that lies at the centre."""
    services = office.services
    scan, sheet = services.documents.put(office.scan), services.documents.put(write_roster([{Column.NAME: "示范人"}]))
    batch = Batch("B1", office.school, sheet, scan, "somebody", services.clock())
    plain = Application(
        id="A1",
        batch_id=batch.id,
        row_number=4,
        unit_code=office.school,
        name="示范人",
        user_type="信息管理员",
        school_type="211",
        address="阿拉善示范路 1 号",
        contact=CONTACT,
        id_number_hash=services.keyed_hash(CONTACT.id_number),
        status=ApplicationStatus.SUBMITTED,
        at_unit=CENTRE_CODE,
        entered_by="somebody",
        submitted_at=services.clock(),
    )
    made = replace(plain, **changes)  # type: ignore[arg-type]
    with services.begin() as uow:
        uow.batches.add(batch)
        returned = replace(made, id="A2", row_number=5, status=ApplicationStatus.RETURNED, at_unit=office.school)
        uow.applications.add_all([made, returned])
    return made


def test_sign_in_opens_the_overview(client: FlaskClient, office: Office) -> None:
    _staff(office, Role.REVIEWER, login="zhang")
    answer = _sign_in(client, "zhang")
    assert (answer.status_code, answer.location) == (302, "/overview")
    assert client.get("/overview").status_code == 200
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-educa=")
    assert all(flag in cookie for flag in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"))


def test_nobody_is_sent_to_the_sign_in(client: FlaskClient) -> None:
    assert client.get("/overview").location == "/login"
    assert client.get("/applications/A1").location == "/login"


@pytest.mark.parametrize("login", ["zhang", "nobody-at-all"])
def test_a_wrong_password_and_an_unknown_login_look_the_same(client: FlaskClient, office: Office, login: str) -> None:
    _staff(office, Role.REVIEWER, login="zhang")
    answer = _sign_in(client, login, "wrong")
    assert answer.status_code == 401
    assert "登录名或密码不正确。" in answer.text
    assert client.get("/overview").status_code == 302


def test_the_sixth_try_of_a_minute_is_refused_even_when_right(
    client: FlaskClient, office: Office, clock: TestClock
) -> None:
    _staff(office, Role.REVIEWER, login="zhang")
    for _ in range(5):
        assert _sign_in(client, "zhang", "wrong").status_code == 401
    refused = _sign_in(client, "zhang")
    assert refused.status_code == 429
    assert 50 < int(refused.headers["Retry-After"]) <= 60
    clock.pass_time(seconds=61)
    assert _sign_in(client, "zhang").status_code == 302


def test_a_first_password_must_be_changed(client: FlaskClient, office: Office) -> None:
    _staff(office, Role.REVIEWER, login="zhang", first=True)
    _sign_in(client, "zhang")
    assert client.get("/overview").location == "/password"
    assert client.get("/applications").location == "/password"
    new = "another long password"
    short = _post(client, "/password", "/password", old=PASSWORD, new="short", again="short")
    assert short.status_code == 422
    assert client.get("/overview").location == "/password"
    changed = _post(client, "/password", "/password", old=PASSWORD, new=new, again=new)
    assert changed.location == "/overview"
    assert client.get("/overview").status_code == 200
    assert _sign_in(client, "zhang", PASSWORD).status_code == 401


def test_signing_out_and_idling_end_the_session(client: FlaskClient, office: Office, clock: TestClock) -> None:
    _staff(office, Role.REVIEWER, login="zhang")
    _sign_in(client, "zhang")
    stolen = client.get_cookie("__Host-educa")
    assert stolen
    assert _post(client, "/overview", "/logout").location == "/"
    client.set_cookie("__Host-educa", stolen.value, secure=True)
    assert client.get("/overview").status_code == 302
    _sign_in(client, "zhang")
    clock.pass_time(minutes=31)
    assert client.get("/overview").status_code == 302


@pytest.mark.parametrize("path", ["/login", "/logout", "/password", "/certificates/1/status", "/staff"])
@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_a_post_without_the_token_of_the_session_is_refused(
    client: FlaskClient, office: Office, path: str, token: str | None
) -> None:
    _staff(office, Role.SECURITY_ADMIN, login="zhang")
    _sign_in(client, "zhang")
    client.get("/password")
    answer = client.post(path, data={} if token is None else {"csrf_token": token})
    assert answer.status_code == 400
    assert "请求无效" in answer.text


def test_the_centres_acts_are_not_shown_below_it(app: Flask, office: Office) -> None:
    certificate = office.enrolled()
    _staff(office, Role.REVIEWER, login="above")
    _staff(office, Role.REVIEWER, login="below", unit=BANNER)
    for login, shown in (("above", True), ("below", False)):
        client = _client(app)
        _sign_in(client, login)
        page = client.get(f"/certificates/{certificate.serial}")
        assert page.status_code == 200
        assert "冻结证书" in page.text
        assert ("吊销证书" in page.text) is shown
    assert Action.CERTIFICATE_CHANGE in CENTRE_ONLY


def test_the_navigation_shows_what_the_role_may(app: Flask, office: Office) -> None:
    for role in ROLES:
        _staff(office, role)
        client = _client(app)
        _sign_in(client, f"t-{role.value}")
        page = client.get("/overview").text
        assert ('href="/audit"' in page) is (role is Role.AUDITOR)
        assert ('href="/staff"' in page) is (role in POLICY[Action.STAFF_READ])


def test_pages_carry_the_protective_headers(client: FlaskClient) -> None:
    for path in ("/", "/login", "/nothing-here"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Strict-Transport-Security"].startswith("max-age=")
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"


def test_the_portal_tells_who_may_use_a_certificate_and_where_crls_are(client: FlaskClient, wiring: Wiring) -> None:
    page = client.get("/").text
    assert "仅限本人使用，不得外借" in page
    assert f"{wiring.config.service.public_url}/crl/issuing.crl" in page
    assert "<script" not in page
    assert "style=" not in page


def test_errors_are_pages_here_and_problem_documents_in_the_api(client: FlaskClient, office: Office) -> None:
    page = client.get("/nothing-here")
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "没有找到" in page.text
    api = client.get("/api/v1/nothing-here")
    assert (api.status_code, api.mimetype) == (404, "application/problem+json")
    _staff(office, Role.REVIEWER, login="zhang")
    _sign_in(client, "zhang")
    wrong = client.post("/overview", data={"csrf_token": "x"})
    assert (wrong.status_code, wrong.mimetype) == (405, "text/html")
    assert "GET" in wrong.headers["Allow"]
    assert client.get("/applications/none").status_code == 404


def test_a_name_with_html_is_shown_as_text(client: FlaskClient, office: Office) -> None:
    _application(office, name="<b>某</b>", reason="<script>alert(1)</script>")
    _staff(office, Role.REVIEWER, login="zhang", name="<i>张</i>")
    _sign_in(client, "zhang")
    page = client.get("/applications/A1").text
    assert "&lt;b&gt;某&lt;/b&gt;" in page
    assert "&lt;i&gt;张&lt;/i&gt;" in page
    assert "<b>" not in page
    assert "<script" not in page


@pytest.mark.parametrize(("role", "unmasked"), [(Role.REVIEWER, True), (Role.AUDITOR, False)])
def test_personal_data_is_masked_for_most_and_a_look_is_recorded(
    client: FlaskClient, office: Office, role: Role, *, unmasked: bool
) -> None:
    _application(office)
    _staff(office, role, login="zhang")
    _sign_in(client, "zhang")
    assert CONTACT.id_number not in client.get("/applications").text
    page = client.get("/applications/A1").text
    assert (CONTACT.id_number in page) is unmasked
    assert (CONTACT.email in page) is unmasked
    with office.services.read() as uow:
        looks = [e for e in uow.audit.entries() if e.tag == "ra:application:unmasked"]
    assert [e.actor for e in looks] == (["zhang"] if unmasked else [])


def test_the_scan_may_run_nothing(client: FlaskClient, office: Office) -> None:
    _application(office)
    _staff(office, Role.REVIEWER, login="zhang")
    _sign_in(client, "zhang")
    answer = client.get("/applications/A1/scan")
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")


def test_a_closed_account_loses_its_running_session(app: Flask, office: Office) -> None:
    _staff(office, Role.REVIEWER, login="zhang")
    _staff(office, Role.SECURITY_ADMIN, login="boss")
    reviewer, boss = _client(app), _client(app)
    _sign_in(reviewer, "zhang")
    _sign_in(boss, "boss")
    assert reviewer.get("/overview").status_code == 200
    assert _post(boss, "/staff", "/staff/zhang/disable").status_code == 302
    assert reviewer.get("/overview").location == "/login"
    assert _sign_in(reviewer, "zhang").status_code == 401


def test_the_security_administrator_proposes_an_account_and_sees_its_password_once(
    client: FlaskClient, office: Office
) -> None:
    _staff(office, Role.SECURITY_ADMIN, login="boss")
    _sign_in(client, "boss")
    fields = {"login": "li-2", "name": "李", "unit": CENTRE_CODE, "role": "reviewer"}
    page = _post(client, "/staff", "/staff", **fields)
    found = re.search(r'class="secret">([^<]+)<', page.text)
    assert found
    assert found.group(1) not in client.get("/staff").text + client.get("/proposals").text
    confirm_all(office.services)
    assert _sign_in(client, "li-2", found.group(1)).location == "/overview"
    assert client.get("/overview").location == "/password"


def test_nobody_reviews_what_they_entered(client: FlaskClient, office: Office) -> None:
    _application(office, entered_by="zhang")
    _staff(office, Role.REVIEWER, login="zhang")
    _sign_in(client, "zhang")
    assert "审核通过</button>" not in client.get("/applications/A1").text
    answer = _post(client, "/applications/A1", "/applications/A1/review", act="approve", seen="")
    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert "录入人不能审核自己录入的内容" in answer.text
    with office.services.read() as uow:
        assert uow.applications.get("A1").status is ApplicationStatus.SUBMITTED


def test_an_application_is_approved_by_form_once(client: FlaskClient, office: Office) -> None:
    _application(office)
    _staff(office, Role.REVIEWER, login="zhang")
    _sign_in(client, "zhang")
    seen = re.findall(r'name="seen" value="(\w{64})"', client.get("/applications/A1").text)
    assert _post(client, "/applications/A1", "/applications/A1/review", act="approve", seen="0" * 64).status_code == 409
    fields = {"act": "approve", "seen": seen[0]}
    assert _post(client, "/applications/A1", "/applications/A1/review", **fields).status_code == 302
    with office.services.read() as uow:
        assert uow.applications.get("A1").status is ApplicationStatus.APPROVED
    again = _post(client, "/applications/A1", "/applications/A1/review", **fields)
    assert again.status_code == 409
    assert "状态已变化" in again.text


def test_a_certificate_is_frozen_and_released_by_form(client: FlaskClient, office: Office) -> None:
    serial = office.enrolled().serial
    _staff(office, Role.REVIEWER, login="zhang")
    _sign_in(client, "zhang")
    page, path = f"/certificates/{serial}", f"/certificates/{serial}/status"
    assert 'name="seen" value="active"' in client.get(page).text
    assert _post(client, page, path, act="freeze", seen="active").status_code == 422  # no reason
    assert _post(client, page, path, act="freeze", seen="active", reason="电话报失").status_code == 302
    assert _status(office, serial) is CertificateStatus.FROZEN
    assert _post(client, page, path, act="freeze", seen="active", reason="again").status_code == 409
    assert _post(client, page, path, act="unfreeze", seen="frozen", reason="找到了").status_code == 302
    assert _status(office, serial) is CertificateStatus.ACTIVE


def _status(office: Office, serial: str) -> CertificateStatus:
    with office.services.read() as uow:
        return uow.certificates.get(serial).status


def test_a_stop_goes_by_form_from_the_clerk_to_the_revoked_certificate(app: Flask, office: Office) -> None:
    certificate = office.enrolled()
    assert certificate.holder_id
    _staff(office, Role.CLERK, login="clerk", unit=BANNER)
    _staff(office, Role.REVIEWER, login="zhang")
    clerk, reviewer = _client(app), _client(app)
    _sign_in(clerk, "clerk")
    _sign_in(reviewer, "zhang")
    form = {
        "csrf_token": _token(clerk.get(f"/changes/new/{certificate.holder_id}")),
        "kind": "stop",
        "holder": certificate.holder_id,
        "explanation": "调离",
        "opinion": "同意",
        "transferred": "1",
    }
    assert clerk.post("/changes", data=form).status_code == 422  # no scan
    page = str(clerk.post("/changes", data={**form, "scan": (BytesIO(office.scan), "form.pdf")}).location)
    (path,) = re.findall(r'action="(/changes/\w+/decide)"', reviewer.get(page).text)
    seen = re.findall(r'name="seen" value="(\w{64})"', reviewer.get(page).text)[0]
    decision = {"seen": seen, "decision": "approve", "certificate_act": "revoke"}
    assert _post(clerk, page, path, **decision).status_code == 403
    assert _post(reviewer, page, path, **{**decision, "seen": "0" * 64}).status_code == 409
    execute = path.replace("decide", "execute")
    assert _post(reviewer, page, execute).status_code == 409
    assert _post(reviewer, page, path, **decision).status_code == 302
    assert _post(reviewer, page, execute).status_code == 302
    assert _status(office, certificate.serial) is CertificateStatus.REVOKED
    assert "调离原单位" in reviewer.get(f"/certificates/{certificate.serial}").text


def test_an_imported_sheet_is_reported_by_cell(client: FlaskClient, office: Office) -> None:
    assert office.school  # the units are there
    roster = make_roster(make_units(schools=60, league_code=LEAGUE).units, rows=30)
    _staff(office, Role.CLERK, login="clerk", unit=LEAGUE)
    _sign_in(client, "clerk")
    files = {"sheet": (BytesIO(roster.xlsx), "roster.xlsx"), "scan": (BytesIO(office.scan), "form.pdf")}
    token = _token(client.get("/applications/import"))
    answer = client.post("/applications/import", data={"csrf_token": token, "unit": LEAGUE, **files})
    assert answer.status_code == 302
    page = client.get(answer.location)
    assert f"只录入没有错误的 {len(roster.good)} 行" in page.text
    for row, column in roster.errors:
        cells = rf'<td data-label="行">{row}</td><td data-label="列">\w+</td><td data-label="项目">{column.value}</td>'
        assert re.search(cells, page.text), (row, column)
