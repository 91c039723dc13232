"""What the registry does with the CA beside its pages: round after round, in one thread."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import structlog

_log = structlog.get_logger(__name__)


@contextmanager
def rounds(tasks: Sequence[Callable[[], object]], every: timedelta, *, patience: float) -> Iterator[None]:
    """Do all tasks again and again in a thread until the block ends; without tasks nothing is started.

    `patience`: seconds to wait for the round that is under way at the end.
    """
    if not tasks:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(tasks, every, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(patience)


def run(tasks: Sequence[Callable[[], object]], every: timedelta, stop: threading.Event) -> None:
    """Do rounds until `stop` is set; nothing that happens in a task ends them."""
    while not stop.is_set():
        for task in tasks:
            # Whatever it is, a database that is away for instance, must not end the feed.
            try:
                task()
            except Exception as error:
                _log.error("background", error=type(error).__name__, exc_info=error)
        stop.wait(every.total_seconds())
