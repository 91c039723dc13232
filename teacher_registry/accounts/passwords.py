"""Passwords: one-time ones that an administrator hands on, and those that people choose themselves."""

import unicodedata
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from teacher_registry.accounts.errors import FieldError

# 12 characters of 31 are 59 bits. Without 0/O, 1/l/i: it is read aloud and copied by hand.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH = 12
ONE_TIME_LIFE = timedelta(days=14)

_MIN_CHOSEN = 10
_MAX_CHOSEN = 128
_MIN_DIFFERENT = 5
_COMMON = ("password", "qwerty", "123456", "abcdef", "iloveyou", "admin", "woaini", "teacher", "jiaoshi")


class PasswordHash(Protocol):
    """What is needed of argon2.PasswordHasher: argon2id, salted, encoded with its parameters; thread-safe."""

    def hash(self, password: str) -> str:
        """In PHC form with a fresh salt; slow on purpose."""

    def verify(self, hash: str, password: str) -> bool:  # noqa: A002 - argon2's own word
        """Raises VerificationError or InvalidHashError for a wrong password."""


def one_time_hasher() -> PasswordHash:
    """Lighter parameters: 59 random bits that live 14 days need no stretching, and a sheet makes 300 at once."""
    return PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)


def matches(hasher: PasswordHash, encoded: str, password: str) -> bool:
    """Whether the password belongs to the hash, whatever parameters it was made with."""
    try:
        return hasher.verify(encoded, password)
    except (VerificationError, InvalidHashError):
        return False


def one_time_password(randbelow: Callable[[int], int]) -> str:
    """A password for one sign-in; `randbelow(n)` must be a CSPRNG, uniform over 0..n-1."""
    return "".join(_ALPHABET[randbelow(len(_ALPHABET))] for _ in range(_LENGTH))


def require_good_choice(password: str, *, login: str, code: str | None) -> None:
    """Raise `FieldError` for a password that others would try first. Length counts, no mixture is demanded."""
    text = unicodedata.normalize("NFKC", password)
    lowered = text.lower()
    if not _MIN_CHOSEN <= len(text) <= _MAX_CHOSEN:
        raise FieldError("password", f"密码须为{_MIN_CHOSEN}至{_MAX_CHOSEN}个字符")
    if any(unicodedata.category(character)[0] == "C" for character in text):
        raise FieldError("password", "密码含有不能输入的字符")
    if len(set(lowered)) < _MIN_DIFFERENT or lowered.isdigit():
        raise FieldError("password", "密码过于简单：不能只用数字，且至少要有5个不同的字符")
    if any(word in lowered for word in (*_COMMON, login.lower(), *([code] if code else ()))):
        raise FieldError("password", "密码不能含有登录名、教师编码或常见的词，请换一个")
