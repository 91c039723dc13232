"""HTTP to two machines as through a balancer: what fails for a while is asked again, at the other machine.

A request that may have been carried out although nobody said so is marked: who sent it looks before it counts.
"""

import http.client
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.soak.journal import Journal

_PATIENCE = 120.0
_TRY_LATER = bytes.fromhex("30030a0103")
_BACK_AFTER = 10.0


class NotServedError(Exception):
    """Nobody has answered this request for two minutes."""


@dataclass(frozen=True)
class Answer:
    """What came back. `repeated`: an earlier try of the same request may have been carried out."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    repeated: bool

    @property
    def text(self) -> str:
        """The body of a page."""
        return self.body.decode(errors="replace")


@dataclass
class Wire:
    """One client's connections; its first address is where it goes while that answers.

    `brief`: a connection for each request, as who asks seldom has; else one is kept, and dies with its server.
    """

    journal: Journal
    addresses: Sequence[str]
    tls: ssl.SSLContext | None = None
    brief: bool = True
    _at: int = 0
    _left_home: float = 0.0
    _line: http.client.HTTPConnection | None = field(default=None, repr=False)

    def ask(
        self, what: str, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request until it is answered for good; its first failure counts as one error."""
        self.journal.asked(what)
        until, failed, repeated = time.monotonic() + _PATIENCE, False, False
        while time.monotonic() < until:
            self._go_home()
            answer = self._try(method, path, body, headers or {})
            kind = answer if isinstance(answer, str) else _passing(answer)
            if not kind and isinstance(answer, Answer):
                if self.brief:
                    self.close()
                return Answer(answer.status, answer.headers, answer.body, repeated)
            if kind != _REFUSED:
                if not failed:
                    self.journal.failed(f"{what}: {kind}")
                failed = repeated = True
            self._leave()
            time.sleep(0.1 if isinstance(answer, str) else _wait(answer))
        raise NotServedError(f"{what} {method} {path}")

    def close(self) -> None:
        """End the connection: the next request makes a new one, as a person's browser does."""
        if self._line is not None:
            self._line.close()
        self._line = None

    def _try(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer | str:
        try:
            line = self._connected()
        except OSError:
            self.journal.turned_away()
            return _REFUSED
        try:
            line.request(method, path, body, dict(headers))
            answer = line.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read(), repeated=False)
        except (OSError, http.client.HTTPException) as error:
            return f"broken connection ({type(error).__name__})"

    def _connected(self) -> http.client.HTTPConnection:
        if self._line is None:
            host, _, port = self.addresses[self._at].rpartition(":")
            if self.tls is None:
                line = http.client.HTTPConnection(host, int(port), timeout=60)
            else:
                line = http.client.HTTPSConnection(host, int(port), timeout=60, context=self.tls)
            line.connect()
            self._line = line
        return self._line

    def _leave(self) -> None:
        self.close()
        self._at = (self._at + 1) % len(self.addresses)
        self._left_home = time.monotonic()

    def _go_home(self) -> None:
        if self._at and time.monotonic() > self._left_home + _BACK_AFTER:
            self.close()
            self._at = 0


_REFUSED = "refused connection"


def _passing(answer: Answer) -> str:
    """How an answer says that the request may be sent again; empty where it does not."""
    if answer.status == 503 and "retry-after" in answer.headers:
        return "503 outcome unknown" if b"outcome-unknown" in answer.body else "503 unavailable"
    return "OCSP tryLater" if answer.body == _TRY_LATER else ""


def _wait(answer: Answer) -> float:
    return float(answer.headers.get("retry-after", 0.5))


def every(seconds: float, act: Callable[[], None], stop: Callable[[float], bool]) -> None:
    """Act at this pace until `stop`, which waits, says so; who is late does not catch up."""
    due = time.monotonic()
    while not stop(max(0.0, due - time.monotonic())):
        act()
        due = max(due + seconds, time.monotonic())
