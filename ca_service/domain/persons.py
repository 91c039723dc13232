"""Who a person is: the resident ID number, the name and the kind of account, read without guessing."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ca_service.domain.areas import PROVINCES, area_name
from ca_service.domain.contacts import Phone, parse_address, parse_email, parse_mobile, parse_phone
from ca_service.domain.person_text import (
    FORBIDDEN,
    LONGEST_INPUT,
    ContactError,
    Fault,
    IdNumberError,
    PersonDataError,
    PersonNameError,
    mask_id,
    mask_name,
    mask_phone,
    tidy,
)

# The one door to personal data: contacts and the common parts are told apart only for their size.
__all__ = [
    "ContactError",
    "Fault",
    "IdNumber",
    "IdNumberError",
    "PersonDataError",
    "PersonNameError",
    "Phone",
    "UserType",
    "check_digit",
    "mask_id",
    "mask_name",
    "mask_phone",
    "parse_address",
    "parse_email",
    "parse_id_number",
    "parse_mobile",
    "parse_name",
    "parse_phone",
    "parse_user_type",
    "tidy",
]

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufad9\U00020000-\U000323af"
_NAME = re.compile(rf"[{_HAN}]+(?:·[{_HAN}]+)*")
_DOTS = str.maketrans(dict.fromkeys("•‧．・･∙⋅●.", "·"))
_DAMAGED_ID = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+|\d{15,}\.\d*")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
MIN_AGE, MAX_AGE = 16, 100


class UserType(StrEnum):
    """The kinds of account in the teacher system; only INFORMATION must hold a certificate."""

    QUERY = "信息查询员"
    INFORMATION = "信息管理员"
    TRAINING = "培训管理员"
    SYSTEM = "系统管理员"


@dataclass(frozen=True, slots=True, repr=False)
class IdNumber:
    """A resident ID number that passed every check; shows itself masked so that no log line can leak it."""

    value: str
    birth_date: date
    area_code: str
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"IdNumber({mask_id(self.value)})"

    __str__ = __repr__


def check_digit(first_17: str) -> str:
    """Return the last character of an ID number (GB 11643-1999: ISO 7064, MOD 11-2)."""
    return "10X98765432"[sum(w * int(d) for w, d in zip(_WEIGHTS, first_17, strict=True)) % 11]


def parse_id_number(text: str, *, today: date, zero_tail_confirmed: bool = False) -> IdNumber:
    """Read an 18-character resident ID number; IdNumberError when it is not one.

    A number that ends in 000 is what a spreadsheet leaves of any number, so it is refused unless a
    person compared it with the ID card (`zero_tail_confirmed`); about 1 real number in 1,100 ends so.
    """
    if len(text) > LONGEST_INPUT:
        raise IdNumberError(Fault.TOO_LONG, "内容过长，不是身份证号码", "请填写 18 位居民身份证号码")
    number = "".join(tidy(text).split()).upper().removeprefix("'")
    _require_id_shape(number)
    if number.endswith("000") and not zero_tail_confirmed:
        raise IdNumberError(
            Fault.DAMAGED,
            "身份证号码末三位为 000，是被电子表格软件损坏的典型结果（只保留 15 位有效数字）",
            "请先将单元格格式设为“文本”再重新输入 18 位号码；号码确实以 000 结尾的，请对照身份证在系统中单独录入此人",
        )
    area = number[:6]
    if area[:2] not in PROVINCES:
        raise IdNumberError(Fault.PROVINCE, f"前两位 {area[:2]} 不是任何省级行政区划代码", "请对照身份证核对号码前六位")
    born = _birth_date(number[6:14], today)
    if check_digit(number[:17]) != number[17]:
        raise IdNumberError(Fault.CHECK_DIGIT, "身份证号码校验位不正确，至少有一位数字有误", "请对照身份证逐位核对")
    return IdNumber(number, born, area, _area_warnings(area))


def _require_id_shape(number: str) -> None:
    if not number:
        raise IdNumberError(Fault.EMPTY, "身份证号码为空", "请填写 18 位居民身份证号码")
    if _DAMAGED_ID.fullmatch(number):
        raise IdNumberError(
            Fault.DAMAGED,
            "身份证号码已被电子表格软件按数值处理而损坏（科学计数法或小数），后几位数字已丢失",
            "请先将单元格格式设为“文本”，再重新输入 18 位号码",
        )
    if re.fullmatch(r"[0-9]{15}", number):
        raise IdNumberError(
            Fault.FIFTEEN_DIGITS, "是 15 位旧身份证号码，已停止使用", "请填写现用的 18 位居民身份证号码"
        )
    if FORBIDDEN.search(number):
        raise IdNumberError(
            Fault.CHARACTERS, "含有看不见的控制字符（常见于从网页或聊天软件复制）", "请手工重新输入 18 位号码"
        )
    if not re.fullmatch(r"[0-9X]+", number):
        raise IdNumberError(Fault.CHARACTERS, "含有数字和末位 X 以外的字符", "请只填写 18 位号码，末位可以是 X")
    if len(number) != 18:
        raise IdNumberError(Fault.LENGTH, f"共 {len(number)} 位，应为 18 位", "请对照身份证补全或改正号码")
    if "X" in number[:17]:
        raise IdNumberError(Fault.CHARACTERS, "X 只能出现在最后一位", "请对照身份证核对号码")
    if number[0] == "9":
        raise IdNumberError(Fault.FOREIGN, "是外国人永久居留身份证号码，本表不受理", "请联系上级单位按外籍人员办理")


def _birth_date(digits: str, today: date) -> date:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise IdNumberError(Fault.BIRTH_DATE, "第 7 至 14 位不是真实存在的日期", "请对照身份证核对出生日期") from None
    if born > today:
        raise IdNumberError(Fault.FUTURE, "出生日期晚于今天", "请对照身份证核对出生日期")
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if not MIN_AGE <= age <= MAX_AGE:
        raise IdNumberError(Fault.AGE, f"年龄 {age} 岁，不在 {MIN_AGE} 至 {MAX_AGE} 岁之间", "请对照身份证核对出生日期")
    return born


def _area_warnings(area: str) -> tuple[str, ...]:
    # A card keeps the code of the first registration, so a code that is no longer in force is
    # normal; only the region's own table is carried, other provinces' counties are not judged.
    if area[:2] == "15" and area_name(area) is None:
        return (f"前六位 {area} 不在现行行政区划中，可能是首次登记时的旧区划，请核对",)
    return ()


def parse_name(text: str) -> str:
    """Read a Chinese name of 2 to 40 characters; blanks go, other middle dots become `·`."""
    if len(text) > LONGEST_INPUT:
        raise PersonNameError(Fault.TOO_LONG, "内容过长，不是姓名", "姓名最多 40 个字")
    # Forbidden characters are looked for first: a bidi mark must be refused, not tidied away.
    if FORBIDDEN.search(text.strip()):
        raise PersonNameError(Fault.CHARACTERS, "姓名含有控制字符或尖括号", "请手工重新输入姓名，不要从网页复制")
    name = "".join(tidy(text).translate(_DOTS).split())
    if not name:
        raise PersonNameError(Fault.EMPTY, "姓名为空", "请填写与身份证一致的姓名")
    if not _NAME.fullmatch(name):
        raise PersonNameError(
            Fault.CHARACTERS,
            "姓名含有汉字和间隔号“·”以外的字符",
            "请按身份证填写汉字姓名，少数民族姓名用“·”分隔",
        )
    if not 2 <= len(name) <= 40:
        raise PersonNameError(Fault.LENGTH, f"姓名共 {len(name)} 个字，应为 2 至 40 个字", "请填写与身份证一致的姓名")
    return name


def parse_user_type(text: str) -> UserType:
    """Read a user type; the template's `教师系统信息管理员` means the information administrator."""
    name = "".join(tidy(text[:LONGEST_INPUT]).split()).removeprefix("教师系统")
    try:
        return UserType(name)
    except ValueError:
        choices = "、".join(UserType)
        raise PersonDataError(Fault.CHARACTERS, "用户类型不在四种之内", f"请填写其中一种：{choices}") from None
