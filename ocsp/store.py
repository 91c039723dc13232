"""Pre-signed answers in a store that several responders share, and how a responder knows which of them still hold.

An answer in the store carries the version of the issuer's status log that had been reached before its status was read.
It holds as long as its serial number is not logged after that version; nobody has to delete it when a status changes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol


class StoredAnswer(NamedTuple):
    """A signed OCSPResponse for one CertID (both DER), without nonce; times are UTC."""

    cert_id: bytes
    serial: int
    version: int
    this_update: datetime
    next_update: datetime
    body: bytes


class AnswerStore(Protocol):
    """The pre-signed answers of one issuer, as the responders read them; who fills it is not their business.

    Methods are called by many threads at once and may raise anything: the responder then signs by itself. When the
    issuer's status log goes back (a database restored from a copy), the store must be emptied.
    """

    def get(self, cert_id: bytes) -> StoredAnswer | None:
        """Return the answer for exactly this CertID; it may be old, the responder judges that."""
        ...

    def oldest(self) -> int | None:
        """Return a version that no answer here is older than; None for an empty store."""
        ...


# A responder that has seen more changes than this since the oldest answer forgets which, and takes new answers only.
# Some 100 octets each.
_MOST_CHANGES = 200_000


class Ledger:
    """The changes that a responder knows of, to tell which stored answers hold."""

    __slots__ = ("_changed", "_floor")

    def __init__(self) -> None:
        """Know nothing: no answer holds before `begin`."""
        self._floor: int | None = None
        self._changed: dict[int, int] = {}

    def begin(self, floor: int, touched: Iterable[int], version: int) -> None:
        """Know that between `floor` and `version` these serial numbers changed and no others."""
        self._changed = dict.fromkeys(touched, version)
        self._floor = floor

    def note(self, touched: Sequence[int] | None, version: int) -> None:
        """Know what has changed up to `version`; None: too much to tell, no older answer holds."""
        if touched is None or len(self._changed) + len(touched) > _MOST_CHANGES:
            self.begin(version, (), version)
        else:
            self._changed.update(dict.fromkeys(touched, version))

    def holds(self, answer: StoredAnswer, version: int) -> bool:
        """Say whether this answer is as true as one made now; `version` is how far the log has been read."""
        # One from beyond what is known here may be from before a restore: not believed until that is reached.
        if self._floor is None or not self._floor <= answer.version <= version:
            return False
        return answer.version >= self._changed.get(answer.serial, answer.version)
