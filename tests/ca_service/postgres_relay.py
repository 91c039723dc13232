"""Between a client and a PostgreSQL: notes what the server is asked, and can fall silent as a cut cable does."""

import selectors
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import make_url

_LENGTH = struct.Struct("!I")
_QUERY, _PARSE, _BIND = b"Q", b"P", b"B"


@dataclass(eq=False)
class _Side:
    """One end of a connection; of what a client sends, the part that is not a whole message yet."""

    connection: socket.socket
    other: "_Side | None" = None
    is_client: bool = False
    started: bool = False
    unread: bytearray = field(default_factory=bytearray)
    prepared: dict[bytes, str] = field(default_factory=dict)

    def asked(self, octets: bytes) -> Iterator[str]:
        """The statements that these octets complete (PostgreSQL manual, "Message Formats")."""
        self.unread += octets
        while True:
            # Only the first message has no letter before its length.
            letter = 1 if self.started else 0
            if len(self.unread) < letter + 4:
                return
            total = letter + _LENGTH.unpack_from(self.unread, letter)[0]
            if len(self.unread) < total:
                return
            kind, body = bytes(self.unread[:letter]), bytes(self.unread[letter + 4 : total])
            del self.unread[:total]
            self.started = True
            if kind == _QUERY:
                yield body.rstrip(b"\0").decode()
            elif kind == _PARSE:
                name, text, _ = body.split(b"\0", 2)
                self.prepared[name] = text.decode()
            elif kind == _BIND:
                yield self.prepared.get(body.split(b"\0", 2)[1], "?")


class Relay:
    """Listens at a port of this machine; what comes is passed on to the socket of a server, and back."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._silent = self._ended = False
        self._unheard: list[socket.socket] = []
        self.statements: list[str] = []
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def url(self, url: str, **options: str) -> str:
        """The same database by way of this relay, with these options of libpq."""
        port: int = self._listening.getsockname()[1]
        query = {"sslmode": "disable", "gssencmode": "disable", **options}
        through = make_url(url).set(host="127.0.0.1", port=port, query=query)
        return through.render_as_string(hide_password=False)

    def fall_silent(self) -> None:
        """From now on nothing is passed on, and nobody is told: all connections stay open, and new ones are taken."""
        self._silent = True

    def close(self) -> None:
        """Break all connections and listen no more."""
        self._ended = True
        self._thread.join(10)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        for one in self._unheard:
            one.close()

    def _work(self) -> None:
        while not self._ended:
            for key, _ in self._selector.select(0.1):
                if key.fileobj is self._listening:
                    self._accept()
                elif self._silent:
                    self._selector.unregister(key.fileobj)
                    self._unheard.append(key.data.connection)
                else:
                    self._pass_on(key.data)

    def _accept(self) -> None:
        client, _ = self._listening.accept()
        if self._silent:
            self._unheard.append(client)
            return
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(self._server))
        ours, theirs = _Side(client, is_client=True), _Side(server)
        ours.other, theirs.other = theirs, ours
        for side in (ours, theirs):
            self._selector.register(side.connection, selectors.EVENT_READ, side)

    def _pass_on(self, side: _Side) -> None:
        assert side.other is not None
        octets = b""
        with suppress(OSError):
            octets = side.connection.recv(65_536)
            if side.is_client:
                self.statements += side.asked(octets)
            side.other.connection.sendall(octets)
        if not octets:
            for one in (side, side.other):
                with suppress(KeyError, ValueError):
                    self._selector.unregister(one.connection)
                one.connection.close()


@contextmanager
def relay(url: str) -> Iterator[Relay]:
    """A relay to the server of this URL, which listens at a socket in a folder."""
    made = Relay(Path(str(make_url(url).query["host"])) / ".s.PGSQL.5432")
    try:
        yield made
    finally:
        made.close()
