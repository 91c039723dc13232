"""The CRLs of an issuer: which lines of numbers there are, what becomes of a number, when an expired entry may go."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.lifecycle import Machine


@dataclass(frozen=True)
class CrlLine:
    """One line of numbered lists: of all certificates of an issuer, or of those that were issued into one shard."""

    issuer: str
    shard: int | None = None

    @property
    def name(self) -> str:
        """What the list is called, in the store and in its URL: `issuing`, `issuing-s3`.

        Never `issuing-3`, which is the name of an issuer: the third, after two roll-overs.
        """
        return self.issuer if self.shard is None else f"{self.issuer}-s{self.shard}"


class CrlStatus(StrEnum):
    """What has become of a number. None is ever used again."""

    RESERVED = "reserved"  # number and contents are on disk; somebody is signing, or died
    PUBLISHED = "published"
    REFUSED = "refused"  # signed, and held back by the gate
    GIVEN_UP = "given-up"  # the key could not be reached; the contents are forgotten


class CrlEvent(StrEnum):
    """What can happen to a reserved number."""

    PUBLISH = "publish"
    REFUSE = "refuse"
    GIVE_UP = "give-up"


_S, _E = CrlStatus, CrlEvent

CRL = Machine(
    "CRL",
    MappingProxyType(
        {
            (_S.RESERVED, _E.PUBLISH): _S.PUBLISHED,
            (_S.RESERVED, _E.REFUSE): _S.REFUSED,
            (_S.RESERVED, _E.GIVE_UP): _S.GIVEN_UP,
        }
    ),
)


@dataclass(frozen=True)
class CrlOutline:
    """A number of a line without its octets.

    `scheduled`: a regular list, not one in between because something changed. `settled`: the moment of the last regular
    list before it; what had expired and stood on that one is not on this one (RFC 5280 §3.3).
    """

    name: str
    number: int
    status: CrlStatus
    status_version: int
    this_update: datetime
    next_update: datetime
    settled: datetime | None
    scheduled: bool

    @property
    def settles_next(self) -> datetime | None:
        """What `settled` is for the list after this one."""
        return self.this_update if self.scheduled else self.settled


@dataclass(frozen=True)
class PublishedCrl(CrlOutline):
    """A number with its octets. `der` is absent between reservation and signature.

    `delta` leads from an earlier complete list to this one; `refusal` says why the list was not published.
    """

    issuer: str
    shard: int | None
    tbs: bytes
    der: bytes | None = None
    delta_tbs: bytes | None = None
    delta: bytes | None = None
    refusal: str = ""


@dataclass(frozen=True)
class CrlShard:
    """A shard that has been opened: it is published for ever, since certificates name its URL. `number`: the last."""

    name: str
    issuer: str
    shard: int
    url: str
    number: int = 0


def is_scheduled(settled: datetime | None, this_update: datetime, interval: timedelta) -> bool:
    """Whether a list of this moment is a regular one: the first, or so long after the last regular one."""
    return settled is None or this_update - settled >= interval
