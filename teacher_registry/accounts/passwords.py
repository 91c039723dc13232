"""One-time passwords: shown once, kept as an argon2id hash."""

from collections.abc import Callable
from typing import Protocol

# 12 characters of 31 are 59 bits. Without 0/O, 1/l/i: it is read aloud and copied by hand.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH = 12


class PasswordHash(Protocol):
    """The one method of argon2.PasswordHasher that is needed here: argon2id, salted, encoded with its
    parameters.
    """

    def hash(self, password: str) -> str:
        """Slow on purpose; thread-safe."""


def one_time_password(randbelow: Callable[[int], int]) -> str:
    """A password for one sign-in; `randbelow(n)` must be a CSPRNG, uniform over 0..n-1."""
    return "".join(_ALPHABET[randbelow(len(_ALPHABET))] for _ in range(_LENGTH))
