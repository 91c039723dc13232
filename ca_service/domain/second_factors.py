"""Second factors: time-based codes (RFC 6238), recovery codes, passkeys; no I/O."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp

STEP = 30
# One step either way: a telephone's clock, and the time it takes to type (RFC 6238 §5.2).
_DRIFT = 1
RECOVERY_CODES = 10
RECOVERY_LENGTH = 10
PENDING = timedelta(minutes=30)
_ISSUER = "教育CA"


@dataclass(frozen=True)
class TotpSecret:
    """The shared secret in base32, 160 bits (RFC 4226 §4 R6); kept sealed."""

    base32: str

    def code_at(self, step: int) -> str:
        """The six digits of a time step."""
        return pyotp.TOTP(self.base32).at(step * STEP)

    def uri(self, login: str) -> str:
        """What an authenticator reads from the QR code."""
        return pyotp.TOTP(self.base32).provisioning_uri(name=login, issuer_name=_ISSUER)


@dataclass(frozen=True)
class TotpKey:
    """An authenticator of an account. `last_step` is the time step of the last code taken: none is taken twice."""

    id: str
    login: str
    secret: TotpSecret
    created_at: datetime
    confirmed_at: datetime | None = None
    last_step: int = 0

    def accepted_step(self, code: str, now: datetime) -> int | None:
        """The time step of a code that is right now and later than any taken before; None for every other."""
        present = int(now.timestamp()) // STEP
        for step in range(present - _DRIFT, present + _DRIFT + 1):
            if step > self.last_step and hmac.compare_digest(self.secret.code_at(step), code):
                return step
        return None


@dataclass(frozen=True)
class RecoveryCode:
    """One of ten; kept as a keyed hash, good once."""

    code_hash: str
    login: str
    created_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True)
class Passkey:
    """A WebAuthn credential. `id` is base64url; `sign_count` as the authenticator last told it."""

    id: str
    login: str
    name: str
    public_key: bytes
    sign_count: int
    created_at: datetime
    used_at: datetime | None = None


def tidy_code(typed: str) -> str:
    """A code as it is kept, from what a person typed: capitals, no blanks, no hyphens."""
    return "".join(typed.upper().split()).replace("-", "")


def shown_code(code: str) -> str:
    """A recovery code as it is read from paper: two groups of five."""
    return f"{code[:5]}-{code[5:]}"
