"""The thread that keeps the lists fresh, so that no sign-in waits for a fetch."""

import threading
from collections.abc import Sequence
from datetime import timedelta

import structlog

from teacher_registry.publications.crl_source import CrlSource

_log = structlog.get_logger(__name__)


class Refresher:
    """Refreshes all sources at once and then again every `every`, a little before a request would find them due.

    A context manager: the thread ends with it. A daemon: it never keeps a process alive.
    """

    def __init__(self, sources: Sequence[CrlSource], every: timedelta) -> None:
        self._sources = sources
        self._seconds = every.total_seconds() * 0.8
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="crl-refresher", daemon=True)

    def __enter__(self) -> "Refresher":
        """Start."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and wait for a fetch that is under way (it has its own deadline)."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        told = dict.fromkeys(self._sources, "")
        while not self._stop.is_set():
            for source in self._sources:
                try:
                    source.refresh()
                except Exception as error:  # whatever it is, it must not end the refreshing
                    _log.error("crl refresh", error=type(error).__name__, exc_info=error)
                # Once for each trouble, not once for each try.
                if source.failure != told[source]:
                    told[source] = source.failure
                    _log.warning("crl refresh", failure=source.failure or "over")
            self._stop.wait(self._seconds)
