"""The personal teacher code (教师编码): nine random digits and a check digit.

Random, so that a code says nothing about unit, time or number of teachers; the check digit (ISO/IEC 7064
MOD 11,10, as in other Chinese ten-digit codes) catches every single wrong digit and nearly all swaps, before a
wrong person's account is counted a wrong try.
"""

from collections.abc import Callable

LENGTH = 10


def new_code(randbelow: Callable[[int], int]) -> str:
    """A code that never starts with 0; `randbelow(n)` must be a CSPRNG. Uniqueness is the database's."""
    digits = str(100_000_000 + randbelow(900_000_000))
    return digits + _check_digit(digits)


def is_code(text: str) -> bool:
    """Whether this can be a code."""
    return len(text) == LENGTH and text.isascii() and text.isdigit() and _check_digit(text[:-1]) == text[-1]


def _check_digit(digits: str) -> str:
    product = 10
    for digit in digits:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)
