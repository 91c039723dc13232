"""What a password must be (NIST SP 800-63B §5.1.1.2: length counts, composition rules do not)."""

import unicodedata

from ca_service.domain.errors import Invalid
from ca_service.domain.staff import Staff

SHORTEST, LONGEST = 12, 128
_FEWEST_DIFFERENT = 6
_RUNS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_WELL_KNOWN = ("password", "passw0rd", "qwerty", "admin", "education", "jiaoyu", "iloveyou", "woaini", "neimenggu")

# Pieces of the alphabet and the keyboard, both ways, the longest first.
_ROWS = tuple(row for run in _RUNS for row in (run, run[::-1]))
_PIECES = tuple(row[i : i + size] for size in (6, 5, 4) for row in _ROWS for i in range(len(row) - size + 1))


def normalised(password: str) -> str:
    """One form for what two keyboards may send as different characters (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, staff: Staff) -> None:
    """Raise Invalid for a password that can be guessed, saying what is wrong with it."""
    plain = normalised(password).lower()
    if len(plain) < SHORTEST or staff.login.lower() in plain:
        raise Invalid(f"新密码至少 {SHORTEST} 个字符，且不得包含登录名。")
    if len(plain) > LONGEST:
        raise Invalid(f"新密码最多 {LONGEST} 个字符。")
    if len(set(plain)) < _FEWEST_DIFFERENT:
        raise Invalid(f"新密码太简单：至少要有 {_FEWEST_DIFFERENT} 个不同的字符。")
    rest = plain
    for known in (*_WELL_KNOWN, staff.unit_code, *_PIECES):
        rest = rest.replace(known, "")
    # What is left after the well-known parts is what a guesser has to find.
    if len(rest) < SHORTEST // 2:
        raise Invalid("新密码太常见：去掉连续字符和常见词之后所剩不多。请换一个，例如几个不相关的词连在一起。")
