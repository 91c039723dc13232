"""The two codes of an organisation, read without guessing: 学校（机构）标识码 and 统一社会信用代码."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, ValidationError

from ca_service.domain.person_text import tidy
from ca_service.domain.refusals import RefusedValueError

REGION_PREFIX = "15"
UNIVERSITY_CLASSES = frozenset({"41", "42", "92"})

# 《各级各类学校(机构)代码编制规则》: the class of school that opens its code.
SCHOOL_CLASS_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "11": "幼儿园", "21": "小学", "22": "成人小学", "31": "普通初中", "32": "职业初中", "33": "成人初中",
        "34": "普通高中", "35": "成人高中", "36": "中等职业学校", "37": "工读学校", "41": "普通高等学校",
        "42": "成人高等学校", "51": "特殊教育学校", "91": "科研机构", "92": "民办的其他高等教育机构",
        "93": "中等职业培训机构",
    }
)  # fmt: skip
_CODE = re.compile(r"[0-9]{10}")
# Digit or letter of the registering authority that GB 32100 knows besides digits; see `parse_credit_code`.
_LETTER_LED = re.compile(r"[ANY][0-9A-HJ-NPQRTUWXY][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")


class OrganisationCodeError(RefusedValueError):
    """Not a code of a school or unit (标识码, 统一社会信用代码)."""


@dataclass(frozen=True, slots=True)
class SchoolCode:
    """A 学校（机构）标识码: class of school, province, number within the province. There is no check digit."""

    school_class: str
    province: str
    sequence: str

    @property
    def class_name(self) -> str:
        """What the class means, in Chinese."""
        return SCHOOL_CLASS_NAMES[self.school_class]

    @property
    def institution(self) -> str | None:
        """The five digits of the 院校代码 that a university's number is made of; None for other schools."""
        return self.sequence[1:] if self.school_class in ("41", "42") else None

    @property
    def described(self) -> str:
        """The three parts as people read them."""
        parts = f"{self.school_class}（{self.class_name}）+ {self.province}（省级行政区）+ {self.sequence}（序号）"
        return f"{parts}，院校代码 {self.institution}" if self.institution else parts


def parse_school_code(text: str) -> SchoolCode:
    """Read a ten-digit code of this region; OrganisationCodeError says which part is wrong.

    Of a university (class 41, 42) the number is 0 and the five digits of its 院校代码.
    """
    mend = "学校（机构）标识码为 10 位数字：2 位类别 + 15 + 6 位序号，例如 2115000123"
    if not _CODE.fullmatch(text):
        raise OrganisationCodeError("学校（机构）标识码应为 10 位数字", mend)
    code = SchoolCode(text[:2], text[2:4], text[4:])
    if code.school_class not in SCHOOL_CLASS_NAMES:
        raise OrganisationCodeError(f"学校（机构）标识码的前两位 {code.school_class} 不是任何学校类别", mend)
    if code.province != REGION_PREFIX:
        raise OrganisationCodeError(f"学校（机构）标识码的第 3、4 位是 {code.province}，本区应为 15", mend)
    if code.institution is not None and code.sequence[0] != "0":
        raise OrganisationCodeError(
            "高等学校标识码的后 6 位应为 0 和 5 位院校代码", "例如院校代码 10126 的标识码为 4115010126"
        )
    return code


def parse_credit_code(text: str) -> str:
    """Read a 统一社会信用代码 (GB 32100): 18 characters, the last one checks the others; upper case comes back.

    python-stdnum judges alphabet and check character. It demands eight leading digits, yet real codes may begin with
    A (army), N (rural collectives) or Y (others): for those its check character alone is used. A right check
    character proves no registration: nothing here asks the registry whether the code exists or whose it is.
    """
    code = "".join(tidy(text[:40]).split()).upper()
    if len(code) != 18:
        raise OrganisationCodeError(f"统一社会信用代码应为 18 位，所填为 {len(code)} 位", "请对照法人证书逐位核对")
    checksum = "统一社会信用代码的校验位不正确，至少有一位有误"
    if _LETTER_LED.fullmatch(code):
        if uscc.calc_check_digit(code) != code[-1]:
            raise OrganisationCodeError(checksum, "请对照法人证书逐位核对")
        return code
    try:
        return uscc.validate(code)
    except InvalidChecksum:
        raise OrganisationCodeError(checksum, "请对照法人证书逐位核对") from None
    except ValidationError:
        raise OrganisationCodeError(
            "统一社会信用代码含有不允许的字符（不使用字母 I、O、S、V、Z），或第 3 至 8 位不是行政区划代码",
            "请对照法人证书逐位核对",
        ) from None
