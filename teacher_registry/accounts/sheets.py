"""A spreadsheet of accounts to import: xlsx -> checked wishes and, per row, what is wrong with it."""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter

from teacher_registry.accounts.errors import FieldError, SheetRefusedError
from teacher_registry.accounts.models import AccountKind
from teacher_registry.accounts.wishes import NewAccount, read_new_account

MAX_OCTETS = 1024 * 1024
MAX_ROWS = 300
_MAX_UNPACKED = 20 * 1024 * 1024
_MAX_FILES = 200
_HEADER_WITHIN = 10
_MAX_COLUMNS = 12

HEADINGS: Mapping[str, str] = MappingProxyType({"name": "姓名", "login": "登录名", "kind": "账号类型"})
KIND_NAMES: Mapping[AccountKind, str] = MappingProxyType(
    {AccountKind.VIEWER: "信息查询员", AccountKind.TRAINING: "培训管理员", AccountKind.TEACHER: "教师个人账号"}
)
_KINDS_BY_NAME = {name: kind for kind, name in KIND_NAMES.items()} | {"教师": AccountKind.TEACHER}


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with one row, in Chinese; `cell` as on screen, such as B7."""

    cell: str
    message: str


@dataclass(frozen=True)
class Sheet:
    """The rows that can be taken, with their number on screen, and the others' problems."""

    good: tuple[tuple[int, NewAccount], ...]
    problems: tuple[RowProblem, ...]
    login_column: int


@dataclass(frozen=True)
class _Cell:
    text: str
    formula: bool


def read_sheet(data: bytes) -> Sheet:
    """Raises `SheetRefusedError` and nothing else, whatever the octets."""
    rows = _rows(data)
    header, columns = _header(rows)
    good, problems, taken = [], [], dict[str, int]()
    for number, cells in rows[header + 1 :]:
        if not any(cell.text for cell in cells):
            continue
        try:
            wish = _wish(cells, columns)
            _require_first(wish, number, taken)
        except FieldError as error:
            problems.append(RowProblem(f"{get_column_letter(columns.get(error.field, 0) + 1)}{number}", error.message))
        else:
            good.append((number, wish))
    if not good and not problems:
        raise SheetRefusedError("表头下面没有数据行，请填写后再上传")
    if len(good) + len(problems) > MAX_ROWS:
        raise SheetRefusedError(f"一次最多导入{MAX_ROWS}行，请拆分后分批上传")
    return Sheet(tuple(good), tuple(problems), columns["login"])


def _require_first(wish: NewAccount, number: int, taken: dict[str, int]) -> None:
    if wish.login is not None and taken.setdefault(wish.login, number) != number:
        raise FieldError("login", f"登录名与第{taken[wish.login]}行重复")


def template() -> bytes:
    """An empty sheet to fill in."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("账号")
    for letter, width in zip("ABC", (16, 24, 18), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.append(list(HEADINGS.values()))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _wish(cells: Sequence[_Cell], columns: Mapping[str, int]) -> NewAccount:
    fields: dict[str, object] = {}
    for key, column in columns.items():
        cell = cells[column] if column < len(cells) else _Cell("", formula=False)
        if cell.formula:
            raise FieldError(key, "单元格是公式，请改为文字")
        fields[key] = cell.text
    kind = _KINDS_BY_NAME.get(str(fields.get("kind", "")).replace(" ", ""))
    if kind is None:
        found = str(fields.get("kind", ""))[:20] or "空"
        raise FieldError("kind", f"账号类型是“{found}”，应为{'、'.join(KIND_NAMES.values())}之一")
    return read_new_account({**fields, "kind": kind.value})


def _header(rows: Sequence[tuple[int, list[_Cell]]]) -> tuple[int, dict[str, int]]:
    """The row of the headings may have moved down under a title, and the columns may have changed places."""
    for index, (_, cells) in enumerate(rows[:_HEADER_WITHIN]):
        texts = ["".join(cell.text.split()).removeprefix("*") for cell in cells]
        columns = {key: texts.index(heading) for key, heading in HEADINGS.items() if heading in texts}
        if len(columns) == len(HEADINGS):
            return index, columns
    raise SheetRefusedError(f"没有找到表头。前{_HEADER_WITHIN}行中须有一行包含：{'、'.join(HEADINGS.values())}")


def _rows(data: bytes) -> list[tuple[int, list[_Cell]]]:
    if len(data) > MAX_OCTETS:
        raise SheetRefusedError(f"文件超过{MAX_OCTETS // 1024 // 1024} MiB，请拆分后分批上传")
    if data[:4] != b"PK\x03\x04":
        raise SheetRefusedError("文件不是 xlsx 电子表格，请另存为 xlsx 后再上传")
    try:
        _require_small(data)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            return list(_first_sheet(book))
        finally:
            book.close()
    except SheetRefusedError:
        raise
    # zipfile, zlib, expat and openpyxl raise a dozen kinds on damaged files, zlib.error and struct.error among them.
    except Exception as error:
        raise SheetRefusedError("文件已损坏或不是 xlsx 电子表格，请用电子表格软件打开并另存为 xlsx 后再上传") from error


def _require_small(data: bytes) -> None:
    """A megabyte can unpack to gigabytes; the archive's directory says how much it claims."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        if len(entries) > _MAX_FILES or sum(entry.file_size for entry in entries) > _MAX_UNPACKED:
            raise SheetRefusedError("文件内容过多，请只保留需要导入的工作表")


def _first_sheet(book: Any) -> Iterator[tuple[int, list[_Cell]]]:
    sheet = book.worksheets[0]
    # The dimension that the file claims may be the whole grid; it is not believed.
    sheet.reset_dimensions()
    last = _HEADER_WITHIN + MAX_ROWS + 50
    for number, row in enumerate(sheet.iter_rows(max_row=last, max_col=_MAX_COLUMNS), start=1):
        yield number, [_Cell(_text(cell.value), formula=cell.data_type == "f") for cell in row]


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)[:200].strip()
