"""A secret in n shares of which m give it back and fewer say nothing (Shamir 1979, over GF(256)), on paper.

A share is 31 octets for a secret of 16: format, set, threshold, number, the polynomials' values, check. The text is
Crockford's base32, which has no letter that is taken for a digit, in groups of five. The check names a share that was
mistyped; a digest that is split together with the secret shows that the shares give what was split.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ca_service.domain.errors import Conflict, Invalid

_FORMAT = 1
_SET, _DIGEST, _CHECK = 4, 4, 4
_HEAD = 1 + _SET + 2
_MOST = 16
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TAKEN_FOR = str.maketrans("OIL", "011")
_GROUP = 5


@dataclass(frozen=True)
class Share:
    """One custodian's part. `set_id` names the splitting that it belongs to; `number` counts from 1."""

    set_id: bytes
    threshold: int
    number: int
    values: bytes

    def __repr__(self) -> str:
        """Everything but the values: shares end up in messages."""
        return f"Share(set={self.set_id.hex()}, threshold={self.threshold}, number={self.number})"


def split(secret: bytes, *, threshold: int, shares: int, random_bytes: Callable[[int], bytes]) -> Sequence[Share]:
    """Split a secret; raise Invalid for numbers that make no sense."""
    if not 2 <= threshold <= shares <= _MOST:
        raise Invalid(f"份额数应为 2 到 {_MOST}，所需份数至少 2 且不超过份额数（现为 {threshold}/{shares}）。")
    set_id = random_bytes(_SET)
    content = secret + _digest(secret, set_id)
    # One polynomial for each octet: the octet, then random coefficients.
    polynomials = [bytes([octet]) + random_bytes(threshold - 1) for octet in content]
    return [
        Share(set_id, threshold, x, bytes(_value(polynomial, x) for polynomial in polynomials))
        for x in range(1, shares + 1)
    ]


def combine(shares: Sequence[Share]) -> bytes:
    """The secret; raise Conflict when these shares do not give it, each reason in words of its own."""
    _require_fitting(shares)
    chosen = shares[: shares[0].threshold]
    numbers = [share.number for share in chosen]
    weights = [_weight(number, numbers) for number in numbers]
    content = bytearray(len(chosen[0].values))
    for share, weight in zip(chosen, weights, strict=True):
        for index, value in enumerate(share.values):
            content[index] ^= _times(value, weight)
    secret, digest = bytes(content[:-_DIGEST]), bytes(content[-_DIGEST:])
    if not hmac.compare_digest(digest, _digest(secret, shares[0].set_id)):
        raise Conflict("这些份额合不成原来的口令：至少有一份是伪造的，或抄自别处。请停止，通知安全管理员。")
    return secret


def _require_fitting(shares: Sequence[Share]) -> None:
    if not shares:
        raise Conflict("还没有输入份额。")
    first = shares[0]
    for at in range(1, len(shares)):
        require_new(shares[:at], shares[at])
    if len(shares) < first.threshold:
        raise Conflict(
            f"份额不够：需要 {first.threshold} 份，现有 {len(shares)} 份，还差 {first.threshold - len(shares)} 份。"
        )


def require_new(given: Sequence[Share], share: Share) -> None:
    """Raise Conflict for a share that was given already, or belongs to another splitting than the first given one."""
    first = given[0]
    if (share.set_id, share.threshold, len(share.values)) != (first.set_id, first.threshold, len(first.values)):
        raise Conflict(
            f"第 {share.number} 号份额属于另一次分割（编号 {share.set_id.hex()}，本次 {first.set_id.hex()}），"
            "可能是已作废的旧份额，或另一个密钥设备的。"
        )
    if share.number in {one.number for one in given}:
        raise Conflict(f"第 {share.number} 号份额输入了两次，请换另一位保管人的份额。")


def text_of(share: Share) -> str:
    """As it is printed and typed."""
    octets = bytes([_FORMAT]) + share.set_id + bytes([share.threshold, share.number]) + share.values
    return "-".join(_groups(_base32(octets + hashlib.sha256(octets).digest()[:_CHECK])))


def read(text: str) -> Share:
    """What was typed: blanks, hyphens, full-width and small letters do not matter. Raises Invalid."""
    plain = unicodedata.normalize("NFKC", text).upper().translate(_TAKEN_FOR)
    letters = [letter for letter in plain if letter not in "-‐‑–—_." and not letter.isspace()]
    if strange := sorted({letter for letter in letters if letter not in _ALPHABET}):
        raise Invalid(f"份额中有不会出现的字符“{'、'.join(strange)[:40]}”，请核对后重新输入这一份。")
    octets = _octets("".join(letters))
    if len(octets) < _HEAD + _DIGEST + 1 + _CHECK:
        raise Invalid(f"份额不完整（读到 {len(letters)} 个字符），请核对后重新输入这一份。")
    content, check = octets[:-_CHECK], octets[-_CHECK:]
    if hashlib.sha256(content).digest()[:_CHECK] != check:
        raise Invalid("这一份抄写有误（校验不符），请逐组核对后重新输入。")
    threshold, number = content[_HEAD - 2], content[_HEAD - 1]
    if content[0] != _FORMAT or not 2 <= threshold <= _MOST or not 1 <= number <= _MOST:
        raise Invalid("这一份的格式本版本不认识，请用生成它的版本。")
    return Share(content[1 : 1 + _SET], threshold, number, content[_HEAD:])


def _digest(secret: bytes, set_id: bytes) -> bytes:
    return hashlib.sha256(b"educa shares\0" + set_id + secret).digest()[:_DIGEST]


def _groups(text: str) -> Iterator[str]:
    return (text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def _base32(octets: bytes) -> str:
    bits = len(octets) * 8
    padded = -bits % 5
    number = int.from_bytes(octets) << padded
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(bits + padded - 5, -1, -5))


def _octets(text: str) -> bytes:
    """The whole octets in it; bits that are left over must be 0."""
    number = 0
    for letter in text:
        number = number << 5 | _ALPHABET.index(letter)
    over = len(text) * 5 % 8
    if number & ((1 << over) - 1):
        raise Invalid("这一份抄写有误（字符数不对），请逐组核对后重新输入。")
    return (number >> over).to_bytes(len(text) * 5 // 8)


# GF(256) with the polynomial of AES; 3 generates it.


def _tables() -> tuple[bytes, bytes]:
    powers, logarithms, value = bytearray(255), bytearray(256), 1
    for exponent in range(255):
        powers[exponent], logarithms[value] = value, exponent
        value ^= value << 1 ^ (0x11B if value & 0x80 else 0)
        value &= 0xFF
    return bytes(powers), bytes(logarithms)


_POWERS, _LOGARITHMS = _tables()


def _times(a: int, b: int) -> int:
    return _POWERS[(_LOGARITHMS[a] + _LOGARITHMS[b]) % 255] if a and b else 0


def _over(a: int, b: int) -> int:
    return _POWERS[(_LOGARITHMS[a] - _LOGARITHMS[b]) % 255] if a else 0


def _value(polynomial: bytes, x: int) -> int:
    """At x; the lowest coefficient first."""
    value = 0
    for coefficient in reversed(polynomial):
        value = _times(value, x) ^ coefficient
    return value


def _weight(number: int, numbers: Sequence[int]) -> int:
    """Lagrange's weight of one value for the polynomial at 0."""
    weight = 1
    for other in numbers:
        if other != number:
            weight = _times(weight, _over(other, other ^ number))
    return weight
