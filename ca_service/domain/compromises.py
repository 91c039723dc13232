"""The key of an issuing CA is, or may be, in wrong hands: who says so, who confirms it, what has been done.

Two administrators and whoever has the root's token: three people. From the declaration on the CA issues nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.lifecycle import Machine


class CompromiseStatus(StrEnum):
    """How far the answer to a compromise has come."""

    DECLARED = "declared"
    CONFIRMED = "confirmed"  # its certificates are being revoked, a page at a time
    ENDED = "ended"  # the CA's own certificate is on the root's list
    WITHDRAWN = "withdrawn"


class CompromiseEvent(StrEnum):
    """What can happen to a declared compromise."""

    CONFIRM = "confirm"
    WITHDRAW = "withdraw"
    REVOKE_CA = "revoke-ca"


_S, _E = CompromiseStatus, CompromiseEvent

COMPROMISE = Machine(
    "密钥泄露处置",
    MappingProxyType(
        {
            (_S.DECLARED, _E.CONFIRM): _S.CONFIRMED,
            (_S.DECLARED, _E.WITHDRAW): _S.WITHDRAWN,
            # There is no way back: what was signed with a stolen key cannot be told from what we signed.
            (_S.CONFIRMED, _E.REVOKE_CA): _S.ENDED,
        }
    ),
)

STANDING = (_S.DECLARED, _S.CONFIRMED, _S.ENDED)
"""While one of an issuer is in one of these, that issuer issues nothing but signers of its status answers."""
REVOKING = (_S.CONFIRMED, _S.ENDED)
"""What the issuer has signed is revoked."""


@dataclass(frozen=True)
class Compromise:
    """One case. `ground` is what is known, or the number of the report."""

    id: str
    issuer: str
    ground: str
    status: CompromiseStatus
    declared_by: str
    declared_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
    ended_by: str = ""
    ended_at: datetime | None = None
