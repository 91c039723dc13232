"""A sheet in, a sheet out: hostile files get a sentence, exports are limited, recorded and only text."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from typing import Any

import pytest
from openpyxl import load_workbook
from werkzeug.test import TestResponse

from teacher_registry.accounts.errors import SheetRefusedError
from teacher_registry.accounts.models import Act
from teacher_registry.accounts.sheets import MAX_ROWS, read_sheet, template
from tests.teacher_registry.authority import Identity
from tests.teacher_registry.books import GOOD, HEADER, bomb, far_cell, xlsx
from tests.teacher_registry.conftest import JSON, Browser, Rows
from tests.teacher_registry.publication import Publication

REASON = "核对秋季学期在岗教师名单"


def upload(
    browser: Browser, data: bytes, *, partial: bool = False, headers: dict[str, str] | None = None
) -> TestResponse:
    """The form, filled in."""
    form: dict[str, Any] = {"csrf_token": browser.token(), "sheet": (io.BytesIO(data), "账号.xlsx")}
    if partial:
        form["partial"] = "yes"
    return browser.post("/import", data=form, content_type="multipart/form-data", headers=headers)


def test_a_sheet_becomes_accounts_with_passwords_to_print(browser: Browser, rows: Rows) -> None:
    answer = upload(browser, xlsx(GOOD, title="第一试验小学账号表"))
    assert (answer.status_code, "已导入3个账号" in answer.text) == (201, True)
    accounts = rows.accounts()
    teacher = next(account for account in accounts.values() if account.kind == "teacher")
    assert teacher.login == teacher.code
    assert {"wangfang", "liqiang", teacher.login} == set(accounts)
    assert answer.text.count('<code class="password">') == 3
    assert {account.unit_code for account in accounts.values()} == {"150102001"}
    assert [entry.act for entry in rows.log()] == [Act.CREATE] * 3 + [Act.IMPORT]


def test_bad_rows_are_named_by_cell_and_nothing_is_imported_unless_asked(browser: Browser, rows: Rows) -> None:
    browser.create("taken")
    mixed = xlsx([*GOOD, ("周杰", "taken", "信息查询员"), ("=1+1", "zhou", "信息查询员"), ("吴", "wu1", "系统管理员"),
                  ("孙", "wangfang", "信息查询员"), ("陈150102199001011234", "chen", "信息查询员")])  # fmt: skip
    refused = upload(browser, mixed, headers=JSON)
    assert refused.status_code == 422
    problems = {problem["cell"]: problem["message"] for problem in refused.get_json()["problems"]}
    assert set(problems) == {"B5", "A6", "C7", "B8", "A9"}
    assert "重复" in problems["B8"]
    assert len(rows.accounts()) == 1
    page = upload(browser, mixed)
    assert (page.status_code, "没有导入任何账号" in page.text, "B5" in page.text) == (422, True, True)
    taken = upload(browser, mixed, partial=True, headers=JSON)
    assert (taken.status_code, len(taken.get_json()["made"]), len(taken.get_json()["problems"])) == (201, 3, 5)
    assert len(rows.accounts()) == 4


def test_columns_may_change_places_and_numbers_stay_text() -> None:
    moved = read_sheet(xlsx([("信息查询员", "wang2", "王芳")], header=("账号类型", "登录名", "姓名")))
    assert [wish.login for _, wish in moved.good] == ["wang2"]
    assert "登录名" in read_sheet(xlsx([("王芳", 12.0, "信息查询员")])).problems[0].message


def test_the_template_is_a_sheet_that_only_lacks_rows(browser: Browser) -> None:
    answer = browser.get("/import/template.xlsx")
    assert answer.data[:2] == b"PK"
    assert [cell.value for cell in next(load_workbook(io.BytesIO(answer.data)).worksheets[0].rows)] == list(HEADER)
    with pytest.raises(SheetRefusedError, match="没有数据行"):
        read_sheet(template())


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "不是 xlsx"),
        (b"%PDF-1.7", "不是 xlsx"),
        (b"PK\x03\x04" + b"\0" * 100, "已损坏"),
        (xlsx(GOOD)[:500], "已损坏"),
        (xlsx(GOOD)[:-30], "已损坏"),
        (xlsx(GOOD).replace(b"xl/workbook.xml", b"xl/wirkbook.xml"), "已损坏"),
        (b"PK\x03\x04" + b"\0" * (1024 * 1024), "超过"),
        (bomb(), "内容过多"),
        (xlsx(GOOD, header=("a", "b", "c")), "没有找到表头"),
        (xlsx([("王芳", f"user{n}", "信息查询员") for n in range(MAX_ROWS + 1)]), "最多导入"),
    ],
)
def test_a_file_that_is_no_sheet_of_accounts_gets_a_sentence(data: bytes, told: str) -> None:
    with pytest.raises(SheetRefusedError, match=told):
        read_sheet(data)


def test_a_value_in_the_last_corner_of_the_grid_costs_nothing() -> None:
    assert len(read_sheet(far_cell()).good) == 3


def test_every_truncated_and_flipped_file_is_a_sheet_or_a_sentence() -> None:
    good = xlsx(GOOD)
    for position in range(0, len(good), 41):
        for damaged in (good[:position], good[:position] + bytes([good[position] ^ 0x55]) + good[position + 1 :]):
            with suppress(SheetRefusedError):
                assert len(read_sheet(damaged).good) <= len(GOOD)


def test_an_upload_without_file_or_too_large_is_refused(browser: Browser) -> None:
    without = browser.post("/import", data={"csrf_token": browser.token()}, content_type="multipart/form-data")
    assert (without.status_code, "不是 xlsx" in without.text) == (422, True)
    assert upload(browser, b"PK" + bytes(2 * 1024 * 1024)).status_code == 413
    assert upload(browser, b"", headers=JSON).get_json()["kind"] == "sheet-refused"


def export(browser: Browser, reason: str = REASON) -> TestResponse:
    """The form, filled in."""
    return browser.post("/export", data={"csrf_token": browser.token(), "reason": reason})


def cells(answer: TestResponse) -> list[list[Any]]:
    """The cells of an exported file."""
    return [list(row) for row in load_workbook(io.BytesIO(answer.data)).worksheets[0].rows]


def test_an_export_holds_the_own_unit_names_its_reason_and_is_in_the_log(
    browser: Browser, neighbour: Identity, rows: Rows
) -> None:
    browser.create()
    browser.as_(neighbour).create("lihe", name="李荷")
    answer = export(browser)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="accounts-')
    written = [[cell.value for cell in row] for row in cells(answer)]
    assert [row[0] for row in written[4:]] == ["王芳"]
    text = json.dumps(written, ensure_ascii=False)
    assert (REASON in text, "张萌" in text, "李荷" in text) == (True, True, False)
    entry = rows.log()[-1]
    detail = json.loads(entry.detail or "")
    assert (entry.act, detail["reason"], detail["accounts"]) == (Act.EXPORT, REASON, 1)
    assert detail["sha256"] == answer.headers["X-Content-SHA256"]
    assert detail["number"] in text
    assert REASON in browser.get("/log").text


def test_a_name_that_looks_like_a_formula_stays_text(browser: Browser, rows: Rows) -> None:
    """Such names cannot be entered, but a database may hold them."""
    browser.create()
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x","y")', "=cmd|' /C calc'!A0"]
    for number, name in enumerate(hostile):
        browser.create(f"user{number}")
        rows.set(f"user{number}", name=name)
    found = [row[0] for row in cells(export(browser))[4:]]
    assert {cell.value for cell in found} >= {"=1+1", "@SUM(A1)"}
    assert {(cell.data_type, cell.quotePrefix) for cell in found} == {("s", True)}
    assert {(cell.data_type, cell.quotePrefix) for row in cells(export(browser)) for cell in row if cell.value} == {
        ("s", True)
    }


@pytest.mark.parametrize("reason", ["", "  ", "查", "x" * 201, "核对150102199001011234"])
def test_a_reason_that_says_nothing_is_not_taken(browser: Browser, rows: Rows, reason: str) -> None:
    assert export(browser, reason).status_code == 422
    assert rows.log() == []


def test_exports_are_counted_and_end_for_the_day(browser: Browser, publication: Publication, rows: Rows) -> None:
    assert [export(browser).status_code for _ in range(6)] == [200] * 5 + [429]
    assert "24小时内的导出次数已用完" in browser.get("/export").text
    assert len([entry for entry in rows.log() if entry.act == Act.EXPORT]) == 5
    publication.clock.pass_seconds(24 * 3600)
    assert export(browser).status_code == 200


def test_an_export_needs_a_token_and_takes_no_remembered_status(
    browser: Browser, admin: Identity, publication: Publication
) -> None:
    assert browser.post("/export", data={"reason": REASON}).status_code == 403
    token = browser.token()
    publication.freeze(admin)
    answer = browser.post("/export", data={"csrf_token": token, "reason": REASON})
    assert (answer.status_code, "证书已冻结" in answer.text) == (403, True)
