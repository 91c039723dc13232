"""Re-encodes DER from its values: octets that come out different were not canonical (X.690 §10, §11)."""

import re
from functools import lru_cache

from profiles import der
from profiles.errors import CertificateValueError

_MAX_DEPTH = 16
_BOOLEAN, _INTEGER, _BITS, _OID, _UTF8, _PRINTABLE, _IA5, _UTC, _GENERALIZED = 1, 2, 3, 6, 12, 19, 22, 23, 24
_SEQUENCE, _SET = 16, 17
_TEXT = {
    _PRINTABLE: re.compile(rb"[A-Za-z0-9 '()+,./:=?-]*"),
    _IA5: re.compile(rb"[\x00-\x7f]*"),
    _UTC: re.compile(rb"\d{12}Z"),
    _GENERALIZED: re.compile(rb"\d{14}Z"),
}


def canonical(encoded: bytes, depth: int = 0) -> bytes:
    """The one DER encoding of the values in this row of elements.

    Octets that are no encoding at all, or nest deeper than 16, raise CertificateValueError.
    """
    if depth > _MAX_DEPTH:
        raise CertificateValueError("der", f"more than {_MAX_DEPTH} levels", "a certificate")
    return b"".join(
        _element(class_, method, tag, body, depth) for class_, method, tag, body, _ in der.walk(encoded, "der")
    )


# Certificates of one profile and issuer are alike but for a few elements.
_within = lru_cache(maxsize=1024)(canonical)


def _element(class_: int, method: int, tag: int, contents: bytes, depth: int) -> bytes:
    if method == 1:
        inner = _within(contents, depth + 1)
        if (class_, tag) == (0, _SET):
            inner = b"".join(sorted(der.elements(inner, "der")))
    else:
        inner = _primitive(tag, contents) if class_ == 0 else contents
    # Only SEQUENCE and SET are constructed in DER; a string in pieces comes out as one.
    must_be_primitive = class_ == 0 and tag not in (_SEQUENCE, _SET)
    return der.encode(class_, 0 if must_be_primitive else method, tag, inner)


def _primitive(tag: int, contents: bytes) -> bytes:
    if tag == _BOOLEAN:
        return b"\x00" if contents == b"\x00" else b"\xff"
    if tag == _INTEGER:
        number = int.from_bytes(contents, "big", signed=True)
        bits = (number if number >= 0 else ~number).bit_length()
        return number.to_bytes(bits // 8 + 1, "big", signed=True)
    if tag == _BITS:
        return _bits(contents)
    if tag == _OID:
        return re.sub(rb"(?<![\x80-\xff])\x80+", b"", contents)
    if tag == _UTF8:
        return _utf8(contents)
    if (alphabet := _TEXT.get(tag)) and not alphabet.fullmatch(contents):
        raise CertificateValueError("der", "characters outside the string type", f"the alphabet of tag {tag}")
    return contents


def _bits(contents: bytes) -> bytes:
    if not contents or contents[0] > 7 or (contents[0] and len(contents) == 1):
        raise CertificateValueError("der", "a malformed BIT STRING", "0 to 7 unused bits")
    kept = int.from_bytes(contents[1:], "big") >> contents[0] << contents[0]
    return contents[:1] + kept.to_bytes(len(contents) - 1, "big")


def _utf8(contents: bytes) -> bytes:
    try:
        contents.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CertificateValueError("der", "malformed UTF-8", "UTF8String") from error
    return contents
