"""Password hashes: argon2id with the library's recommended parameters (RFC 9106, low-memory profile)."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

_HASHER = PasswordHasher()


def hash_password(password: str) -> str:
    """argon2id in PHC form, salt and cost included; deliberately slow."""
    return _HASHER.hash(password)


@cache
def _nobody() -> str:
    return _HASHER.hash("nobody")


def verify_password(stored: str, password: str) -> bool:
    """Whether the password is the one; an empty `stored` never is."""
    try:
        # Without an account something is verified all the same, so that a missing login costs the same time.
        return _HASHER.verify(stored or _nobody(), password) and bool(stored)
    except (Argon2Error, InvalidHashError):
        return False
