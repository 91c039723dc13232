"""Connections on which nothing has moved for long are ended, so that half a request does not keep its thread for ever.

The publication's server gives a request to a thread before its body is there, has no deadline for the rest, and nothing
in Python wakes that thread. The kernel knows when something last came or went on each connection (TCP_INFO, tcp(7)).
One that is shut down ends its request like one whose client has gone. Nothing here is on the way of a request.

Who sends an octet now and then is not ended: for that a proxy has to stand before it (docs/limitations.md).
"""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import structlog

from ca_service.telemetry.heart import at_intervals

PATIENCE = 60.0
"""Seconds; whoever answers requests must do so in less."""

_EVERY = 5.0
# struct tcp_info of linux/tcp.h: eight octets, of which the first is the state, then numbers of 32 bits; the tenth and
# the twelfth are the milliseconds since data were last sent and received.
_INFO = struct.Struct("=B7x9I I 4x I")
_ESTABLISHED, _CLOSE_WAIT = 1, 8
_log = structlog.get_logger(__name__)


def end_idle(port: int, *, after: float) -> int:
    """Shut down the connections that clients of this port have left idle for so many seconds; return how many."""
    ended = 0
    for connection in _connections(port):
        with closing(connection), suppress(OSError):
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
            state, *_, sent, received = _INFO.unpack(info)
            if state in (_ESTABLISHED, _CLOSE_WAIT) and min(sent, received) > after * 1000:
                connection.shutdown(socket.SHUT_RDWR)
                ended += 1
    return ended


def watch(port: int, *, after: float) -> None:
    """End them at intervals, in a thread that ends with the process."""

    def step() -> None:
        ended = end_idle(port, after=after)
        if ended:
            _log.info("idle connections ended", connections=ended)

    at_intervals(step, every=min(_EVERY, after), name="idle connections")


def _connections(port: int) -> Iterator[socket.socket]:
    """A second handle on each connection of this process to its port.

    The server may close its own at any time, and another file get that number: what a second handle stands for stays.
    """
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if not str(entry.readlink()).startswith("socket:"):
                continue
            connection = socket.socket(fileno=os.dup(int(entry.name)))
            if connection.family in (socket.AF_INET, socket.AF_INET6) and connection.getsockname()[1] == port:
                yield connection
            else:
                connection.close()
