"""An answer as it goes out: the response's octets and the HTTP fields that RFC 5019 wants with them."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

CONTENT_TYPE = "application/ocsp-response"


@dataclass(frozen=True, slots=True)
class Answer:
    """An OCSPResponse (DER), the seconds that HTTP caches may keep it (0: not at all), its HTTP fields.

    `etag` is that of the fields, None where nothing is to be kept.
    """

    body: bytes
    max_age: int
    headers: list[tuple[str, str]]
    etag: str | None = None


def passing_answer(body: bytes) -> Answer:
    """Return an answer that is for this client and this moment: an error, or one with a nonce."""
    return Answer(body, 0, [*_content(body), ("Cache-Control", "no-store")])


def lasting_answer(body: bytes, *, max_age: int, this_update: datetime, next_update: datetime) -> Answer:
    """Return an answer that HTTP caches may keep, with the fields of RFC 5019 section 6.2; times in UTC."""
    etag = f'"{hashlib.sha1(body, usedforsecurity=False).hexdigest()}"'
    headers = [
        *_content(body),
        ("Cache-Control", f"max-age={max_age}, public, no-transform, must-revalidate"),
        ("Last-Modified", _http_date(this_update)),
        ("Expires", _http_date(next_update)),
        ("ETag", etag),
    ]
    return Answer(body, max_age, headers, etag)


@lru_cache(maxsize=64)
def _http_date(moment: datetime) -> str:
    """Return a moment as HTTP writes it (RFC 9110 section 5.6.7); those of one second are many."""
    return format_datetime(moment, usegmt=True)


def _content(body: bytes) -> list[tuple[str, str]]:
    """Return the fields that every answer has."""
    return [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))]
