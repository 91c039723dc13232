"""How a cell is read before its rule sees it, and how it is shown to people without giving anything away."""

import re

from ca_service.domain.persons import mask_id, mask_phone
from ca_service.domain.refusals import RefusedValueError
from ca_service.intake.cells import LONGEST_TEXT, Cell, CellKind
from ca_service.intake.columns import Column
from ca_service.intake.report import CellError, Choice

_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?")
_LONG_NUMBER = re.compile(r"[0-9０-９][0-9０-９Xx\s-]{9,}[0-9０-９Xx]")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\uffff]")
_SHOWN = 60
# As text they come from CSV, and from sheets that were pasted as values.
_ERROR_VALUES = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})


class CellRefusedError(RefusedValueError):
    """A cell is refused before or beside the rules of the domain; `choices` are units that it may mean."""

    def __init__(self, reason: str, mend: str, *, choices: tuple[Choice, ...] = ()) -> None:
        super().__init__(reason, mend)
        self.choices = choices

    def again(self) -> "CellRefusedError":
        """A fresh error with the same words, for the next row with the same fault."""
        return CellRefusedError(self.reason, self.mend, choices=self.choices)


def text_of(cell: Cell, column: str) -> str:
    """Return what a person typed; CellRefusedError for empty, formula, error, merged and overlong cells.

    A number of up to 15 digits is what was typed, so it is read as its digits; an ID number is longer
    than a spreadsheet's numbers are exact, so there a number is damaged whatever its digits.
    """
    if cell.kind is CellKind.EMPTY:
        raise CellRefusedError(f"{column}为空", f"请填写{column}")
    if cell.kind is CellKind.FORMULA:
        raise CellRefusedError("单元格是公式，其结果不可信", "请选择性粘贴为“数值”，或直接输入内容")
    if cell.kind is CellKind.MERGED:
        raise CellRefusedError("数据区有合并的单元格", "请取消合并，并在每一行分别填写")
    if cell.kind is CellKind.DATE:
        raise CellRefusedError(
            "单元格被电子表格软件当作日期保存，所填的内容已改变", "请先将单元格格式设为“文本”，再重新输入"
        )
    if cell.kind is CellKind.ERROR or cell.text.strip() in _ERROR_VALUES:
        raise CellRefusedError("单元格是错误值或逻辑值", "请将单元格格式设为“文本”后重新输入")
    if len(cell.text) > LONGEST_TEXT:
        raise CellRefusedError(f"单元格内容过长（{len(cell.text)} 个字符）", "请只填写该列要求的内容")
    if cell.kind is not CellKind.NUMBER:
        return cell.text
    if column == Column.ID_NUMBER:
        raise CellRefusedError(
            "身份证号码是按数值保存的，电子表格软件只保留 15 位有效数字，后几位已丢失",
            "请先将单元格格式设为“文本”，再重新输入 18 位号码",
        )
    return plain_number(cell.text)


def refused_cell(row: int, letter: str, column: str, cell: Cell, refusal: RefusedValueError) -> CellError:
    """The finding about a cell that was refused: with what stands in it masked, and the choices that there may be."""
    found = "（空）" if cell.kind is CellKind.EMPTY else shown(cell.text, column)
    choices = refusal.choices if isinstance(refusal, CellRefusedError) else ()
    return CellError(row, letter, column, found, refusal.reason, refusal.mend, choices)


def plain_number(text: str) -> str:
    """`1.3800138E10` and `13800138000.0` -> `13800138000`; what is not an exact integer stays as it is."""
    if not _NUMBER.fullmatch(text):
        return text
    value = float(text)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else text


def shown(text: str, column: str) -> str:
    """The text for messages: short, printable, ID numbers and telephone numbers masked in any column."""
    # Much longer than what is shown, so that no number is cut before it is masked; yet the patterns run on little.
    printable = _UNPRINTABLE.sub("\ufffd", text[: 10 * _SHOWN]).strip()
    if column == Column.ID_NUMBER:
        printable = mask_id(printable[:_SHOWN])
    elif column in (Column.MOBILE, Column.OFFICE_PHONE):
        printable = mask_phone(printable[:_SHOWN])
    else:
        # People paste into the wrong column; a long number is personal wherever it stands.
        printable = _LONG_NUMBER.sub(lambda match: mask_id(match[0]), printable)
    return printable if len(printable) <= _SHOWN else printable[: _SHOWN - 1] + "…"
