"""What is told to whoever watches a responder: plain numbers to be read, and changes that have come into force."""

from dataclasses import dataclass
from typing import Protocol

from .status import Changes


@dataclass(slots=True)
class Counts:
    """How requests were answered since the start; read by another thread whenever it likes.

    An increment takes no lock: CPython passes the GIL on at calls and backward jumps, of which `x += 1` has none. An
    interpreter that did so elsewhere would lose one of a statistic.

    `cached`: found by the request's octets; `recognised`: by its CertID; `presigned`: from the store; `signed`: anew,
    and kept; `signed_once`: for a nonce, or for several certificates; `never_issued`: signed, about a serial number
    that was never issued; `refused`: an HTTP error, no OCSP request. The others are the OCSP errors of that name.
    """

    cached: int = 0
    recognised: int = 0
    presigned: int = 0
    signed: int = 0
    signed_once: int = 0
    never_issued: int = 0
    malformed: int = 0
    unauthorized: int = 0
    try_later: int = 0
    internal_error: int = 0
    refused: int = 0


class Observer(Protocol):
    """Somebody who wants to know when changes come into force here."""

    def applied(self, changes: Changes) -> None:
        """Every answer from now on knows these changes. Must neither raise nor wait: requests wait for it."""
        ...
