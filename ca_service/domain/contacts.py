"""Telephone numbers, e-mail and postal addresses of a person, read without guessing."""

import re
from dataclasses import dataclass

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneNumberType

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
        text = self.e164.removeprefix("+86")
        # Eleven digits from 1 on are a mobile: of the fixed lines only Beijing's begin with 1, and they have ten.
        if not (len(text) == 11 and text[0] == "1"):
            split = phonenumbers.length_of_geographical_area_code(phonenumbers.parse(self.e164, None))
            text = f"0{text[:split]}-{text[split:]}"
        return f"{text}-{self.extension}" if self.extension else text

    def __repr__(self) -> str:
        return f"Phone({mask_phone(self.e164)})"

    __str__ = __repr__


def parse_mobile(text: str) -> Phone:
    """Read a mainland mobile number, with or without +86; no fixed line, 400 number or extension."""
    digits = _digits(text, "手机号码")
    number, kind = _parsed(digits)
    if not re.fullmatch(r"(?:\+?86)?1\d{10}", digits) or kind != PhoneNumberType.MOBILE:
        raise ContactError(Fault.NOT_MOBILE, "不是有效的手机号码", "请填写 11 位手机号码，一格只填一个号码")
    return Phone(number)


def parse_phone(text: str) -> Phone:
    """Read an office number: a fixed line with its area code, or a mobile; an extension after `-` or `转`.

    A local number of 7 or 8 digits is refused: which area it lies in would be a guess.
    """
    with_extension = _EXTENSION.fullmatch(tidy(text)[:LONGEST_INPUT])
    main, extension = with_extension.group("main", "extension") if with_extension else (text, None)
    digits = _digits(main, "办公电话")
    if re.fullmatch(r"[2-9]\d{6,7}", digits):
        raise ContactError(Fault.AREA_CODE_MISSING, "办公电话缺少区号", "请在号码前加区号，例如 0471-6543210")
    number, kind = _parsed(digits)
    if kind not in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE):
        raise ContactError(
            Fault.NOT_A_NUMBER,
            "不是有效的办公电话号码",
            "请填写带区号的固定电话（例如 0471-6543210）或手机号码，一格只填一个号码",
        )
    if kind == PhoneNumberType.FIXED_LINE and not digits.startswith(("0", "86", "+86")):
        raise ContactError(
            Fault.AREA_CODE_MISSING,
            "办公电话的区号前缺少 0（电子表格软件会去掉它）",
            "请将单元格设为“文本”并补上区号前的 0",
        )
    return Phone(number, extension)


def _digits(text: str, what: str) -> str:
    plain = tidy(text[: LONGEST_INPUT + 1])
    if not plain:
        raise ContactError(Fault.EMPTY, f"{what}为空", f"请填写{what}")
    digits = re.sub(r"[\s()‐–—―-]", "", plain)
    if not re.fullmatch(r"\+?[0-9]{5,16}", digits):
        raise ContactError(Fault.NOT_A_NUMBER, f"{what}含有数字以外的内容或位数不对", "请只填写一个电话号码")
    return digits


def _parsed(digits: str) -> tuple[str, int]:
    """The number in E.164 and its type; UNKNOWN for what is no valid number of the mainland."""
    try:
        number = phonenumbers.parse(digits, "CN")
    except phonenumbers.NumberParseException:
        return "", PhoneNumberType.UNKNOWN
    if number.country_code != 86:
        return "", PhoneNumberType.UNKNOWN
    # A number of a known type is valid: that is how the library itself defines validity.
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return e164, phonenumbers.number_type(number)


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
