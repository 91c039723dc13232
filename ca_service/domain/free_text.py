"""Numbers of people in texts that are kept as they are: reasons, explanations, names of files, identifiers of others.

ID numbers and telephone numbers have fields of their own, which are encrypted and masked. A free text is neither, and
many read it; so a number in it is refused with that hint, or blotted out where nobody can be asked any more.
"""

import re

from ca_service.domain.errors import Invalid
from ca_service.domain.person_text import mask_id, mask_phone, tidy
from ca_service.domain.persons import check_digit

# Not within a longer word: hashes and serial numbers have long runs of digits too.
_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}[ -]?(?:19|20)\d{6}[ -]?\d{3}[ -]?[\dXx](?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<![0-9A-Za-z])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![0-9A-Za-z])")


def refuse_numbers(text: str, *, what: str) -> str:
    """Return the text; raise Invalid where it holds an ID number or a mobile number."""
    kind = "身份证号码" if _id_numbers(tidy(text)) else "手机号码" if _MOBILE.search(tidy(text)) else ""
    if kind:
        raise Invalid(
            f"{what}中写有{kind}：这里的文字不加密，会被许多人看到。请删去号码（号码请填在专门的栏目里）后重试。"
        )
    return text


def blotted(text: str) -> str:
    """The text with such numbers masked; unchanged, character by character, where there are none."""
    for number in _id_numbers(text):
        text = text.replace(number, mask_id(number))
    return _MOBILE.sub(lambda found: mask_phone(found.group(0)), text)


def _id_numbers(text: str) -> list[str]:
    """Those with the right check digit: an eighteen-digit number of something else is none."""
    found = (match.group(0) for match in _ID_NUMBER.finditer(text))
    return [number for number in found if _checks(re.sub(r"[ -]", "", number).upper())]


def _checks(digits: str) -> bool:
    return check_digit(digits[:17]) == digits[17]
