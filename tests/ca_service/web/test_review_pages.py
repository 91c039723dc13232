"""Review, conflict and change pages as browsers send them: what is left out, made up or late is told, never a 5xx."""

import re
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ca_service.app import create_console
from ca_service.domain.applications import ApplicationStatus
from ca_service.domain.changes import ChangeStatus
from ca_service.domain.roles import Role
from ca_service.wiring import Wiring
from tests.ca_service.desk import CENTRE, Desk, id_number
from tests.ca_service.office import BANNER, LEAGUE, Office
from tests.ca_service.web.test_console import _client, _post, _sign_in, _staff, _token

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


@pytest.fixture
def app(wiring: Wiring) -> Flask:
    return create_console(wiring)


@pytest.fixture
def desk(office: Office) -> Desk:
    assert office.school
    return Desk(office)


def _signed_in(app: Flask, office: Office, role: Role, unit: str = CENTRE) -> FlaskClient:
    login = f"{role.value}-{unit}"
    _staff(office, role, login=login, unit=unit)
    client = _client(app)
    _sign_in(client, login)
    return client


def _shown(page: str) -> list[str]:
    return re.findall(r'name="shown" value="([^"]+)"', page)


def test_a_batch_is_decided_on_one_page_and_the_result_says_what_became_of_each(
    app: Flask, office: Office, desk: Desk
) -> None:
    made = [desk.enter(person, unit=unit) for person, unit in enumerate(desk.schools()[:3])]
    client = _signed_in(app, office, Role.REVIEWER, BANNER)
    page = client.get("/review").text
    assert id_number(0) not in page
    fields = {"csrf_token": _token(client.get("/review")), "shown": _shown(page), f"reason:{made[1].id}": "缺少公章"}
    result = client.post("/review", data={**fields, "pass": [made[0].id, made[1].id]})
    assert result.status_code == 200
    for text in ("已办理 2 份", "1 份未办理", "已上报", "已退回", "缺少公章"):
        assert text in result.text
    states = [desk.application(a.id).status for a in made]
    assert states == [ApplicationStatus.SUBMITTED, ApplicationStatus.RETURNED, ApplicationStatus.SUBMITTED]
    again = client.post("/review", data={**fields, "pass": [made[0].id]})
    assert again.status_code == 409
    assert "全部未作更改" in again.text


def test_a_batch_in_the_address_comes_with_all_rows_chosen(app: Flask, office: Office, desk: Desk) -> None:
    made = desk.enter()
    client = _signed_in(app, office, Role.REVIEWER, BANNER)
    assert " checked" not in client.get("/review").text
    assert " checked" in client.get(f"/review?batch={made.batch_id}").text
    assert "没有等待本单位审核的符合条件的申请" in client.get("/review?batch=none").text


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 422),
        ({"shown": "x"}, 422),
        ({"shown": ":", "pass": ""}, 422),
        ({"shown": "none:0", "pass": "none"}, 422),
        ({"pass": "A1"}, 422),
    ],
)
def test_a_made_up_act_is_told(app: Flask, office: Office, desk: Desk, fields: dict[str, str], status: int) -> None:
    client = _signed_in(app, office, Role.REVIEWER, BANNER)
    assert _post(client, "/login", "/review", **fields).status_code == status


def test_an_unknown_or_foreign_filter_is_told(app: Flask, office: Office, desk: Desk) -> None:
    client = _signed_in(app, office, Role.REVIEWER, LEAGUE)
    answers = {
        path: client.get(path).status_code for path in ("/review?unit=1", "/review?unit=150400", "/review?page=x")
    }
    assert list(answers.values()) == [404, 403, 200]
    for path in ("/review/conflicts?status=x", "/changes?kind=x", "/changes?status=x"):
        assert client.get(path).status_code == 422
    for path in ("/review/conflicts/none", "/changes/none", "/changes/none/scan"):
        assert client.get(path).status_code == 404


def test_a_conflict_is_settled_on_the_page_that_shows_both(app: Flask, office: Office, desk: Desk) -> None:
    for unit in desk.schools()[:2]:
        desk.enter(1, unit=unit)
    client = _signed_in(app, office, Role.REVIEWER, BANNER)
    (path,) = set(re.findall(r'href="(/review/conflicts/K\w+)"', client.get("/review/conflicts").text))
    page = client.get(path).text
    assert page.count(id_number(1)) == 2
    seen = {name: re.findall(rf'name="{name}" value="(\w+)"', page)[0] for name in ("seen_first", "seen_second")}
    assert _post(client, path, path, decision="melt", reason="x", **seen).status_code == 422
    assert _post(client, path, path, decision="keep-both", reason="", **seen).status_code == 422
    assert _post(client, path, path, decision="keep-both", reason="兼任").status_code == 409
    assert _post(client, path, path, decision="keep-both", reason="兼任", **seen).status_code == 302
    assert "保留双方" in client.get(path).text
    auditor = _signed_in(app, office, Role.AUDITOR)
    assert id_number(1) not in auditor.get(path).text
    assert _signed_in(app, office, Role.REVIEWER, "150400").get(path).status_code == 403


def test_a_change_form_is_found_filled_in_returned_mended_and_decided_by_pages(
    app: Flask, office: Office, desk: Desk
) -> None:
    holder = desk.confirmed(desk.enter())
    clerk = _signed_in(app, office, Role.CLERK, LEAGUE)
    found = _post(clerk, "/changes/new", "/changes/new", words=id_number(1))
    assert f"/changes/new/{holder}" in found.text
    assert id_number(1) not in found.text
    blank = clerk.get(f"/changes/new/{holder}")
    fields = {"csrf_token": _token(blank), "holder": holder, "kind": "information-change", "after_name": "示范新"}
    fields |= {"explanation": "户籍更名", "opinion": "同意", "signed_unit-stamp": "2026-01-05"}

    def send(**changed: str) -> tuple[int, str]:
        scan = (BytesIO(office.scan), "form.pdf")
        answer = clerk.post("/changes", data={**fields, **changed, "scan": scan})
        return answer.status_code, str(answer.location)

    for wrong in ({"kind": "x"}, {"signed_unit-stamp": "yesterday"}, {"after_name": "<b>"}, {"explanation": ""}):
        assert send(**wrong)[0] == 422
    status, page = send()
    assert status == 302
    banner = _signed_in(app, office, Role.REVIEWER, BANNER)
    shown = banner.get(page).text
    assert "变更后" in shown
    assert "示范新" in shown
    seen = re.findall(r'name="seen" value="(\w{64})"', shown)[0]
    assert banner.get(f"{page}/scan").mimetype == "application/pdf"
    assert _post(banner, page, f"{page}/review", act="melt", seen=seen).status_code == 422
    assert _post(banner, page, f"{page}/review", act="return", seen=seen, reason="说明不清").status_code == 302
    assert "说明不清" in clerk.get(page).text
    mended = {**fields, "csrf_token": _token(clerk.get(page)), "act": "resubmit", "explanation": "户口本更名"}
    assert clerk.post(f"{page}/review", data=mended).status_code == 302
    assert _post(banner, page, f"{page}/review", act="forward", seen=seen).status_code == 409
    fresh = re.findall(r'name="seen" value="(\w{64})"', banner.get(page).text)[0]
    assert _post(banner, page, f"{page}/review", act="forward", seen=fresh).status_code == 302
    centre = _signed_in(app, office, Role.REVIEWER)
    assert "没有逐级上报" in centre.get(page).text
    assert _post(centre, page, f"{page}/decide", decision="approve", seen=fresh).status_code == 302
    assert _post(centre, page, f"{page}/execute").status_code == 302
    with office.services.read() as uow:
        assert uow.holders.get(holder).name == "示范新"
        assert uow.changes.get(page.rsplit("/", 1)[1]).status is ChangeStatus.EXECUTED


def test_html_and_long_words_in_forms_stay_text(app: Flask, office: Office, desk: Desk) -> None:
    holder = desk.confirmed(desk.enter())
    clerk = _signed_in(app, office, Role.CLERK, LEAGUE)
    fields = {"csrf_token": _token(clerk.get(f"/changes/new/{holder}")), "holder": holder, "kind": "unlock"}
    scan = (BytesIO(office.scan), "form.pdf")
    page = clerk.post("/changes", data={**fields, "explanation": "<script>alert(1)</script>", "scan": scan}).location
    assert "<script" not in clerk.get(str(page)).text
    long = _post(clerk, "/changes/new", "/changes/new", words="长" * 5000)
    assert long.status_code == 200
