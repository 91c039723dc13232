"""Records of the store, whatever kind they are: found, added, changed under a guard."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

R = TypeVar("R")


@dataclass(frozen=True)
class Before:
    """In place of a value to `find`: the field is earlier than this moment."""

    moment: datetime


@dataclass(frozen=True)
class Since:
    """In place of a value to `find`: the field is this moment or later."""

    moment: datetime


class Repository(Protocol[R]):
    """Records of one kind, inside one transaction."""

    def add(self, record: R) -> None:
        """Store a new record; raise Conflict if its key, or another unique field, is taken."""

    def add_all(self, records: Iterable[R]) -> int:
        """Store many new records at once, in the order given; return how many. Raises Conflict like `add`."""

    def get(self, key: str) -> R:
        """Return the record; raise NotFound."""

    def find(
        self,
        *,
        limit: int | None = None,
        offset: int = 0,
        order: str = "",
        within: str | None = None,
        **equal: object,
    ) -> Sequence[R]:
        """Records whose named fields equal the values given (a sequence: any of them; Before, Since: a time).

        In key order, or by the field that `order` names (`-field`: falling). `within` is a unit: only what belongs to
        it or to a unit below it.
        """

    def count(self, *, within: str | None = None, **equal: object) -> int:
        """How many `find` would return."""

    def tally(self, field: str, *, within: str | None = None, **equal: object) -> Mapping[Any, int]:
        """How many `find` would return for each value of a field; values with none are left out."""

    def earliest(self, field: str, **equal: object) -> datetime | None:
        """The earliest value of a time among what `find` would return; None when that is nothing."""

    def change(self, record: R, *, guard: Sequence[str] = (), **changed: Any) -> R:
        """Write the named fields if the stored record still has the key, status and `guard` fields of `record`.

        One guarded UPDATE; raise Conflict when somebody was first (zero rows). Returns the record as stored now.
        """

    def change_each(
        self, before: Sequence[R], after: Sequence[R], names: Sequence[str], *, guard: Sequence[str] = ()
    ) -> None:
        """Write the named fields of each of `after` over the record at its place in `before`, guarded as by `change`;
        raise Conflict if one has changed: not all are written then.
        """

    def change_all(self, records: Sequence[R], *, guard: Sequence[str] = (), **changed: Any) -> None:
        """Write the same values to many records, each guarded as by `change`; raise Conflict if one has changed."""


class Transient(Repository[R], Protocol):
    """Records that serve for a while and are deleted: sessions and second factors, never business."""

    def remove(self, **equal: object) -> int:
        """Delete what `find` would return; return how many."""


class Tries(Protocol):
    """Counted tries, the same for all processes. A key says what is limited and for whom, as a keyed hash."""

    def count(self, key: str, *, per: timedelta, now: datetime) -> tuple[int, datetime]:
        """Count one more; return how many there are in the running window of length `per`, and when it began."""

    def forget(self, keys: Sequence[str]) -> None:
        """Begin anew for these keys."""

    def sweep(self, *, before: datetime) -> None:
        """Delete windows that began before."""
