"""Forms printed from the records: the whole data on the paper, none in names and addresses, each print recorded."""

from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import text as sql

from ca_service.cli.base import Call
from ca_service.cli.main import main
from ca_service.domain.audit import Tag
from ca_service.domain.changes import ChangeKind, Particular
from ca_service.domain.paper import PaperCode, parse_paper_code
from ca_service.domain.roles import Role
from ca_service.intake.scan_pages import render_pages
from ca_service.wiring import Wiring
from ca_service.workflows import change
from ca_service.workflows.paper_forms import application_form_of
from tests.ca_service.desk import Desk, id_number
from tests.ca_service.office import LEAGUE, Office, actor
from tests.ca_service.paper.people import signed_in
from tests.ca_service.web.test_console import _staff

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


def _text(pdf: bytes) -> str:
    return "".join("".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def _code(pdf: bytes) -> PaperCode | None:
    (page,) = render_pages(pdf)
    return parse_paper_code(page.codes[0])


def test_a_clerk_prints_an_application_and_the_print_is_recorded(app: Flask, office: Office, desk: Desk) -> None:
    made = desk.enter(3, name="示范甲")
    answer = signed_in(app, office, Role.CLERK).get(f"/applications/{made.id}/form.pdf")
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={made.id}.pdf"
    text = _text(answer.data)
    for value in (
        "示范甲",
        id_number(3),
        "p3@example.com",
        "19900000003",
        "211小学",
        "某街一号",
        "☑教师系统信息管理员",
    ):
        assert value in text
    code = _code(answer.data)
    assert code is not None
    assert code.subject == made.id
    assert desk.audited(Tag.APPLICATION_UNMASKED) == [(f"clerk-{LEAGUE}", made.id)]


def test_a_print_tells_which_content_was_printed(office: Office, desk: Desk, wiring: Wiring) -> None:
    made = desk.enter()
    first = application_form_of(office.services, office.clerk, made.id).code
    assert application_form_of(office.services, office.clerk, made.id).code == first
    desk.at_centre(made)
    assert application_form_of(office.services, office.clerk, made.id).code == first
    with wiring.database.engine.begin() as connection:
        connection.execute(sql("UPDATE application SET address = '别处'"))
    assert application_form_of(office.services, office.clerk, made.id).code != first


def test_who_sees_data_masked_prints_nothing(app: Flask, office: Office, desk: Desk) -> None:
    made = desk.enter()
    client = signed_in(app, office, Role.CUSTODIAN)
    assert client.get(f"/applications/{made.id}/form.pdf").status_code == 403
    assert "打印申请单" not in client.get(f"/applications/{made.id}").text


def test_a_change_form_is_printed_by_command(office: Office, desk: Desk, wiring: Wiring, tmp_path: Path) -> None:
    holder = desk.confirmed(desk.enter(5, name="示范乙"))
    form = change.Form(
        ChangeKind.INFORMATION_CHANGE, holder, "更换号码", "", False, office.scan, "form.pdf",
        after={Particular.MOBILE: "19900004321"},
    )  # fmt: skip
    case = change.submit(office.services, actor(Role.CLERK, LEAGUE), form)
    staff = _clerk(office)
    call, out = Call(), tmp_path / "case.pdf"
    call.__dict__.update(wiring=wiring, config=wiring.config)
    done = CliRunner().invoke(main, ["changes", "form", case.id, "--output", str(out), "--as", staff], obj=call)
    assert done.exit_code == 0, done.output
    assert out.stat().st_mode & 0o077 == 0
    text = _text(out.read_bytes())
    for value in ("示范乙", id_number(5), "手机号码1990000000519900004321", "☑信息变更", "更换号码"):
        assert value in text
    assert desk.audited(Tag.CHANGE_UNMASKED) == [(staff, case.id)]


def _clerk(office: Office) -> str:
    return _staff(office, Role.CLERK, unit=LEAGUE).login
