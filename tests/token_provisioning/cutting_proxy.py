"""A wire that is cut: a TCP proxy that forwards so many octets in one direction and then ends both connections."""

import socket
import struct
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
class Passage:
    """What went over the wire since it was last mended, over all connections; old ones do not count in a new one.

    `cut` says after how many octets of which way; `None`: never. `abrupt`: by RST, as a dead router's neighbour does,
    not by FIN. `edges` are the places where what one side had sent at once ended. `broken`: the cut has been made.
    """

    cut: tuple[Way, int] | None = None
    abrupt: bool = False
    passed: dict[Way, int] = field(default_factory=lambda: dict.fromkeys(Way, 0))
    edges: set[tuple[Way, int]] = field(default_factory=set)
    broken: bool = False

    def let_through(self, way: Way, octets: bytes) -> bytes:
        """Return what still passes of these octets."""
        limit = self.cut[1] - self.passed[way] if self.cut is not None and self.cut[0] is way else len(octets)
        allowed = octets[: max(0, limit)]
        self.broken = self.broken or len(allowed) < len(octets)
        return allowed

    def note(self, way: Way, count: int) -> None:
        """So many octets went through."""
        self.passed[way] += count
        self.edges.add((way, self.passed[way]))


@dataclass
class Wire:
    """Between a server and who goes to `address`; mended, until it is cut."""

    server: str
    address: str = ""
    passage: Passage = field(default_factory=Passage)

    def mend(self) -> None:
        """Let everything through from the next connection on, and count anew."""
        self.passage = Passage()

    def cut(self, way: Way, octets: int, *, abrupt: bool = False) -> None:
        """Cut after so many octets, counted from the next connection on."""
        self.passage = Passage(cut=(way, octets), abrupt=abrupt)


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
            threading.Thread(target=_forward, args=(wire.passage, way, source, sink), daemon=True).start()


def _forward(passage: Passage, way: Way, source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while octets := source.recv(65_536):
            allowed = passage.let_through(way, octets)
            # Noted before it is sent: who gets it may be done before this thread goes on.
            passage.note(way, len(allowed))
            sink.sendall(allowed)
            if len(allowed) < len(octets):
                break
    for end in (source, sink):
        _end(end, abrupt=passage.broken and passage.abrupt)


def _end(end: socket.socket, *, abrupt: bool) -> None:
    with suppress(OSError):
        if abrupt:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Wakes the other thread out of its recv; shut for reading alone nothing is sent, so that close sends RST.
        end.shutdown(socket.SHUT_RD if abrupt else socket.SHUT_RDWR)
    end.close()
