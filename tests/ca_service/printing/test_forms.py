"""The printed forms: everything is on the paper, nothing is read as markup, and the scan is recognised by its code."""

from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image
from pypdf import PdfReader

from ca_service.domain.paper import PaperCode, PaperKind, parse_paper_code
from ca_service.domain.persons import UserType
from ca_service.intake.scan import check_scan
from ca_service.intake.scan_pages import render_pages
from ca_service.printing.forms import (
    ApplicationForm,
    ChangeForm,
    Difference,
    DispatchLine,
    application_form,
    change_form,
    dispatch_sheet,
)

PAPER = PaperCode(PaperKind.APPLICATION, "A0123456789abcdef", "fedcba9876543210")
FORM = ApplicationForm(
    unit="乌海市海勃湾区第213小学",
    name="阿·斯楞𠀀",
    id_number="150302199001010004",
    office_phone="0473-3000001",
    mobile="19900000001",
    email="teacher@example.com",
    school_type="211 小学",
    user_type=UserType.INFORMATION,
    wants_certificate=True,
    login="",
    address="某某街道一号",
    remarks="",
)
CHANGE = ChangeForm(
    *("乌海市海勃湾区第213小学", "示范人", "150302199001010004", "0473-3000001", "19900000001", "t@example.com"),
    login="wh213",
    user_type="信息管理员",
    certified=True,
    kind="信息变更",
    changes=[Difference("手机号码", "19900000001", "19900000002")],
    explanation="更换号码",
)


def _text(pdf: bytes) -> str:
    return "".join("".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def test_an_application_form_carries_every_field_and_four_signature_blocks_on_one_page() -> None:
    pdf = application_form(FORM, PAPER)
    text = _text(pdf)
    for value in (FORM.unit, FORM.id_number, FORM.office_phone, FORM.mobile, FORM.email, FORM.address):
        assert value in text
    for block in ("申请人以上", "申请人所在部门意见", "申请人所在单位意见", "用户管理部门受理意见"):
        assert block in text
    assert text.count("签字(盖章)") + text.count("签字（盖章）") == 4
    assert "☑教师系统信息管理员" in text
    assert "☐教师系统信息查询员" in text
    assert len(PdfReader(BytesIO(pdf)).pages) == 1


def test_a_change_form_shows_before_and_after() -> None:
    text = _text(change_form(CHANGE, replace(PAPER, kind=PaperKind.CHANGE)))
    assert "手机号码1990000000119900000002" in text
    assert "☑信息变更" in text


def test_a_dispatch_sheet_runs_over_pages_and_repeats_its_heading() -> None:
    lines = [DispatchLine(f"EDU-{number:04}", "某小学", "示范人", "19900000001", "") for number in range(60)]
    pdf = dispatch_sheet(lines, replace(PAPER, kind=PaperKind.DISPATCH))
    pages = PdfReader(BytesIO(pdf)).pages
    assert len(pages) > 1
    assert all("介质序列号" in page.extract_text() for page in pages)
    assert all(line.serial in _text(pdf) for line in lines)


@pytest.mark.parametrize(
    "hostile", ["#panic()", "$x$ *b* _i_ <a>", '"\\"#set text(red)', "=1+1", '#image("/etc/passwd")']
)
def test_nothing_in_the_data_is_read_as_markup(hostile: str) -> None:
    text = _text(application_form(replace(FORM, name=hostile, address=hostile), PAPER))
    assert text.count("".join(hostile.split())) == 2


def test_the_longest_texts_stay_on_the_paper() -> None:
    long = replace(FORM, unit="长" * 200, name="名" * 40, address="址" * 300, email=f"{'a' * 60}@{'b' * 60}.example")
    pdf = application_form(long, PAPER)
    text = _text(pdf)
    assert (text.count("长"), text.count("址")) == (200, 301)
    assert len(PdfReader(BytesIO(pdf)).pages) == 1


def test_the_code_is_read_from_a_printed_and_scanned_form() -> None:
    (page,) = render_pages(application_form(FORM, PAPER))
    assert [parse_paper_code(text) for text in page.codes] == [PAPER]
    with Image.open(BytesIO(page.picture)) as picture:
        assert (picture.format, picture.width) == ("JPEG", 1240)


@pytest.mark.parametrize("angle", [3, 90, 180])
def test_a_crooked_scan_is_recognised(angle: int) -> None:
    (page,) = render_pages(application_form(FORM, PAPER))
    with Image.open(BytesIO(page.picture)) as picture:
        crooked = picture.rotate(angle, expand=True, fillcolor=255)
    out = BytesIO()
    crooked.save(out, "PNG")
    check_scan(out.getvalue(), "scan.png")
    (again,) = render_pages(out.getvalue())
    assert [parse_paper_code(text) for text in again.codes] == [PAPER]


@pytest.mark.parametrize(
    "text", ["", "EDUCA1/A/A0123/0", "EDUCA2/A/A0123456789abcdef/fedcba9876543210", "http://example.com", "A" * 10_000]
)
def test_a_foreign_code_is_not_ours(text: str) -> None:
    assert parse_paper_code(text) is None


def test_our_codes_survive_the_paper() -> None:
    assert parse_paper_code(PAPER.text()) == PAPER
