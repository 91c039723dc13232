"""What all personal data has in common: typed refusals, tidying that guesses nothing, and masking."""

import re
from enum import StrEnum

from ca_service.domain.refusals import RefusedValueError

_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
# Full-width ASCII differs from ASCII by a constant; NFKC is not used, since it would also turn
# circled and superscript digits into digits, which is guessing.
_PLAIN = {0xFF01 + i: 0x21 + i for i in range(94)} | dict.fromkeys(map(ord, _INVISIBLE))
# Control characters, HTML's angle brackets, marks that turn the direction of writing, non-characters.
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f<>\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\uffff]")
LONGEST_INPUT = 200


class Fault(StrEnum):
    """What is wrong with a value, for programs; people read `reason` and `mend`."""

    EMPTY = "empty"
    TOO_LONG = "too-long"
    CHARACTERS = "characters"
    DAMAGED = "damaged"
    LENGTH = "length"
    FIFTEEN_DIGITS = "fifteen-digits"
    FOREIGN = "foreign"
    PROVINCE = "province"
    BIRTH_DATE = "birth-date"
    FUTURE = "future"
    AGE = "age"
    CHECK_DIGIT = "check-digit"
    AREA_CODE_MISSING = "area-code-missing"
    NOT_A_NUMBER = "not-a-number"
    NOT_MOBILE = "not-mobile"
    ADDRESS = "address"
    CERTIFICATE = "certificate"


class PersonDataError(RefusedValueError):
    """A field of a person is refused; `fault` is the rule, for programs."""

    def __init__(self, fault: Fault, reason: str, mend: str) -> None:
        super().__init__(reason, mend)
        self.fault = fault


class IdNumberError(PersonDataError):
    """Not a usable resident ID number."""


class ContactError(PersonDataError):
    """Not a usable telephone number, e-mail or postal address."""


class PersonNameError(PersonDataError):
    """Not a name as on a resident ID card."""


def tidy(text: str) -> str:
    """Full-width ASCII to ASCII, invisible characters and outer blanks away; nothing else is changed."""
    return text.translate(_PLAIN).strip()


def mask_name(name: str) -> str:
    """Keep the first character only; the number of stars tells nothing about the length."""
    return f"{name[:1]}*"


def mask_id(text: str) -> str:
    """Keep three characters in front and four behind, of damaged numbers too; short texts become stars."""
    return text[:3] + "*" * (len(text) - 7) + text[-4:] if len(text) >= 11 else "*" * len(text)


def mask_email(text: str) -> str:
    """Keep the first character and the domain."""
    name, _, domain = text.partition("@")
    return f"{name[:1]}*@{domain}"


def mask_phone(text: str) -> str:
    """Keep three characters in front and the last two; short texts become stars."""
    return text[:3] + "*" * (len(text) - 5) + text[-2:] if len(text) >= 8 else "*" * len(text)
