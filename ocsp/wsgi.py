"""OCSP over HTTP (RFC 6960 appendix A, RFC 5019 section 5): a plain WSGI callable."""

import base64
import binascii
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from .answer import Answer
from .request import MAX_REQUEST
from .responder import Responder

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

REQUEST_TYPE = "application/ocsp-request"

# A percent-encoded base64 of the longest request; longer paths are not looked at.
_MAX_PATH = 4 * MAX_REQUEST


class OcspApplication:
    """Serves `POST <path>` and `GET <path>/<base64 of the request>`; everything else is an HTTP error."""

    __slots__ = ("_answer", "_counts", "_path", "_prefix")

    def __init__(self, responder: Responder, *, path: str = "/ocsp") -> None:
        """`path` is compared with PATH_INFO; it has no trailing slash."""
        self._answer, self._counts = responder.answer, responder.counts
        self._path = path
        self._prefix = path + "/"

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request; a cached POST takes the first branch and little else."""
        if (
            environ["REQUEST_METHOD"] == "POST"
            and environ["PATH_INFO"] == self._path
            and environ.get("CONTENT_TYPE") == REQUEST_TYPE
            and environ.get("wsgi.input_terminated")
        ):
            body = environ["wsgi.input"].read(MAX_REQUEST + 1)
            if len(body) <= MAX_REQUEST:
                answer = self._answer(body)
                # A list of its own: PEP 3333 lets the server change it.
                start_response("200 OK", list(answer.headers))
                return [answer.body]
            return self._refuse(start_response, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return self._route(environ, start_response)

    def _route(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve everything that is not the usual POST under a server that ends the input by itself."""
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        if path != self._path and not path.startswith(self._prefix):
            return self._refuse(start_response, HTTPStatus.NOT_FOUND)
        if method in ("GET", "HEAD"):
            return self._get(environ, start_response)
        if method != "POST":
            return self._refuse(start_response, HTTPStatus.METHOD_NOT_ALLOWED, ("Allow", "GET, HEAD, POST"))
        return self._post(environ, start_response)

    def _post(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve a POST whose type has parameters, or whose length must be watched."""
        if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != REQUEST_TYPE:
            return self._refuse(start_response, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        length = environ.get("CONTENT_LENGTH", "")
        if length.isascii() and length.isdigit():
            # Compared by its digits first: int() of a very long number is slow, and refused by Python.
            too_long = len(length) > 9 or int(length) > MAX_REQUEST
        elif environ.get("wsgi.input_terminated") and not length:
            length, too_long = str(MAX_REQUEST + 1), False
        else:
            return self._refuse(start_response, HTTPStatus.LENGTH_REQUIRED)
        body = b"" if too_long else environ["wsgi.input"].read(int(length))
        if too_long or len(body) > MAX_REQUEST:
            return self._refuse(start_response, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return _send(start_response, self._answer(body))

    def _get(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve a GET or a HEAD."""
        # Servers that keep the path as it came have it here; in PATH_INFO some of its slashes may be lost.
        path = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
        if self._prefix not in path:
            path = environ["PATH_INFO"]
        if len(path) > _MAX_PATH:
            return self._refuse(start_response, HTTPStatus.REQUEST_URI_TOO_LONG)
        answer = self._answer(_decode(path.partition(self._prefix)[2].partition("?")[0]))
        if answer.etag is not None and _names(environ.get("HTTP_IF_NONE_MATCH", ""), answer.etag):
            return _not_modified(start_response, answer)
        sent = _send(start_response, answer)
        return sent if environ["REQUEST_METHOD"] == "GET" else []

    def _refuse(self, start_response: "StartResponse", status: HTTPStatus, *fields: tuple[str, str]) -> list[bytes]:
        """Send an HTTP error without a body."""
        self._counts.refused += 1
        empty = [("Content-Type", "text/plain"), ("Content-Length", "0")]
        start_response(f"{status.value} {status.phrase}", [*empty, *fields])
        return []


def _decode(encoded: str) -> bytes:
    """Decode what follows the prefix: percent-encoded or not, either base64 alphabet, padded or not.

    What is no base64 gives b"", which is no request either.
    """
    # Base64 has no "%", so that a path which the server has decoded already may be decoded once more.
    # A request begins with 0x30, so no leading slash is part of it: clients join "…/ocsp/" and "/MEUw…".
    text = unquote_to_bytes(encoded.encode("ascii", "replace")).translate(_ALPHABET, b"\r\n")
    text = text.lstrip(b"/").rstrip(b"=")
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return b""


# A "+" that somebody took for a form's blank is a blank here.
_ALPHABET = bytes.maketrans(b"-_ ", b"+/+")


def _names(field: str, etag: str) -> bool:
    """Say whether an If-None-Match lists this entity tag (RFC 9110 section 13.1.2).

    If-Modified-Since is not looked at: two answers of one second can say different things.
    """
    listed = (tag.strip().removeprefix("W/") for tag in field.split(","))
    return any(tag in (etag, "*") for tag in listed)


def _not_modified(start_response: "StartResponse", answer: Answer) -> list[bytes]:
    """Tell a cache to go on with what it has, and for how long (RFC 9110 section 15.4.5)."""
    kept = [(name, value) for name, value in answer.headers if not name.startswith("Content-")]
    start_response("304 Not Modified", kept)
    return []


def _send(start_response: "StartResponse", answer: Answer) -> list[bytes]:
    """Send an answer; OCSP errors too are HTTP 200 (RFC 6960 appendix A.2)."""
    start_response("200 OK", list(answer.headers))
    return [answer.body]
