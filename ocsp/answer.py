"""An answer as it goes out: the response's octets and the HTTP fields that RFC 5019 wants with them."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

CONTENT_TYPE = "application/ocsp-response"

Field = tuple[str, str]

_TYPE: Field = ("Content-Type", CONTENT_TYPE)
_NO_STORE: Field = ("Cache-Control", "no-store")


@dataclass(frozen=True, slots=True)
class Answer:
    """An OCSPResponse (DER), the seconds that HTTP caches may keep it (0: not at all), its HTTP fields.

    `etag` is that of the fields, None where nothing is to be kept.
    """

    body: bytes
    max_age: int
    headers: tuple[Field, ...]
    etag: str | None = None


def passing_answer(body: bytes) -> Answer:
    """Return an answer that is for this client and this moment: an error, or one with a nonce."""
    return Answer(body, 0, (_TYPE, _length(len(body)), _NO_STORE))


def lasting_answer(body: bytes, *, max_age: int, this_update: datetime, next_update: datetime) -> Answer:
    """Return an answer that HTTP caches may keep, with the fields of RFC 5019 section 6.2; times in UTC."""
    etag = f'"{hashlib.sha1(body, usedforsecurity=False).hexdigest()}"'
    headers = (
        _TYPE,
        _length(len(body)),
        _cache_control(max_age),
        _date("Last-Modified", this_update),
        _date("Expires", next_update),
        ("ETag", etag),
    )
    return Answer(body, max_age, headers, etag)


# Thousands of kept answers share these: less memory to walk through when they are sent, less for the collector.


@lru_cache(maxsize=1024)
def _length(octets: int) -> Field:
    return "Content-Length", str(octets)


@lru_cache(maxsize=64)
def _cache_control(max_age: int) -> Field:
    return "Cache-Control", f"max-age={max_age}, public, no-transform, must-revalidate"


@lru_cache(maxsize=64)
def _date(name: str, moment: datetime) -> Field:
    """Return a moment as HTTP writes it (RFC 9110 section 5.6.7)."""
    return name, format_datetime(moment, usegmt=True)
