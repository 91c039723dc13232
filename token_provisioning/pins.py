"""The rules of PINs, and the making of random ones."""

from collections.abc import Callable, Iterable
from datetime import date
from itertools import pairwise

from token_provisioning.errors import PinRuleBrokenError

# Without 0 O 1 I L: a SO PIN may have to be typed from paper.
_SO_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_DIGITS = "0123456789"
SO_PIN_LENGTH = 16
FIRST_PIN_LENGTH = 8
_LEAST, _MOST = 6, 16
_LEAST_DISTINCT = 4
# Rows of keyboards and telephones, read in either direction.
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx3edc4rfv", "147258369", "741852963", "159357", "1470258")
_COMMON = frozenset({"5201314", "1314520", "admin123", "admin888", "passw0rd", "password", "password1", "iloveyou"})
# A shorter piece of something known would forbid too much by accident.
_TELLING = 6


def check_new_pin(new: str, *, old: str | None, known: Iterable[str] = ()) -> None:
    """Raise `PinRuleBrokenError` with the rule that `new` breaks.

    `old` is `None` where there is none. `known` is what stands on paper or on the token: serial number,
    reference number, codes. The ID number is not among them, since the helper never gets to know it:
    what has the shape of its tail, of a birthday or of a mobile number is refused instead.
    """
    if not _LEAST <= len(new) <= _MOST:
        raise PinRuleBrokenError(rule="长度应为 6 至 16 个字符")
    # Tokens compare octets: other characters differ between input methods and encodings.
    if not all("!" <= c <= "~" for c in new):
        raise PinRuleBrokenError(rule="只能使用英文字母、数字和半角符号")
    if new == old:
        raise PinRuleBrokenError(rule="不能与原 PIN 相同")
    lower = new.lower()
    for rule, broken in (
        ("不能全部是同一个字符", len(set(new)) == 1),
        ("不能是连续的字符，如 123456、abcdef、qwerty", _is_sequential(lower) or _is_keyboard_row(lower)),
        ("不能是重复的片段，如 121212、abcabc", _repeats_a_block(lower)),
        ("不能是常见的 PIN", lower in _COMMON),
        ("不能是生日", _is_date(new)),
        ("不能是手机号码或其中一段", _is_mobile(new)),
        ("不能是身份证号码的尾号", _is_id_tail(lower)),
        ("不能取自介质序列号、参考号或授权码", _is_known(lower, known)),
        ("至少要有 4 个不同的字符", len(set(lower)) < _LEAST_DISTINCT),
    ):
        if broken:
            raise PinRuleBrokenError(rule=rule)


def _is_sequential(lower: str) -> bool:
    if lower.isdigit():  # 890123 and 109876 go on past the end of the keyboard row
        steps = {(int(b) - int(a)) % 10 for a, b in pairwise(lower)}
        return steps in ({1}, {9})
    steps = {ord(b) - ord(a) for a, b in pairwise(lower)}
    return steps in ({1}, {-1})


def _is_keyboard_row(lower: str) -> bool:
    return any(lower in row or lower in row[::-1] for row in _ROWS)


def _repeats_a_block(lower: str) -> bool:
    # The classic test for a period: a text that occurs inside its own doubling, ends cut off.
    return lower in (lower + lower)[1:-1]


def _is_date(pin: str) -> bool:
    if not pin.isdigit():
        return False
    if len(pin) == 8:  # 19900101 and 01011990
        return any(_is_day(y, m, d) for y, m, d in ((pin[:4], pin[4:6], pin[6:]), (pin[4:], pin[2:4], pin[:2])))
    if len(pin) == 6:  # 900101
        return any(_is_day(century + pin[:2], pin[2:4], pin[4:]) for century in ("19", "20"))
    return False


def _is_day(year: str, month: str, day: str) -> bool:
    try:
        return 1930 <= date(int(year), int(month), int(day)).year <= 2030
    except ValueError:
        return False


def _is_mobile(pin: str) -> bool:
    return len(pin) == 11 and pin.isdigit() and pin[0] == "1" and pin[1] in "3456789"


def _is_id_tail(lower: str) -> bool:
    """Only with the check letter x is the tail known by its shape; of digits alone nobody can tell."""
    return len(lower) <= 12 and lower[-1] == "x" and lower[:-1].isdigit()


def _is_known(lower: str, known: Iterable[str]) -> bool:
    texts = ["".join(c for c in text.lower() if c.isalnum()) for text in known]
    core = "".join(c for c in lower if c.isalnum())
    return any(len(text) >= _TELLING and len(core) >= _TELLING and (core in text or text in core) for text in texts)


def random_so_pin(random_bytes: Callable[[int], bytes]) -> str:
    """Return a SO PIN of 16 characters (79 bits)."""
    return _draw(_SO_ALPHABET, SO_PIN_LENGTH, random_bytes)


def random_first_pin(random_bytes: Callable[[int], bytes]) -> str:
    """Return a first user PIN of 8 digits that satisfies the rules; it is to be changed at first use."""
    while True:
        pin = _draw(_DIGITS, FIRST_PIN_LENGTH, random_bytes)
        try:
            check_new_pin(pin, old=None)
        except PinRuleBrokenError:
            continue
        return pin


def _draw(alphabet: str, length: int, random_bytes: Callable[[int], bytes]) -> str:
    # Octets past the last whole multiple are dropped: a plain modulo would prefer the first characters.
    bound = 256 - 256 % len(alphabet)
    drawn = ""
    while len(drawn) < length:
        drawn += "".join(alphabet[b % len(alphabet)] for b in random_bytes(length) if b < bound)
    return drawn[:length]
