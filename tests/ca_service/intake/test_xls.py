"""Old xls: the same rules as xlsx, and python-calamine as the second opinion."""

import struct
from io import BytesIO

import pytest
import python_calamine

from ca_service.intake.columns import Column
from ca_service.intake.sheet import CellKind, SheetFault
from tests.ca_service.intake.books import (
    HEADINGS,
    PERSON,
    compound,
    label,
    labels,
    number,
    read,
    record,
    shared,
    texts,
    xls,
)
from tests.ca_service.intake.test_sheet import fault


def shared_table(*pieces: bytes) -> bytes:
    """An SST record and its CONTINUE records."""
    first, *others = pieces
    return record(0x00FC, first) + b"".join(record(0x003C, piece) for piece in others)


def test_an_xls_is_read_like_an_xlsx() -> None:
    roster = read(xls(), filename="roster.xls")
    assert texts(roster.rows[0]) == list(PERSON)
    assert roster.rows[0].number == 2


def test_calamine_reads_the_same() -> None:
    data = xls(labels() + number(2, 5, 19900001234) + label(2, 0, "单位"))
    book = python_calamine.load_workbook(BytesIO(data))
    theirs = book.get_sheet_by_index(0).to_python()[1:]
    ours = [texts(row) for row in read(data).rows]
    assert ours == [[str(v).removesuffix(".0") for v in row] for row in theirs]


def test_shared_strings_go_on_across_records_in_another_width() -> None:
    # "张三" cut after its first character, then "abcd" cut in the middle and going on in 16 bits.
    pieces = (
        struct.pack("<IIHB", 2, 2, 2, 1) + "张".encode("utf-16-le"),
        b"\x01" + "三".encode("utf-16-le") + struct.pack("<HB", 4, 0) + b"ab",
        b"\x01" + "cd".encode("utf-16-le"),
    )
    data = xls(labels([HEADINGS]) + shared(1, 1, 0) + shared(1, 4, 1), shared_table(*pieces))
    row = read(data).rows[0]
    assert (row.cell(Column.NAME).text, row.cell(Column.EMAIL).text) == ("张三", "abcd")


def test_rich_and_phonetic_parts_of_a_shared_string_are_skipped() -> None:
    rich = struct.pack("<HBHI", 1, 0x0D, 1, 3) + "张".encode("utf-16-le") + bytes(4) + bytes(3)
    plain = struct.pack("<HB", 1, 1) + "三".encode("utf-16-le")
    data = xls(
        labels([HEADINGS]) + shared(1, 1, 0) + shared(1, 0, 1),
        shared_table(struct.pack("<II", 2, 2) + rich + plain),
    )
    row = read(data).rows[0]
    assert (row.cell(Column.NAME).text, row.cell(Column.UNIT).text) == ("张", "三")


@pytest.mark.parametrize(
    ("rk", "text"),
    [
        (100 << 2 | 2, "100"),
        (12345 << 2 | 3, "123.45"),
        ((-5 << 2 | 2) & 0xFFFFFFFF, "-5"),
        (0x3FF00000, "1"),
    ],
)
def test_packed_numbers_are_unpacked(rk: int, text: str) -> None:
    single = record(0x027E, struct.pack("<HHHI", 1, 6, 0, rk))
    several = record(0x00BD, struct.pack("<HHHIHIH", 2, 5, 0, rk, 0, rk, 6))
    rows = read(xls(labels([HEADINGS]) + single + label(1, 0, "甲") + several)).rows
    assert rows[0].cell(Column.SCHOOL_TYPE).text == text
    assert rows[1].cell(Column.MOBILE).text == rows[1].cell(Column.SCHOOL_TYPE).text == text


def test_formulas_errors_merged_cells_and_hidden_rows_are_marked() -> None:
    extra = (
        record(0x0006, struct.pack("<HHHdHIH", 2, 1, 0, 1.0, 0, 0, 0))
        + record(0x0205, struct.pack("<HHHBB", 2, 4, 0, 0x2A, 1))
        + record(0x00E5, struct.pack("<H4H", 1, 2, 2, 0, 0))
        + record(0x0208, struct.pack("<4H4xHH", 1, 0, 9, 255, 0x20, 0))
    )
    rows = read(xls(labels() + label(2, 0, "甲") + extra)).rows
    kinds = [rows[1].cell(column).kind for column in (Column.NAME, Column.EMAIL, Column.UNIT)]
    assert kinds == [CellKind.FORMULA, CellKind.ERROR, CellKind.MERGED]
    assert [row.hidden for row in rows] == [True, False]


def test_a_number_in_an_id_cell_is_marked_as_one() -> None:
    row = read(xls(labels([HEADINGS]) + number(1, 2, 150102198001020006.0) + label(1, 0, "甲"))).rows[0]
    assert row.cell(Column.ID_NUMBER).kind is CellKind.NUMBER


def test_excel_95_is_refused_with_a_way_out() -> None:
    data = compound({"Workbook": record(0x0809, struct.pack("<HHHH", 0x0500, 5, 0, 1995))})
    assert fault(data) is SheetFault.NOT_A_SPREADSHEET
