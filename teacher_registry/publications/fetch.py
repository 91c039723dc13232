"""Bounded HTTP to the CA's publication: size, time and redirects are ours to decide, not the other side's."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import httpx


class UnavailableError(Exception):
    """Nothing usable came back in time. It proves nothing about any certificate."""


@dataclass(frozen=True)
class Fetched:
    """A body and the validator to ask with next time; `body` is None when nothing changed since `etag`."""

    body: bytes | None
    etag: str | None


class Fetch(Protocol):
    """Both methods are bounded in time and size, may be called from several threads, and raise only
    `UnavailableError`.
    """

    def get(self, url: str, etag: str | None) -> Fetched:
        """The body of a 200; with `etag` also a 304, whose body is None."""

    def post(self, url: str, content_type: str, body: bytes) -> bytes:
        """The body of a 200; any other answer is `UnavailableError`."""


class HttpFetch:
    """`Fetch` over httpx. No proxy from the environment, no redirect: the configured address or nothing."""

    def __init__(
        self,
        *,
        timeout_seconds: float,
        max_octets: int = 64 * 1024 * 1024,
        monotonic: Callable[[], float] = time.monotonic,
        client: httpx.Client | None = None,
    ) -> None:
        self._client = client or httpx.Client(timeout=timeout_seconds, trust_env=False, follow_redirects=False)
        self._timeout = timeout_seconds
        self._max_octets = max_octets
        self._monotonic = monotonic

    def get(self, url: str, etag: str | None) -> Fetched:
        """GET; a 304 is an answer only if we asked conditionally."""
        headers = {} if etag is None else {"If-None-Match": etag}
        return self._exchange(self._client.build_request("GET", url, headers=headers))

    def post(self, url: str, content_type: str, body: bytes) -> bytes:
        """A 200 without a body gives no octets."""
        headers = {"Content-Type": content_type}
        answer = self._exchange(self._client.build_request("POST", url, headers=headers, content=body))
        return answer.body or b""

    def _exchange(self, request: httpx.Request) -> Fetched:
        # httpx's timeout is per read; a drip of one octet a second would pass it, so the whole has a deadline
        # too.
        deadline = self._monotonic() + self._timeout
        try:
            response = self._client.send(request, stream=True)
            try:
                return self._read(response, deadline, conditional="If-None-Match" in request.headers)
            finally:
                response.close()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise UnavailableError(f"{request.url.host}: {type(error).__name__}") from error

    def _read(self, response: httpx.Response, deadline: float, *, conditional: bool) -> Fetched:
        if conditional and response.status_code == httpx.codes.NOT_MODIFIED:
            return Fetched(None, response.headers.get("ETag"))
        if response.status_code != httpx.codes.OK:
            raise UnavailableError(f"HTTP {response.status_code}")
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > self._max_octets or self._monotonic() > deadline:
                raise UnavailableError("the answer is too long or too slow")
        return Fetched(bytes(body), response.headers.get("ETag"))
