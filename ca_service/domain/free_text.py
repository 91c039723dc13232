"""Numbers of people in texts that are kept as they are: reasons, explanations, names of files, identifiers of others.

ID numbers and telephone numbers have fields of their own, which are encrypted and masked. A free text is neither, and
many read it; so a number in it is refused with that hint, or blotted out where nobody can be asked any more.
"""

import re

from ca_service.domain.errors import Invalid
from ca_service.domain.person_text import mask_id, mask_phone, tidy

# Not within a longer word: hashes and serial numbers have long runs of digits too.
# The check digit is not asked for: a number with one slip still tells who is meant.
_DAY = r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_ID_NUMBER = re.compile(rf"(?<![0-9A-Za-z])[1-9]\d{{5}}[ -]?{_DAY}[ -]?\d{{3}}[ -]?[\dXx](?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<![0-9A-Za-z])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![0-9A-Za-z])")


def refuse_numbers(text: str, *, what: str) -> str:
    """Return the text; raise Invalid where it holds an ID number or a mobile number."""
    kind = "身份证号码" if _ID_NUMBER.search(tidy(text)) else "手机号码" if _MOBILE.search(tidy(text)) else ""
    if kind:
        raise Invalid(
            f"{what}中写有{kind}：这里的文字不加密，会被许多人看到。请删去号码（号码请填在专门的栏目里）后重试。"
        )
    return text


def blotted(text: str) -> str:
    """The text with such numbers masked; unchanged, character by character, where there are none."""
    text = _ID_NUMBER.sub(lambda found: mask_id(found.group(0)), text)
    return _MOBILE.sub(lambda found: mask_phone(found.group(0)), text)
