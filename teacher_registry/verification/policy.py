"""What each operation demands of the word on a certificate's revocation: one table.

| operation      | a remembered OCSP answer | when no current word can be had                              |
|----------------|--------------------------|--------------------------------------------------------------|
| sign-in        | good for max_status_age  | the last good list counts for the configured grace, then closed |
| view           | good for max_status_age  | as sign-in                                                   |
| change         | not taken, asked anew    | closed at once                                               |
| password reset | not taken, asked anew    | closed at once                                               |
| export         | not taken, asked anew    | closed at once                                               |

A current word is, in this order: an OCSP answer within its times; when the responder is silent, a stapled answer or
a CRL (with its delta) before its nextUpdate. A word that cannot be trusted (another's signature, another certificate,
a replay, times in the future) closes at once for every operation: somebody between us and the CA is talking.

A wrong clock follows from this. Two days ahead, all lists and answers are past their nextUpdate: the grace, then
closed. Two days behind, they come from the future: closed at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Operation(StrEnum):
    """What a verified administrator is about to do."""

    SIGN_IN = "sign-in"
    VIEW = "view"
    CHANGE = "change"
    RESET_PASSWORD = "password-reset"  # noqa: S105  (no password)
    EXPORT = "export"


@dataclass(frozen=True)
class Freshness:
    """`asks_anew`: no remembered answer is taken. `has_grace`: the last good list may be past its nextUpdate."""

    asks_anew: bool
    has_grace: bool


_LOOK = Freshness(asks_anew=False, has_grace=True)
_ACT = Freshness(asks_anew=True, has_grace=False)

FRESHNESS: Mapping[Operation, Freshness] = MappingProxyType(
    {
        Operation.SIGN_IN: _LOOK,
        Operation.VIEW: _LOOK,
        Operation.CHANGE: _ACT,
        Operation.RESET_PASSWORD: _ACT,
        Operation.EXPORT: _ACT,
    }
)
