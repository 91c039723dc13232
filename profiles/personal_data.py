"""Finds personal data in text that would become public for years inside a certificate."""

import re
import unicodedata

# 6 digits area, date of birth, 3 digits sequence, check character (GB 11643). The date must be one, since a
# unified social credit code has 18 characters too; the check character is not asked, for a mistyped number
# still points at a person.
_RESIDENT_ID = re.compile(
    r"(?<!\d)\d{6}[ -]?(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[ -]?\d{3}[\dXx](?!\d)"
)
_MOBILE = re.compile(r"(?<!\d)(?:(?:00)?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)")
# A random identifier in hexadecimal has an 11-digit run like a mobile number about once in a thousand;
# nobody's number stands inside a word of 20 letters and digits.
_OPAQUE_WORD = re.compile(r"(?=[0-9A-Za-z]*[A-Za-z])[0-9A-Za-z]{20,}")


def find(text: str) -> str | None:
    """What kind of personal data `text` holds, in words, or None. The data itself is never returned.

    Full-width digits and signs count as their plain forms.
    """
    plain = unicodedata.normalize("NFKC", text)
    if "@" in plain:
        return "an '@' (an e-mail address)"
    if _RESIDENT_ID.search(plain):
        return "a resident ID number"
    if _MOBILE.search(_OPAQUE_WORD.sub("", plain)):
        return "a mobile telephone number"
    return None
