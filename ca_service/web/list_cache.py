"""The lists as they are served: read and hashed once for each number, however often they are asked for.

Whether a list is still the newest is asked at every request (one row without octets), so that several processes never
serve an old one; the octets stay in memory. A region's list is small, and thirty megabytes are read once an hour.
"""

import hashlib
from dataclasses import dataclass
from threading import Lock

from ca_service.domain.crls import CrlOutline
from ca_service.workflows.ports import Services


@dataclass(frozen=True)
class ServedList:
    """One list with what HTTP says about it."""

    outline: CrlOutline
    body: bytes
    etag: str


class ListCache:
    """The newest complete list and delta of every line that somebody has asked for. Safe for threads."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = Lock()
        self._kept: dict[tuple[str, bool], ServedList] = {}

    def get(self, name: str, *, delta: bool) -> ServedList | None:
        """The newest of this line; None where nothing is published under this name. Raises Unavailable."""
        with self._services.read() as uow:
            outline = uow.crls.outlines(name)[1]
        if outline is None:
            return None
        kept = self._kept.get((name, delta))
        if kept is None or kept.outline.number < outline.number:
            with self._lock:
                kept = self._refreshed(outline, delta=delta)
        return kept

    def _refreshed(self, outline: CrlOutline, *, delta: bool) -> ServedList | None:
        """Read and keep this list, unless another thread has done so, or has a newer one, meanwhile."""
        key = (outline.name, delta)
        kept = self._kept.get(key)
        if kept is not None and kept.outline.number >= outline.number:
            return kept
        with self._services.read() as uow:
            body = uow.crls.octets(outline.name, outline.number, delta=delta)
        if body is None:
            # A list without a delta: the one of before leads to an older list, and is gone.
            self._kept.pop(key, None)
            return None
        self._kept[key] = ServedList(outline, body, hashlib.sha256(body).hexdigest()[:32])
        return self._kept[key]
