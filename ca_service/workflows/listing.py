"""A window on a long list: some rows and how many there are, so that no page loads a whole table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ca_service.workflows.ports import Repository

R = TypeVar("R")


@dataclass(frozen=True)
class Window:
    """Which rows are wanted: at most `limit` (None: all) after the first `offset`."""

    limit: int | None = None
    offset: int = 0


ALL = Window()


@dataclass(frozen=True)
class Listing(Generic[R]):
    """The rows of a window, and how many there are without it."""

    rows: Sequence[R]
    total: int


def listing(repository: Repository[R], window: Window, *, order: str = "", within: str, **equal: object) -> Listing[R]:
    """The records of a subtree, as `Repository.find` finds them."""
    rows = repository.find(limit=window.limit, offset=window.offset, order=order, within=within, **equal)
    total = len(rows) if window == ALL else repository.count(within=within, **equal)
    return Listing(rows, total)
