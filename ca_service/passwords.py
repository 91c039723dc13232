"""Password hashes: argon2id with the library's recommended parameters (RFC 9106, low-memory profile)."""

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

_HASHER = PasswordHasher()
# Verified when there is no account, so that a missing login costs the same time.
_NOBODY = _HASHER.hash("nobody")


def hash_password(password: str) -> str:
    """The PHC string of a password."""
    return _HASHER.hash(password)


def verify_password(stored: str, password: str) -> bool:
    """Whether the password is the one; an empty `stored` never is."""
    try:
        return _HASHER.verify(stored or _NOBODY, password) and bool(stored)
    except (Argon2Error, InvalidHashError):
        return False
