"""A unit's fields and their values as people read them."""

from collections.abc import Mapping, Sequence

from ca_service.domain.areas import area_name
from ca_service.domain.school_types import SCHOOL_TYPES
from ca_service.domain.unit_codes import OrganisationCodeError, parse_school_code
from ca_service.domain.units import Unit, UnitKind, UnitStatus
from ca_service.web.console.texts import word

_FIELDS: Mapping[str, str] = {
    "name": "单位名称", "kind": "单位类别", "parent_code": "上级单位代码", "area_code": "行政区划",
    "school_type": "办学类型", "credit_code": "统一社会信用代码", "status": "状态", "successor_code": "存续单位代码",
}  # fmt: skip


def facts(values: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """Field names and stored values as Chinese texts, in the usual order."""
    return [(label, _text(name, values[name])) for name, label in _FIELDS.items() if name in values]


def _text(name: str, value: str) -> str:
    if not value:
        return "—"
    if name == "kind":
        return UnitKind(value).chinese
    if name == "status":
        return UnitStatus(value).chinese
    if name == "area_code":
        return place(value)
    return school_type(value) if name == "school_type" else value


def place(code: str) -> str:
    """An area code with its name."""
    return f"{area_name(code) or '未知区划'}（{code}）"


def school_type(code: str | None) -> str:
    """A 办学类型 with its name; a dash for none."""
    return f"{SCHOOL_TYPES[code].name}（{code}）" if code and code in SCHOOL_TYPES else "—"


def structure(unit: Unit) -> str:
    """What the parts of the unit's code mean."""
    if len(unit.code) == 6:
        return "六位行政区划代码（GB/T 2260）"
    try:
        return parse_school_code(unit.code).described
    except OrganisationCodeError:
        return "学校（机构）标识码"


def words(text: str) -> str:
    """Stored values with commas between, each as its Chinese word."""
    return "、".join(word(part) for part in text.split(","))
