"""What is told to whoever watches a responder: plain numbers to be read, and changes that have come into force."""

from dataclasses import dataclass
from typing import Protocol

from .status import Changes


@dataclass(slots=True)
class Counts:
    """How requests were answered since the start; read by another thread whenever it likes.

    An increment takes no lock: CPython passes the GIL on at calls and backward jumps, of which `x += 1` has none. An
    interpreter that did so elsewhere would lose one of a statistic.
    """

    cached: int = 0  # found by the request's octets
    recognised: int = 0  # by its CertID
    presigned: int = 0  # from the store
    signed: int = 0  # anew, and kept
    signed_once: int = 0  # for a nonce, or for several certificates
    never_issued: int = 0  # signed, about a serial number that was never issued
    # The OCSP errors of that name (RFC 6960 §4.2.1).
    malformed: int = 0
    unauthorized: int = 0
    try_later: int = 0
    internal_error: int = 0
    refused: int = 0  # an HTTP error: no OCSP request


class Observer(Protocol):
    """Somebody who wants to know when changes come into force here."""

    def applied(self, changes: Changes) -> None:
        """Every answer from now on knows these changes. Must neither raise nor wait: requests wait for it."""
        ...
