"""The auditor at the console and on the command line: looks for entries, opens one, takes a table along."""

import json
import re
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ca_service.app import create_console
from ca_service.cli.main import main
from ca_service.domain.audit import Tag
from ca_service.domain.audit_filter import AuditFilter
from ca_service.domain.roles import Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.wiring import Wiring
from ca_service.workflows import incidents
from tests.ca_service.office import Office
from tests.ca_service.web.people import account
from tests.ca_service.web.test_console import _client, _sign_in, _token

pytestmark = [pytest.mark.parametrize("config", ["sqlite"], indirect=True), pytest.mark.usefixtures("quick_hashes")]
_EVIL = '=HYPERLINK("http://attacker.example","x")'


@pytest.fixture
def app(wiring: Wiring) -> Flask:
    return create_console(wiring)


@pytest.fixture
def auditor(app: Flask, office: Office) -> FlaskClient:
    """Signed in; a token was reported lost with a reason that would be a formula."""
    office.handed_over()
    incidents.report_lost(office.services, office.custodian, "T1", reason=_EVIL)
    account(office.services, "shen", Role.AUDITOR)
    client = _client(app)
    _sign_in(client, "shen")
    return client


def _numbers(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'href="/audit/(\d+)"', page)]


def _newest(office: Office, tag: Tag) -> int:
    with office.services.read() as uow:
        return uow.audit.find(AuditFilter(tags=(tag,)), limit=1)[0].seq


def test_the_page_says_in_chinese_what_happened_and_keeps_the_code_in_reach(
    auditor: FlaskClient, office: Office
) -> None:
    page = auditor.get("/audit").text
    for text in ("介质挂失", "原因：</span>=HYPERLINK(", "控制台", "示范人（shen）", "派发介质", "核验无误"):
        assert text in page
    assert 'title="media:medium:lost"' in page
    with office.services.read() as uow:
        (lost,) = uow.audit.find(AuditFilter(tags=(Tag.MEDIUM_LOST,)), limit=2)
    assert f'title="{lost.at[:19].replace("T", " ")} UTC"' in page


@pytest.mark.parametrize(
    ("query", "tags"),
    [
        ("act=media:medium:lost", {Tag.MEDIUM_LOST}),
        (
            "act=media&subject=T1",
            {Tag.MEDIUM_LOST, Tag.MEDIUM_REGISTERED, Tag.MEDIUM_INITIALISED, Tag.MEDIUM_HANDED_OVER},
        ),
        ("actor=shen", {Tag.STAFF_SIGNED_IN}),
        (f"unit={CENTRE_CODE}&exact=1&actor=directory-{CENTRE_CODE}", {Tag.PUSH_RECEIVED}),
        ("act=media&until=2020-01-01", set()),
        ("act=staff&since=2020-01-01&actor=%20shen%20", {Tag.STAFF_SIGNED_IN}),
    ],
)
def test_what_is_asked_for_is_what_is_shown(auditor: FlaskClient, office: Office, query: str, tags: set[Tag]) -> None:
    page = auditor.get(f"/audit?{query}").text
    with office.services.read() as uow:
        by_number = {entry.seq: entry.tag for entry in uow.audit.entries()}
    assert {by_number[number] for number in _numbers(page)} == tags
    assert ("没有符合条件" in page) is (not tags)


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [
        ("act=nonsense", 422, "没有“nonsense”这种事项"),
        ("since=tomorrow", 422, "起始日期应写成"),
        ("since=0001-01-01", 422, "起始日期超出范围"),
        ("until=9999-12-31", 422, "截止日期超出范围"),
        ("since=2026-11-24&until=2026-11-01", 422, "晚于截止日期"),
        ("unit=999999", 404, "999999"),
        ("subject=" + "x" * 121, 422, "过长"),
        ("actor=%00", 422, "不能显示的字符"),
        ("below=x", 404, "没有序号"),
        ("above=-1", 404, "没有序号"),
        ("below=%D9%A3", 404, "没有序号"),
        ("below=999999999999", 200, "介质挂失"),
        ("above=999999999999", 200, "没有"),
        ("below=0", 200, "没有"),
    ],
)
def test_what_cannot_be_asked_is_told(auditor: FlaskClient, query: str, status: int, told: str) -> None:
    answer = auditor.get(f"/audit?{query}")
    assert answer.status_code == status
    assert told in answer.text


@pytest.mark.parametrize("seq", ["0", "999999999999", "9999999999999999999999", "x", "-1", "1e3"])
def test_an_entry_that_there_is_not_is_not_found(auditor: FlaskClient, seq: str) -> None:
    assert auditor.get(f"/audit/{seq}").status_code == 404


def test_an_entrys_page_shows_all_fields_both_hashes_and_the_ways_on(auditor: FlaskClient, office: Office) -> None:
    seq = _newest(office, Tag.MEDIUM_LOST)
    page = auditor.get(f"/audit/{seq}").text
    with office.services.read() as uow:
        (entry,) = uow.audit.find(AuditFilter(), below=seq + 1, limit=1)
    for text in (entry.at, entry.tag, entry.actor, entry.hash.hex(), entry.previous.hex(), "与前后记录的链接完好"):
        assert text in page
    assert 'href="/media/T1"' in page
    assert auditor.get("/media/T1").status_code == 200
    assert {seq - 1, seq + 1} <= set(_numbers(page))


def test_the_filter_stays_from_page_to_page(auditor: FlaskClient, office: Office) -> None:
    for number in range(60):
        office.token(f"X{number}")
    first = auditor.get("/audit?act=media:medium:registered").text
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    second = auditor.get(older.group(1).replace("&amp;", "&")).text
    assert (len(_numbers(first)), len(_numbers(second))) == (50, 11)
    assert min(_numbers(first)) > max(_numbers(second))
    newer = re.search(r'rel="prev" href="([^"]+)"', second)
    assert newer
    assert _numbers(auditor.get(newer.group(1).replace("&amp;", "&")).text) == _numbers(first)


def test_the_whole_chain_is_verified_on_demand_and_a_break_is_told_in_chinese(
    auditor: FlaskClient, wiring: Wiring
) -> None:
    for number in range(30):
        Office(wiring.services).token(f"X{number}")
    token = _token(auditor.get("/audit"))
    assert "逐条核验无误" in auditor.post("/audit/verify", data={"csrf_token": token}).text
    with wiring.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_entry SET subject = 'T9' WHERE seq = 12")
    page = auditor.post("/audit/verify", data={"csrf_token": token}).text
    assert "第 12 条处断裂（内容或哈希被改动）" in page
    assert "内容与记录的哈希不符" in auditor.get("/audit/12").text


def _export(client: FlaskClient, **asked: str) -> TestResponse:
    return client.post("/audit/export", data={"csrf_token": _token(client.get("/audit")), **asked})


def _sheet(answer: TestResponse) -> Any:
    return openpyxl.load_workbook(BytesIO(answer.data)).active


def test_an_export_holds_words_and_originals_and_no_cell_is_a_formula(auditor: FlaskClient, office: Office) -> None:
    answer = _export(auditor, act="media", subject="T1")
    assert answer.status_code == 200
    sheet = _sheet(answer)
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    by_heading = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    lost = by_heading[-1]
    assert (lost["事项"], lost["事项（原文）"], lost["对象"]) == ("介质挂失", "media:medium:lost", "T1")
    assert _EVIL in lost["详情"]
    assert json.loads(lost["详情（原文）"]) == {"reason": _EVIL}
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None} == {"s"}
    with office.services.read() as uow:
        assert uow.audit.head()[0] == _newest(office, Tag.AUDIT_EXPORTED)


def test_a_subject_that_begins_as_a_formula_is_quoted_in_the_export(auditor: FlaskClient, office: Office) -> None:
    with office.services.begin() as uow:
        uow.audit.append(office.custodian, Tag.MEDIUM_LOST, "=1+1", unit=CENTRE_CODE)
    sheet = _sheet(_export(auditor, subject="=1+1"))
    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row if cell.value == "=1+1"]
    assert [(cell.data_type, cell.quotePrefix) for cell in cells] == [("s", True), ("s", True)]


def test_an_export_of_nothing_is_refused(auditor: FlaskClient) -> None:
    answer = _export(auditor, subject="nothing")
    assert answer.status_code == 422
    assert "没有符合条件" in answer.text


def _educa(wiring: Wiring, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.setattr("ca_service.cli.base.Call.wiring", wiring)
    return CliRunner().invoke(main, ["audit", "list", *arguments])


def test_the_command_lists_the_same_with_every_field(
    auditor: FlaskClient, office: Office, wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = auditor.get("/audit?act=media&subject=T1").text
    listed = json.loads(_educa(wiring, monkeypatch, "--act", "media", "--subject", "T1", "--json").stdout)
    assert [row["seq"] for row in listed] == _numbers(page)
    with office.services.read() as uow:
        entry = uow.audit.find(AuditFilter(), below=listed[0]["seq"] + 1, limit=1)[0]
    assert listed[0]["hash"] == entry.hash.hex()
    assert listed[0]["detail"] == entry.detail
    assert listed[0]["act"] == "介质挂失"


def test_the_command_speaks_chinese_and_tells_how_to_go_on(
    auditor: FlaskClient, wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert auditor
    monkeypatch.setenv("COLUMNS", "200")
    listed = _educa(wiring, monkeypatch, "--act", "media:medium:lost", "--from", "2026-01-01")
    assert "介质挂失" in listed.stdout
    assert "media:medium:lost" not in listed.stdout
    more = _educa(wiring, monkeypatch, "--limit", "2")
    found = re.search(r"--below (\d+)", more.stdout)
    assert found
    assert (
        f" {int(found.group(1)) - 1} " in _educa(wiring, monkeypatch, "--below", found.group(1), "--limit", "1").stdout
    )
    refused = _educa(wiring, monkeypatch, "--to", "soon")
    assert refused.exit_code == 1
    assert "截止日期应写成" in refused.stderr
