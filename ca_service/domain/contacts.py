"""Telephone numbers, e-mail and postal addresses of a person, read without guessing."""

import re
from dataclasses import dataclass

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from ca_service.domain.person_text import FORBIDDEN, LONGEST_INPUT, ContactError, Fault, mask_phone, tidy

_EXTENSION = re.compile(
    r"(?P<main>.*\d[ )]*)(?:转|分机|ext\.?|x|#|,|(?<=\d{7})-)\s*(?P<extension>\d{1,6})", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, repr=False)
class Phone:
    """A telephone number in E.164 with the extension apart; shows itself masked."""

    e164: str
    extension: str | None = None

    @property
    def national(self) -> str:
        """As people in China dial it: mobiles bare, fixed lines `0471-6543210`, extension after a hyphen."""
        number = phonenumbers.parse(self.e164, None)
        text = str(number.national_number)
        if not _is_mobile(number):
            split = phonenumbers.length_of_geographical_area_code(number)
            text = f"0{text[:split]}-{text[split:]}"
        return f"{text}-{self.extension}" if self.extension else text

    def __repr__(self) -> str:
        return f"Phone({mask_phone(self.e164)})"

    __str__ = __repr__


def parse_mobile(text: str) -> Phone:
    """Read a mainland mobile number, with or without +86; no fixed line, 400 number or extension."""
    digits = _digits(text, "手机号码")
    number = _parsed(digits)
    if number is None or not re.fullmatch(r"(?:\+?86)?1\d{10}", digits) or not _is_mobile(number):
        raise ContactError(Fault.NOT_MOBILE, "不是有效的手机号码", "请填写 11 位手机号码，一格只填一个号码")
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def parse_phone(text: str) -> Phone:
    """Read an office number: a fixed line with its area code, or a mobile; an extension after `-` or `转`.

    A local number of 7 or 8 digits is refused: which area it lies in would be a guess.
    """
    with_extension = _EXTENSION.fullmatch(tidy(text)[:LONGEST_INPUT])
    main, extension = with_extension.group("main", "extension") if with_extension else (text, None)
    digits = _digits(main, "办公电话")
    if re.fullmatch(r"[2-9]\d{6,7}", digits):
        raise ContactError(Fault.AREA_CODE_MISSING, "办公电话缺少区号", "请在号码前加区号，例如 0471-6543210")
    number = _parsed(digits)
    if number is None or not (_is_mobile(number) or _is_fixed_line(number)):
        raise ContactError(
            Fault.NOT_A_NUMBER,
            "不是有效的办公电话号码",
            "请填写带区号的固定电话（例如 0471-6543210）或手机号码，一格只填一个号码",
        )
    if _is_fixed_line(number) and not digits.startswith(("0", "86", "+86")):
        raise ContactError(
            Fault.AREA_CODE_MISSING,
            "办公电话的区号前缺少 0（电子表格软件会去掉它）",
            "请将单元格设为“文本”并补上区号前的 0",
        )
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), extension)


def _digits(text: str, what: str) -> str:
    plain = tidy(text[: LONGEST_INPUT + 1])
    if not plain:
        raise ContactError(Fault.EMPTY, f"{what}为空", f"请填写{what}")
    digits = re.sub(r"[\s()‐–—―-]", "", plain)
    if not re.fullmatch(r"\+?[0-9]{5,16}", digits):
        raise ContactError(Fault.NOT_A_NUMBER, f"{what}含有数字以外的内容或位数不对", "请只填写一个电话号码")
    return digits


def _parsed(digits: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(digits, "CN")
    except phonenumbers.NumberParseException:
        return None
    return number if number.country_code == 86 and phonenumbers.is_valid_number(number) else None


def _is_mobile(number: phonenumbers.PhoneNumber) -> bool:
    return phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


def _is_fixed_line(number: phonenumbers.PhoneNumber) -> bool:
    return phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.FIXED_LINE


def parse_email(text: str) -> str:
    """Read an e-mail address by its syntax, ASCII only; the domain in lower case; no DNS query."""
    address = tidy(text[: LONGEST_INPUT + 100])
    if not address:
        raise ContactError(Fault.EMPTY, "电子邮箱为空", "请填写电子邮箱")
    try:
        return validate_email(address, check_deliverability=False, allow_smtputf8=False).normalized
    except EmailNotValidError:
        raise ContactError(
            Fault.ADDRESS, "不是有效的电子邮箱地址", "请填写一个邮箱地址，例如 zhangsan@163.com"
        ) from None


def parse_address(text: str) -> str:
    """Read a postal address of 4 to 120 characters; runs of blanks become one."""
    address = " ".join(tidy(text[: LONGEST_INPUT + 1]).split())
    if not address:
        raise ContactError(Fault.EMPTY, "单位通讯地址为空", "请填写单位通讯地址")
    if FORBIDDEN.search(address):
        raise ContactError(Fault.CHARACTERS, "单位通讯地址含有控制字符或尖括号", "请手工重新输入地址")
    if not 4 <= len(address) <= 120:
        raise ContactError(Fault.LENGTH, "单位通讯地址应为 4 至 120 个字", "请填写能够投递的完整地址")
    return address
