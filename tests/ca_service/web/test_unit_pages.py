"""The forms about units and the roster, as a browser sends them: stale ones, wrong ones, and what is never shown."""

import re
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from werkzeug.test import TestResponse

from ca_service.app import create_console
from ca_service.domain.roles import Role
from ca_service.domain.unit_cases import Order, UnitAct
from ca_service.domain.units import CENTRE_CODE, UnitStatus
from ca_service.wiring import Wiring
from tests.ca_service.office import BANNER, LEAGUE, Office
from tests.ca_service.units.acts import propose, unit
from tests.ca_service.units.test_roster import TEXTS
from tests.ca_service.web.test_console import _client, _post, _sign_in, _staff, _token


@pytest.fixture
def app(wiring: Wiring) -> Flask:
    return create_console(wiring)


def _signed_in(app: Flask, office: Office, role: Role, unit_code: str = CENTRE_CODE) -> FlaskClient:
    login = f"{role.value}-web"
    _staff(office, role, login=login, unit=unit_code)
    client = _client(app)
    _sign_in(client, login)
    return client


def _seen(answer: TestResponse) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', answer.text)
    assert found, answer.text
    return found.group(1)


def test_a_school_is_closed_by_two_forms_and_a_stale_one_is_refused(app: Flask, office: Office) -> None:
    admin = _signed_in(app, office, Role.CA_ADMIN)
    security = _signed_in(app, office, Role.SECURITY_ADMIN)
    page = f"/units/{office.school}/close"
    preview = admin.get(f"{page}?look=1&stop_people=1")
    fields = {"stop_people": "1", "ground": "示范发〔2026〕1号", "seen": _seen(preview)}
    assert _post(admin, page, page, **{**fields, "stop_people": ""}).status_code == 409
    assert _post(admin, page, page, **{**fields, "ground": ""}).status_code == 422
    case = _post(admin, page, page, **fields).location
    assert _post(admin, case, case, act="confirm", seen=fields["seen"]).status_code == 403
    seen = _seen(security.get(case))
    office.holder()
    stale = _post(security, case, case, act="confirm", seen=seen)
    assert (stale.status_code, "重新预览" in stale.text) == (409, True)
    assert "情况已有变化" in security.get(case).text
    assert _post(security, case, case, act="confirm", seen=_seen(security.get(case))).location == case
    assert unit(office, office.school).status is UnitStatus.CLOSED
    done = security.get(case).text
    assert "已办理" in done
    assert "停用账号" in done
    assert "已撤销" in admin.get(f"/units/{office.school}").text


def test_obstacles_are_shown_and_leave_no_form_to_propose(app: Flask, office: Office) -> None:
    office.enrolled()
    admin = _signed_in(app, office, Role.CA_ADMIN)
    text = admin.get(f"/units/{office.school}/close?look=1").text
    assert "1 名在用人员、1 张未吊销的证书" in text
    assert 'name="seen"' not in text
    for path in (f"/units/{office.school}/dance", "/units/nothing", "/units/cases/nothing"):
        assert admin.get(path).status_code == 404
    assert admin.get(f"/units/{office.school}/move?look=1&target=").status_code == 422


def test_a_case_is_withdrawn_and_its_page_knows_no_other_act(app: Flask, office: Office) -> None:
    case = propose(office, Order(UnitAct.RENAME, office.school, name="示范第一实验小学"))
    admin = _signed_in(app, office, Role.CA_ADMIN)
    path = f"/units/cases/{case.id}"
    assert _post(admin, path, path, act="dance").status_code == 422
    assert _post(admin, path, path, act="withdraw").status_code == 302
    assert "已撤回" in admin.get("/units/cases").text


def test_a_unit_is_registered_and_corrected_by_form(app: Flask, office: Office) -> None:
    assert office.school
    admin = _signed_in(app, office, Role.CA_ADMIN)
    fields = {
        "code": "2115900001", "name": "示范新校", "kind": "school", "parent": BANNER, "area_code": BANNER,
        "school_type": "小学", "credit_code": "", "ground": "示范发〔2026〕2号",
    }  # fmt: skip
    assert "信用代码" in _post(admin, "/units/new", "/units/new", **{**fields, "credit_code": "1" * 18}).text
    for wrong in ({"kind": "x"}, {"school_type": "x"}, {"ground": ""}, {"code": "1"}):
        assert _post(admin, "/units/new", "/units/new", **{**fields, **wrong}).status_code == 422
    assert _post(admin, "/units/new", "/units/new", **fields).location == "/units/2115900001"
    page = "/units/2115900001"
    right = {"school_type": "218", "credit_code": "", "ground": "更正"}
    assert _post(admin, page, f"{page}/correct", **right).location == page
    assert "小学教学点（218）" in admin.get(page).text


def test_a_file_of_units_is_reported_by_row(app: Flask, office: Office) -> None:
    assert office.school
    admin = _signed_in(app, office, Role.CA_ADMIN)
    rows = "code,name,kind,parent,area_code,school_type\n2115900001,<b>校</b>,school,150302,150302,211\n"
    rows += "2115900002,示范二校,school,150302,150302,211\n"

    def send(mode: str) -> TestResponse:
        token = _token(admin.get("/units/import"))
        data = {"csrf_token": token, "mode": mode, "file": (BytesIO(rows.encode()), "units.csv")}
        return admin.post("/units/import", data=data)

    assert "没有登记任何单位" in send("all-or-nothing").text
    assert send("x").status_code == 422
    text = send("good-rows").text
    assert "新登记 <strong>1</strong> 个" in text
    assert "<td>2</td>" in text
    assert "<b>校" not in admin.get("/units?q=21159").text


def test_the_roster_is_masked_until_a_recorded_look_and_exported_for_a_reason(app: Flask, office: Office) -> None:
    clerk = _signed_in(app, office, Role.CLERK, LEAGUE)
    page = f"/roster/{office.school}"
    assert _post(clerk, page, page, duty="leader", **{**TEXTS, "mobile": "1"}).status_code == 422
    assert _post(clerk, page, page, duty="x", **TEXTS).status_code == 422
    assert _post(clerk, page, page, duty="leader", **TEXTS).location == page
    for path in (page, "/roster", f"/units/{office.school}"):
        assert TEXTS["mobile"] not in clerk.get(path).text
    shown = _post(clerk, page, f"{page}/reveal").text
    assert TEXTS["mobile"] in shown
    assert _post(clerk, "/roster", "/roster/export", reason="").status_code == 422
    sent = _post(clerk, "/roster", "/roster/export", reason="年度核对")
    assert office.school not in sent.headers["Content-Disposition"]
    assert load_workbook(BytesIO(sent.data)).worksheets[0].cell(3, 9).value == TEXTS["mobile"]
    (person,) = set(re.findall(r'name="instead_of" value="(\w+)"', shown))
    assert _post(clerk, page, f"{page}/remove", person=person).location == page
    assert _post(clerk, page, f"{page}/remove", person=person).status_code == 409
    assert "以前的填报" in clerk.get(page).text


def test_the_table_is_checked_and_taken_by_form(app: Flask, office: Office) -> None:
    assert office.school
    clerk = _signed_in(app, office, Role.CLERK, LEAGUE)
    table = _post(clerk, "/roster", "/roster/export", reason="填报", with_empty="1").data
    book = load_workbook(BytesIO(table))
    for column, text in enumerate(TEXTS.values(), 5):
        book.worksheets[0].cell(3, column).value = text
    book.worksheets[0].cell(4, 5).value = "A"
    filled = BytesIO()
    book.save(filled)

    def send(mode: str) -> TestResponse:
        data = {"csrf_token": _token(clerk.get("/roster/import")), "mode": mode}
        return clerk.post("/roster/import", data={**data, "file": (BytesIO(filled.getvalue()), "t.xlsx")})

    assert "没有存入任何一条" in send("all-or-nothing").text
    assert "（未存入）" in send("check").text
    text = send("good-rows").text
    assert "新填报 <strong>1</strong> 条" in text
    assert "<td>4</td>" in text
    assert send("x").status_code == 422
