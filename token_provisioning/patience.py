"""A token that takes its time: after a while the person is told to wait and not to pull it out."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Making an RSA key takes cards up to a minute; a signature rarely two seconds.
SLOW_SECONDS = 6.0
SLOW_TEXT = "介质响应较慢，仍在工作(生成密钥可能需要一分钟)。请勿拔出介质。"


@contextmanager
def patiently(tell: Callable[[str], None], *, after: float = SLOW_SECONDS) -> Iterator[None]:
    """Call `tell` once, from another thread, if the block is not done after that many seconds."""
    timer = threading.Timer(after, tell, (SLOW_TEXT,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
