"""The columns of 用户CA信息电子表格模板, those of the form that a sheet may add, and how a header row is recognised."""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

_NOISE = re.compile(r"[\s\u200b-\u200f\u2060\ufeff*＊:：]+")
_WIDE = {0xFF01 + i: 0x21 + i for i in range(94)}
# Remarks that units add behind a heading; what stands in other brackets may change the meaning.
_REMARK = re.compile(r"\((?:必填|选填|必填项|选填项)\)$")


class Column(StrEnum):
    """A column, in order; the value is the heading. The template has the first nine; a sheet may add the others."""

    UNIT = "申请人单位名称"
    NAME = "姓名"
    ID_NUMBER = "身份证号码"
    OFFICE_PHONE = "办公电话"
    EMAIL = "电子邮箱"
    MOBILE = "手机号码"
    SCHOOL_TYPE = "办学类型"
    USER_TYPE = "用户类型"
    ADDRESS = "单位通讯地址"
    CERTIFICATE = "是否申请证书"
    ACCOUNT = "现有登录账号"
    REMARKS = "其他补充说明"


COLUMNS: tuple[Column, ...] = tuple(Column)[:9]
OPTIONAL: tuple[Column, ...] = tuple(Column)[9:]
PLACE: Mapping[Column, int] = MappingProxyType({column: place for place, column in enumerate(Column)})

WIDTHS: Mapping[Column, int] = MappingProxyType(
    {Column.UNIT: 32, Column.ID_NUMBER: 22, Column.EMAIL: 24, Column.ADDRESS: 40}
)
# Sheets that our own files have beside the data: their text is ours and passed over without a word.
NOTES_SHEET, ERRORS_SHEET = "填写说明", "需更正的内容"
OWN_SHEETS = frozenset({NOTES_SHEET, ERRORS_SHEET})


def normalise_heading(text: str) -> str:
    """A heading without blanks, stars, colons and `（必填）`; full-width signs as half-width."""
    return _REMARK.sub("", _NOISE.sub("", text).translate(_WIDE))


def match_headings(cells: Mapping[int, str], wanted: Mapping[str, str]) -> dict[str, list[int]]:
    """Return for each key of `wanted` (normalised heading -> key) the columns that carry its heading."""
    found: dict[str, list[int]] = {}
    for column, text in cells.items():
        key = wanted.get(normalise_heading(text))
        if key is not None:
            found.setdefault(key, []).append(column)
    return found
