"""What an answer must not be, whatever was asked."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from bench.malformed.request import Sent, wsgi
from bench.malformed.values import MARK

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_LONGEST = 10.0
"""Seconds for one answer, in processor time of this process: wide, for a machine under load."""
_INNER = re.compile(
    rb"Traceback \(most recent|File \"[^\"]+\.py\"|sqlalchemy\.|sqlite3\.|psycopg|werkzeug\.exceptions|"
    rb"DETAIL:  |root:x:0:0|DebuggedApplication"
)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
HARDENED = ("Content-Security-Policy", "X-Content-Type-Options", "Strict-Transport-Security", "Referrer-Policy")


@dataclass(frozen=True)
class Answer:
    """What came back, and what it cost."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    work: float


@dataclass(frozen=True)
class Rules:
    """What holds on one side: headers that every answer has, statuses that are documented although they are 5xx."""

    headers: Collection[str] = ()
    documented: Callable[[Sent, int], bool] = lambda _sent, _status: False
    may_write: Callable[[Sent, int], Collection[str]] = lambda _sent, _status: ()


def ask(application: "WSGIApplication", sent: Sent) -> Answer:
    """Call a WSGI application as a server would, and read its answer to the end. Raises what escapes from it."""
    told: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: object = None) -> Callable[[bytes], object]:
        told[:] = [status, headers]
        return lambda _octets: None

    began, worked = perf_counter(), process_time()
    parts: Iterable[bytes] = application(wsgi(sent), start_response)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    status, headers = told
    return Answer(int(status.split()[0]), dict(headers), body, perf_counter() - began, process_time() - worked)


def objections(rules: Rules, sent: Sent, answer: Answer, wrote: Collection[str]) -> list[str]:
    """Everything that is wrong with this answer, in words; nothing when it is well."""
    found = []
    if answer.status >= 500 and not rules.documented(sent, answer.status):
        found.append(f"answered {answer.status}")
    if inner := _INNER.search(answer.body):
        found.append(f"shows what is inside: {inner.group()!r}")
    if answer.work > _LONGEST:
        found.append(f"took {answer.work:.1f} s of processor time")
    if "html" in answer.headers.get("Content-Type", "") and MARK[:3].encode() in answer.body:
        found.append("shows a text of the request unescaped")
    # An answer without a body is no page that could be framed or run.
    found += [f"no {name}" for name in rules.headers if answer.body and name not in answer.headers]
    found += [
        f"header {name} has a control character" for name, text in answer.headers.items() if _CONTROL.search(text)
    ]
    location = answer.headers.get("Location", "/")
    if not _ours(location):
        found.append(f"leads away, to {location[:60]!r}")
    illegal = set(wrote) - set(rules.may_write(sent, answer.status))
    if answer.status >= 400 and illegal:
        found.append(f"was refused ({answer.status}) and wrote {sorted(illegal)}")
    return found


def _ours(location: str) -> bool:
    """A path of this origin; an absolute address would be made of what the client says it is."""
    return location.startswith("/") and not location.startswith(("//", "/\\"))
