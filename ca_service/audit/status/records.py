"""What the database says about the status of one issuer's certificates, all of it read at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Row(NamedTuple):
    """A row of the certificate table, without what says nothing of the status."""

    serial: str
    profile: str
    status: str
    not_after: datetime
    revoked_at: datetime | None
    reason: int | None
    crl_entry: bytes | None
    der: bytes | None


class Step(NamedTuple):
    """A row of `certificate_event`."""

    serial: str
    seq: int
    event: str
    status: str
    at: datetime
    by: str
    ground: str
    crl_reason: int | None
    version: int


class Order(NamedTuple):
    """An order of one officer (应急处置): for which certificate and what."""

    serial: str
    act: str


class Entry(NamedTuple):
    """An entry of the audit log about a change of status."""

    seq: int
    tag: str
    serial: str
    version: int | None
    ground: str


class ListRow(NamedTuple):
    """A row of `crl`; `der` is None for a number that was reserved and never published.

    What had ended, and was revoked, before `settled` is not on it any more.
    """

    number: int
    status_version: int
    this_update: datetime
    next_update: datetime
    settled: datetime | None
    der: bytes | None = None
    delta: bytes | None = None


@dataclass(frozen=True)
class Records:
    """One consistent view of one issuer.

    `rows` and `steps` hold every certificate whose status ever changed, or whose row says so; `others` are some serial
    numbers of the rest. `lists` are the lists that were asked for, with the one before each; `series` all numbers.
    """

    issuer: str
    ca: bytes
    status_version: int
    rows: Mapping[str, Row]
    steps: Mapping[str, Sequence[Step]]
    log: Sequence[tuple[int, str]]
    orders: Mapping[str, Order]
    grounds: frozenset[str]
    entries: Sequence[Entry]
    series: Sequence[ListRow]
    lists: Mapping[int, ListRow]
    others: Sequence[str]
