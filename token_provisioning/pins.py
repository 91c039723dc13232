"""The rules of PINs, and the making of random ones."""

from collections.abc import Callable
from itertools import pairwise

from token_provisioning.errors import PinRuleBrokenError

# Without 0 O 1 I L: a SO PIN may have to be typed from paper.
_SO_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_DIGITS = "0123456789"
SO_PIN_LENGTH = 16
FIRST_PIN_LENGTH = 8


def check_new_pin(new: str, *, old: str | None) -> None:
    """Raise `PinRuleBrokenError` with the rule that `new` breaks; `old` is `None` where there is none."""
    if not 6 <= len(new) <= 16:
        raise PinRuleBrokenError(rule="长度应为 6 至 16 个字符")
    # Tokens compare octets: other characters differ between input methods and encodings.
    if not all("!" <= c <= "~" for c in new):
        raise PinRuleBrokenError(rule="只能使用英文字母、数字和半角符号")
    if len(set(new)) == 1:
        raise PinRuleBrokenError(rule="不能全部是同一个字符")
    if _is_sequential(new):
        raise PinRuleBrokenError(rule="不能是连续的字符，如 123456、abcdef")
    if new == old:
        raise PinRuleBrokenError(rule="不能与原 PIN 相同")


def _is_sequential(pin: str) -> bool:
    if pin.isdigit():  # 890123 and 109876 go on past the end of the keyboard row
        steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
        return steps in ({1}, {9})
    lower = pin.lower()
    steps = {ord(b) - ord(a) for a, b in pairwise(lower)}
    return steps in ({1}, {-1})


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
