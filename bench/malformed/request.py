"""A request in parts that can be spoiled one by one, and the same as octets for a WSGI application."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from typing import Any
from urllib.parse import quote, unquote_to_bytes

Pairs = tuple[tuple[str, str], ...]
NOTHING = object()
"""In place of a JSON document: the request has none (`None` is a document)."""
_BOUNDARY = "----q7boundary"


@dataclass(frozen=True)
class Upload:
    """One file of a form."""

    field: str
    name: str
    content: bytes


@dataclass(frozen=True)
class Draft:
    """A request that its handler takes; `label` says where it goes and who asks.

    `finish` puts right what depends on the other parts (a signature over one of them), `authorise` makes the
    Authorization header for the final body: both after the spoiling, so that it is reached what lies behind them.
    """

    label: str
    method: str
    path: str
    query: Pairs = ()
    headers: Pairs = ()
    fields: Pairs = ()
    uploads: tuple[Upload, ...] = ()
    document: Any = NOTHING
    octets: bytes | None = None
    content_type: str = ""
    environ: Mapping[str, object] = field(default_factory=dict)
    finish: Callable[["Draft"], "Draft"] = lambda draft: draft
    authorise: Callable[[bytes], str] | None = None


@dataclass(frozen=True)
class Sent:
    """What goes over the wire. `target` is encoded; `length` is what the client says of the body, or nothing."""

    label: str
    method: str
    target: str
    headers: Pairs
    body: bytes
    length: str | None
    environ: Mapping[str, object]


def encode(draft: Draft) -> Sent:
    """The draft as a correct client would send it."""
    done = draft.finish(draft)
    body, content_type = _body(done)
    headers = list(done.headers)
    if content_type:
        headers.append(("Content-Type", content_type))
    if done.authorise is not None:
        headers.append(("Authorization", f"Bearer {done.authorise(body)}"))
    target = escape(done.path, safe="/%") + (f"?{_form(done.query)}" if done.query else "")
    return Sent(done.label, done.method, target, tuple(headers), body, str(len(body)), done.environ)


def escape(text: str, *, safe: str = "") -> str:
    """Percent-encoded UTF-8; half a surrogate pair goes out as the octets that nobody should send."""
    return quote(text, safe=safe, errors="surrogatepass")


def _body(draft: Draft) -> tuple[bytes, str]:
    if draft.octets is not None:
        return draft.octets, draft.content_type
    if draft.document is not NOTHING:
        return json.dumps(draft.document).encode(), draft.content_type or "application/json"
    if draft.uploads:
        return _multipart(draft), draft.content_type or f"multipart/form-data; boundary={_BOUNDARY}"
    if draft.fields:
        return _form(draft.fields).encode(), draft.content_type or "application/x-www-form-urlencoded"
    return b"", draft.content_type


def _form(pairs: Pairs) -> str:
    return "&".join(f"{escape(name)}={escape(value)}" for name, value in pairs)


def _multipart(draft: Draft) -> bytes:
    parts = [(f'name="{name}"', value.encode(errors="surrogatepass")) for name, value in draft.fields]
    parts += [(f'name="{one.field}"; filename="{one.name}"', one.content) for one in draft.uploads]
    lines = []
    for disposition, content in parts:
        head = f"--{_BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n"
        lines += [head.encode(errors="surrogatepass"), content, b"\r\n"]
    return b"".join([*lines, f"--{_BOUNDARY}--\r\n".encode()])


def wsgi(sent: Sent) -> dict[str, Any]:
    """The environment that a server makes of it (PEP 3333): texts are Latin-1 of the octets."""
    path, _, query = sent.target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": sent.method, "SCRIPT_NAME": "", "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query, "RAW_URI": sent.target, "REQUEST_URI": sent.target, "SERVER_NAME": "localhost",
        "SERVER_PORT": "443", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "192.0.2.7", "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "https", "wsgi.input": BytesIO(sent.body),
        "wsgi.errors": StringIO(), "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
    }  # fmt: skip
    for name, value in sent.headers:
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = _latin(value)
    if sent.length is not None:
        environ["CONTENT_LENGTH"] = sent.length
    return {**environ, **sent.environ}


def _latin(value: str) -> str:
    return value.encode(errors="surrogatepass").decode("latin-1")


def with_pair(pairs: Pairs, at: int, pair: tuple[str, str]) -> Pairs:
    """The pairs with one of them replaced."""
    return (*pairs[:at], pair, *pairs[at + 1 :])


def pairs_of(values: Mapping[str, object] | Sequence[tuple[str, object]]) -> Pairs:
    """Texts only."""
    items = values.items() if isinstance(values, Mapping) else values
    return tuple((name, str(value)) for name, value in items)
