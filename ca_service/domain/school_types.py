"""办学类型: the three-digit kinds of school; the first two digits are the class in the school code."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ca_service.domain.refusals import RefusedValueError

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "111": "幼儿园", "119": "附设幼儿班",
        "211": "小学", "218": "小学教学点", "219": "附设小学班",
        "221": "职工小学", "222": "农民小学", "228": "小学班", "229": "扫盲班",
        "311": "初级中学", "312": "九年一贯制学校", "319": "附设普通初中班",
        "321": "职业初中", "329": "附设职业初中班",
        "331": "职工初中", "332": "农民初中",
        "341": "完全中学", "342": "高级中学", "345": "十二年一贯制学校", "349": "附设普通高中班",
        "351": "职工高中", "352": "农民高中",
        "361": "调整后中等职业学校", "362": "中等技术学校", "363": "中等师范学校", "364": "成人中等专业学校",
        "365": "职业高中学校", "366": "技工学校", "368": "附设中职班", "369": "其他中职机构",
        "371": "工读学校",
        "411": "大学", "412": "学院", "413": "独立学院", "414": "高等专科学校", "415": "高等职业学校",
        "419": "其他普通高教机构",
        "421": "职工高校", "422": "农民高校", "423": "管理干部学院", "424": "教育学院", "425": "独立函授学院",
        "426": "广播电视大学", "429": "其他成人高教机构",
        "511": "盲人学校", "512": "聋人学校", "513": "培智学校", "514": "其他特教学校", "519": "附设特教班",
        "911": "科研机构", "921": "民办的其他高等教育机构",
        "931": "职业技术培训机构", "932": "社会培训机构", "933": "其他培训机构",
    }
)  # fmt: skip

# What schools write instead of the name in the table; each means one code only.
_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "教学点": "218", "初中": "311", "九年一贯制": "312", "完中": "341", "高中": "342", "普通高中": "342",
        "十二年一贯制": "345", "中等技术": "362", "中等师范": "363", "成人中专": "364", "职业高中": "365",
        "职高": "365", "技工": "366", "工读": "371", "高等专科": "414", "高职": "415",
        "盲校": "511", "聋校": "512", "弱智学校": "513", "培智": "513",
    }
)  # fmt: skip


class SchoolTypeError(RefusedValueError):
    """The text is neither a code nor a name of the table; `mend` says in Chinese what to write."""


@dataclass(frozen=True, slots=True)
class SchoolType:
    """One kind of school: `code` as in the statistics, `name` as shown to people."""

    code: str
    name: str

    @property
    def school_class(self) -> str:
        """The two digits that open the school code (AA)."""
        return self.code[:2]


SCHOOL_TYPES: Mapping[str, SchoolType] = MappingProxyType(
    {code: SchoolType(code, name) for code, name in _NAMES.items()}
)
_BY_NAME: Mapping[str, SchoolType] = MappingProxyType(
    {kind.name: kind for kind in SCHOOL_TYPES.values()}
    | {alias: SCHOOL_TYPES[code] for alias, code in _ALIASES.items()}
)
_FULL_WIDTH_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")


def parse_school_type(text: str) -> SchoolType:
    """Accept a code (`211`), a name (`小学`) or both (`211 小学`, `211-小学`); SchoolTypeError otherwise."""
    plain = "".join(text.split()).translate(_FULL_WIDTH_DIGITS)
    code, name = plain[:3], plain[3:].lstrip("-—:：、.")
    if code in SCHOOL_TYPES:
        found = SCHOOL_TYPES[code]
        if name and _BY_NAME.get(name) != found:
            raise SchoolTypeError("办学类型的代码和名称不一致", f"代码 {code} 是“{found.name}”，请改正代码或名称")
        return found
    if plain in _BY_NAME:
        return _BY_NAME[plain]
    raise SchoolTypeError("办学类型不在代码表中", "请填写三位代码或名称，例如 211 或 小学、111 或 幼儿园")
