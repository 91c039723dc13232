"""A wire that is cut: a TCP proxy that forwards so many octets in one direction and then closes both."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit


class Way(StrEnum):
    UP = "up"
    DOWN = "down"


@dataclass
class Wire:
    """`cut` says after how many octets of which way; `None`: never. `passed` counts what went through.

    `edges` are the places where what one side had sent at once ended: between them every place is like the next.
    """

    server: str
    cut: tuple[Way, int] | None = None
    passed: dict[Way, int] = field(default_factory=lambda: dict.fromkeys(Way, 0))
    edges: set[tuple[Way, int]] = field(default_factory=set)
    address: str = ""

    def mend(self) -> None:
        self.cut, self.passed, self.edges = None, dict.fromkeys(Way, 0), set()


@contextmanager
def wire_to(server: str) -> Iterator[Wire]:
    """Stand between the helper and a server at 127.0.0.1; yields the wire with its own `address`."""
    wire = Wire(server)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire.address = f"https://127.0.0.1:{listener.getsockname()[1]}"
        accepting = threading.Thread(target=_accept, args=(listener, wire))
        accepting.start()
        try:
            yield wire
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


def _accept(listener: socket.socket, wire: Wire) -> None:
    target = ("127.0.0.1", urlsplit(wire.server).port)
    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            return
        far = socket.create_connection(target)
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for way, source, sink in ((Way.UP, near, far), (Way.DOWN, far, near)):
            threading.Thread(target=_forward, args=(wire, way, source, sink), daemon=True).start()


def _forward(wire: Wire, way: Way, source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while octets := source.recv(65_536):
            limit = wire.cut[1] if wire.cut is not None and wire.cut[0] is way else None
            allowed = octets if limit is None else octets[: limit - wire.passed[way]]
            sink.sendall(allowed)
            wire.passed[way] += len(allowed)
            wire.edges.add((way, wire.passed[way]))
            if len(allowed) < len(octets):
                break
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
