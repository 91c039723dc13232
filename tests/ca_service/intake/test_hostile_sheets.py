"""Files made to hurt: each is refused with its own kind, quickly and without its content being unpacked."""

import struct
import zipfile
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca_service.intake.sheet import SheetError, SheetFault, SheetLimits
from tests.ca_service.intake.books import (
    EOF,
    HEADINGS,
    LIMITS,
    PERSON,
    SHEET_PART,
    STRINGS_PART,
    compound,
    read,
    record,
    replaced,
    with_parts,
    with_shared_strings,
    xls,
    xlsx,
)
from tests.ca_service.intake.test_sheet import fault


def sheet_with(rows: str) -> bytes:
    """A workbook whose first sheet holds this XML as its rows."""
    return with_parts(xlsx(), {SHEET_PART: replaced("<sheetData>.*</sheetData>", f"<sheetData>{rows}</sheetData>")})


def test_an_encrypted_workbook_is_password_protected() -> None:
    data = compound({"EncryptedPackage": b"\0" * 64, "EncryptionInfo": b"\4\0\4\0"})
    assert fault(data) is SheetFault.PROTECTED


def test_an_encrypted_xls_is_password_protected() -> None:
    assert fault(xls(global_records=record(0x002F, b"\1\0"))) is SheetFault.PROTECTED


@pytest.mark.parametrize("build", [xlsx, xls])
@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_damaged(build: object, keep: float) -> None:
    data = build() if callable(build) else b""
    assert fault(data[: int(len(data) * keep)]) is SheetFault.DAMAGED


def test_a_declared_zip_bomb_is_refused() -> None:
    data = with_parts(xlsx(), {"xl/media/zero.bin": b"\0" * 30_000_000})
    assert len(data) < 100_000
    assert fault(data) is SheetFault.BOMB


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    cells = '<c t="inlineStr"><is><t>a</t></is></c>' * 9
    row = f"<row>{cells}</row>"
    data = bytearray(sheet_with(row * 150_000))
    where = data.rindex(b"PK\x01\x02", 0, data.rindex(SHEET_PART.encode()))
    # The uncompressed size in the central directory (APPNOTE 4.3.12) becomes 1,000 bytes.
    data[where + 24 : where + 28] = struct.pack("<I", 1_000)
    assert fault(bytes(data), limits=SheetLimits(max_rows=1_000_000)) in (SheetFault.BOMB, SheetFault.DAMAGED)


def test_too_many_members_are_a_bomb() -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for index in range(LIMITS.max_members + 1):
            target.writestr(f"{index}", b"")
    assert fault(buffer.getvalue()) is SheetFault.BOMB


def test_two_members_of_one_name_are_damaged() -> None:
    buffer = BytesIO(xlsx())
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(buffer, "a") as target:
        target.writestr(SHEET_PART, b"<worksheet/>")
    assert fault(buffer.getvalue()) is SheetFault.DAMAGED


def test_a_hundred_thousand_rows_are_refused_as_too_many() -> None:
    row = "<row><c><v>1</v></c></row>"
    assert fault(sheet_with(row * 100_000)) is SheetFault.TOO_MANY_ROWS


def test_a_million_empty_cells_are_too_complex() -> None:
    row = f"<row>{'<c/>' * 1000}</row>"
    assert fault(sheet_with(row * 60), limits=SheetLimits(max_cells=50_000)) is SheetFault.TOO_COMPLEX


def test_a_cell_in_the_last_corner_of_the_grid_costs_nothing() -> None:
    corner = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    data = with_parts(xlsx(), {SHEET_PART: replaced("</sheetData>", f"{corner}</sheetData>")})
    assert len(read(data).rows) == 1


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="0"/>',
        '<row r="2"/><row r="1"/>',
        '<row r="-1"/>',
        '<row r="1"><c r="A2"/></row>',
        '<row r="1"><c r="B1"/><c r="A1"/></row>',
        '<row r="1"><c r="ZZZ1"><v>1</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>99</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>-1</v></c></row>',
        "<row>",
        "<row>&unknown;</row>",
    ],
)
def test_structures_that_contradict_themselves_are_damaged(rows: str) -> None:
    assert fault(sheet_with(rows)) is SheetFault.DAMAGED


def test_a_document_type_is_refused_and_with_it_every_entity() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><worksheet>&b;</worksheet>'
    assert fault(with_parts(xlsx(), {SHEET_PART: bomb})) is SheetFault.DAMAGED


def test_a_tag_that_never_ends_is_refused_before_it_is_whole() -> None:
    endless = b'<worksheet a="' + b"x" * 3_000_000
    assert fault(with_parts(xlsx(), {SHEET_PART: endless})) is SheetFault.DAMAGED


def test_long_texts_are_no_endless_tag() -> None:
    data = xlsx([HEADINGS, *[[*PERSON[:8], "路" * 900]] * 3000])
    assert len(read(data).rows) == 3000


def test_many_merged_areas_are_too_complex() -> None:
    areas = "".join(f'<mergeCell ref="A{n}:B{n}"/>' for n in range(2, 600))
    data = with_parts(xlsx(), {SHEET_PART: replaced("</sheetData>", f"</sheetData><mergeCells>{areas}</mergeCells>")})
    assert fault(data) is SheetFault.TOO_COMPLEX


def test_macros_are_refused() -> None:
    assert fault(with_parts(xlsx(), {"xl/vbaProject.bin": b"x"})) is SheetFault.MACROS
    assert fault(xls(global_records=record(0x00D3))) is SheetFault.MACROS


def test_a_zip_that_is_no_workbook_is_not_a_spreadsheet() -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr("word/document.xml", b"<w/>")
    assert fault(buffer.getvalue()) is SheetFault.NOT_A_SPREADSHEET


def test_a_file_larger_than_the_limit_is_not_looked_at() -> None:
    assert fault(xlsx(), limits=SheetLimits(max_bytes=1_000)) is SheetFault.TOO_LARGE


def test_an_xls_whose_sector_chain_runs_in_a_circle_is_damaged() -> None:
    data = bytearray(xls())
    (first_fat,) = struct.unpack_from("<I", data, 76)
    # Every sector points to sector 1.
    start = (first_fat + 1) * 512
    data[start : start + 32] = struct.pack("<I", 1) * 8
    assert fault(bytes(data)) is SheetFault.DAMAGED


def test_a_shared_table_that_promises_too_much_is_refused() -> None:
    table = record(0x00FC, struct.pack("<II", 1, 0xFFFFFFFF))
    assert fault(xls(global_records=table)) is SheetFault.TOO_COMPLEX
    table = record(0x00FC, struct.pack("<IIHBI", 1, 1, 5, 4, 0xFFFFFFFF))
    assert fault(xls(global_records=table + EOF)) is SheetFault.DAMAGED


def only_typed_errors(data: bytes, filename: str) -> None:
    """Read; anything but a roster or SheetError fails the test."""
    try:
        assert read(data, filename=filename).rows
    except SheetError as refusal:
        if not refusal.found:
            raise AssertionError from refusal


@given(st.binary(max_size=2_000), st.sampled_from([b"", b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")]))
def test_only_typed_errors_leave_for_any_bytes(data: bytes, magic: bytes) -> None:
    only_typed_errors(magic + data, "a.csv")


GOOD_XLSX, GOOD_XLS = with_shared_strings(xlsx()), xls()
FLIPS = st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 255)), min_size=1, max_size=8)


@settings(max_examples=300)
@given(FLIPS, st.sampled_from([GOOD_XLSX, GOOD_XLS]))
def test_only_typed_errors_leave_for_damaged_files(flips: list[tuple[int, int]], good: bytes) -> None:
    data = bytearray(good)
    for place, value in flips:
        data[place % len(data)] = value
    only_typed_errors(bytes(data), "a.xlsx")


@settings(max_examples=200)
@given(
    FLIPS,
    st.sampled_from([SHEET_PART, "xl/workbook.xml", STRINGS_PART, "xl/_rels/workbook.xml.rels"]),
)
def test_only_typed_errors_leave_for_damaged_parts(flips: list[tuple[int, int]], part: str) -> None:
    def spoil(content: bytes) -> bytes:
        spoiled = bytearray(content)
        for place, value in flips:
            spoiled[place % len(spoiled)] = value
        return bytes(spoiled)

    only_typed_errors(with_parts(GOOD_XLSX, {part: spoil}), "a.xlsx")
