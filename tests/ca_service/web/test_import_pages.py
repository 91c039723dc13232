"""The pages of import, batches and the form of one person, as a browser meets them."""

import re
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from werkzeug.test import TestResponse

from ca_service.app import create_console
from ca_service.domain.applications import ApplicationStatus
from ca_service.domain.roles import Role
from ca_service.intake.columns import Column
from ca_service.wiring import Wiring
from ca_service.workflows import review
from ca_service.workflows.register import import_batch
from tests.ca_service.office import BANNER, LEAGUE, Office, actor
from tests.ca_service.sheets import SCHOOLS, person, sheet, upload
from tests.ca_service.web.test_console import _client, _post, _sign_in, _staff, _token

HERE = next(number for number, unit in enumerate(SCHOOLS) if unit.parent_code == BANNER)
pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


@pytest.fixture
def app(wiring: Wiring) -> Flask:
    return create_console(wiring)


@pytest.fixture
def clerk(app: Flask, office: Office) -> FlaskClient:
    """The browser of a league's clerk."""
    assert office.school
    _staff(office, Role.CLERK, login="clerk", unit=LEAGUE)
    client = _client(app)
    _sign_in(client, "clerk")
    return client


def _upload(clerk: FlaskClient, office: Office, content: bytes, name: str = "登记表.xlsx") -> TestResponse:
    files = {"sheet": (BytesIO(content), name), "scan": (BytesIO(office.scan), "form.pdf")}
    token = _token(clerk.get("/applications/import"))
    return clerk.post("/applications/import", data={"csrf_token": token, "unit": LEAGUE, **files})


def _count(office: Office) -> int:
    with office.services.read() as uow:
        return uow.applications.count()


def test_a_sheet_is_tried_given_back_and_its_good_rows_taken(clerk: FlaskClient, office: Office) -> None:
    place = _upload(clerk, office, sheet(person(0), person(1, NAME="<b>x</b>"))).location
    page = clerk.get(place).text
    assert "尚未登记任何内容" in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert _count(office) == 0
    assert place in clerk.get("/applications/import").text
    marked = clerk.get(f"{place}/marked.xlsx")
    assert load_workbook(BytesIO(marked.data)).worksheets[0]["B3"].comment
    assert "attachment" in marked.headers["Content-Disposition"]
    assert _post(clerk, place, place, act="nonsense").status_code == 422
    taken = _post(clerk, place, place, act="good")
    assert (taken.status_code, _count(office)) == (302, 1)
    batch = clerk.get(taken.location).text
    assert "汉字和间隔号" in batch or "尖括号" in batch
    assert clerk.get(place).status_code == 404
    assert load_workbook(BytesIO(clerk.get(f"{taken.location}/marked.xlsx").data)).worksheets[0]["B3"].comment
    assert taken.location in clerk.get("/batches").text


def test_a_whole_sheet_is_taken_or_dropped(clerk: FlaskClient, office: Office) -> None:
    place = _upload(clerk, office, sheet(person(0))).location
    assert "全部录入（1 行）" in clerk.get(place).text
    assert _post(clerk, place, place, act="drop").location == "/applications/import"
    assert (clerk.get(place).status_code, _count(office)) == (404, 0)
    place = _upload(clerk, office, sheet(person(0), person(1, NAME="<b>"))).location
    assert _post(clerk, place, place, act="all").status_code == 422
    assert _count(office) == 0


def test_a_similar_unit_is_picked_on_the_page(clerk: FlaskClient, office: Office) -> None:
    short = SCHOOLS[0].name[3:]
    place = _upload(clerk, office, sheet(person(0, UNIT=short))).location
    page = clerk.get(place).text
    assert 'name="unit_2"' in page
    assert f'value="{SCHOOLS[0].code}"' in page
    assert _post(clerk, place, place, act="check", unit_2=SCHOOLS[0].code).location == place
    assert "全部录入（1 行）" in clerk.get(place).text
    assert _post(clerk, place, place, act="all").status_code == 302
    with office.services.read() as uow:
        assert [a.unit_code for a in uow.applications.find()] == [SCHOOLS[0].code]


@pytest.mark.parametrize(("content", "told"), [(b"", "文件是空的"), (b"%PDF-1.7", "不是电子表格"), (b"x,y", "表头")])
def test_a_file_that_is_no_roster_is_told_and_leaves_nothing(
    clerk: FlaskClient, office: Office, content: bytes, told: str
) -> None:
    answer = _upload(clerk, office, content, "a.csv")
    assert answer.status_code == 422
    assert told in answer.text
    with office.services.read() as uow:
        assert uow.drafts.count() == 0


def test_the_template_is_downloaded_and_a_foreign_unit_refused(clerk: FlaskClient, office: Office) -> None:
    book = load_workbook(BytesIO(clerk.get("/applications/import/template.xlsx").data))
    assert book.sheetnames == ["用户CA信息", "填写说明"]
    files = {"sheet": (BytesIO(sheet(person(0))), "a.xlsx"), "scan": (BytesIO(office.scan), "form.pdf")}
    token = _token(clerk.get("/applications/import"))
    answer = clerk.post("/applications/import", data={"csrf_token": token, "unit": "150400", **files})
    assert answer.status_code == 403
    assert "本单位及下级单位" in answer.text


def test_a_batch_is_undone_on_its_page_once(clerk: FlaskClient, office: Office) -> None:
    place = _upload(clerk, office, sheet(person(0))).location
    batch = _post(clerk, place, place, act="all").location
    assert "撤销整批" in clerk.get(batch).text
    assert _post(clerk, batch, f"{batch}/undo", seen="taken").status_code == 422  # no reason
    assert _post(clerk, batch, f"{batch}/undo", seen="taken", reason="传错了").location == batch
    assert "已撤销" in clerk.get(batch).text
    assert "撤销整批" not in clerk.get(batch).text
    assert _post(clerk, "/password", f"{batch}/undo", seen="taken", reason="again").status_code == 409


def _fields(number: int = HERE, **deviation: str) -> dict[str, str]:
    values = {column.name: text for column, text in person(number).items()}
    return {**values, "USER_TYPE": "信息管理员", "CERTIFICATE": "是", "has_account": "no", "act": "", **deviation}


def _submit(clerk: FlaskClient, path: str, fields: dict[str, str], scan: bytes = b"") -> TestResponse:
    page = clerk.get(path).text
    hidden = dict(re.findall(r'name="(csrf_token|seen)" value="([^"]*)"', page))
    files = {"scan": (BytesIO(scan), "form.pdf")} if scan else {}
    return clerk.post(path, data={**hidden, **fields, **files})


def test_the_form_page_keeps_what_was_typed_and_the_scan(clerk: FlaskClient, office: Office) -> None:
    typed = _fields(MOBILE="123", REMARKS="<i>备注</i>", NAME="示范人")
    answer = _submit(clerk, "/applications/new", typed, office.scan)
    assert answer.status_code == 422
    page = answer.text
    assert 'id="wrong-MOBILE"' in page
    assert 'aria-describedby="wrong-MOBILE"' in page
    assert 'value="123"' in page
    assert "&lt;i&gt;备注&lt;/i&gt;" in page
    assert 'id="wrong-REMARKS"' in page
    assert "已收到 form.pdf" in page
    kept = re.search(r'name="kept" value="(D\w+)"', page)
    assert kept
    done = _submit(clerk, "/applications/new", _fields(kept=kept[1]))
    assert done.status_code == 302
    shown = clerk.get(done.location).text
    assert "是否申请证书" in shown
    with office.services.read() as uow:
        assert (uow.applications.count(), uow.drafts.count()) == (1, 0)


def test_an_empty_form_names_every_field(clerk: FlaskClient) -> None:
    answer = _submit(clerk, "/applications/new", {})
    assert answer.status_code == 422
    wrong = set(re.findall(r'id="wrong-(\w+)"', answer.text))
    assert wrong == {column.name for column in Column} - {"SCHOOL_TYPE", "REMARKS"} | {"SCAN"}


def test_a_returned_application_is_mended_on_its_page_and_a_stale_page_told(clerk: FlaskClient, office: Office) -> None:
    report = import_batch(office.services, office.clerk, upload(office, person(HERE)))
    own = report.taken[0].id
    review.give_back(office.services, actor(Role.REVIEWER, BANNER), [own], reason="手机号码不一致")
    assert f"/applications/{own}/edit" in clerk.get(f"/applications/{own}").text
    page = clerk.get(f"/applications/{own}/edit").text
    assert "手机号码不一致" in page
    assert f'value="{person(HERE)[Column.ID_NUMBER]}"' in page
    bad = _submit(clerk, f"/applications/{own}/edit", _fields(MOBILE="1"))
    assert (bad.status_code, "手机号码不一致" in bad.text) == (422, True)
    stale = dict(re.findall(r'name="(csrf_token|seen)" value="([^"]*)"', page))
    assert _submit(clerk, f"/applications/{own}/edit", _fields(MOBILE="19900008888")).status_code == 302
    answer = clerk.post(f"/applications/{own}/edit", data={**_fields(MOBILE="19900007777"), **stale})
    assert answer.status_code == 409
    assert "已经过时" in answer.text
    with office.services.read() as uow:
        found = uow.applications.get(own)
    assert (found.status, found.contact.mobile) == (ApplicationStatus.SUBMITTED, "19900008888")


def test_the_pages_are_in_chinese_and_run_no_script(clerk: FlaskClient, office: Office) -> None:
    place = _upload(clerk, office, sheet(person(0), person(1, NAME="<b>"))).location
    for path in ("/applications/import", place, "/batches", "/applications/new"):
        page = clerk.get(path).text
        assert "<script" not in page
        assert "style=" not in page
        text = re.sub(r"<[^>]+>", " ", page[page.index("<main") :])
        words = set(re.findall(r"[A-Za-z]{3,}", text)) - {"xlsx", "xls", "csv", "PDF", "JPEG", "PNG", "MiB"}
        assert words == set(), (path, words)
