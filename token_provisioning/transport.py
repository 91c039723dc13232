"""One POST of JSON to the CA and its answer, over TLS that trusts the given CA file and nothing else."""

import json
import ssl
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import httpx

from token_provisioning.errors import (
    CaAnswerInvalidError,
    CaUnreachableError,
    FileNotUsableError,
    TlsNotTrustedError,
)

CONNECT_SECONDS, IDLE_SECONDS = 10.0, 20.0
# For a whole answer: one that drips in would never time out by operation.
_DEADLINE_SECONDS = 60.0
_MAX_ANSWER = 256 * 1024  # octets; a certificate with its chain takes about 6 KiB


class Transport(Protocol):
    """Sends one request and returns status and body; nothing of the answer is understood yet.

    Raises `CaUnreachableError`, `TlsNotTrustedError`, and `CaAnswerInvalidError` where the answer is no HTTP or has
    no end.
    """

    def post(self, path: str, body: Mapping[str, str]) -> tuple[int, bytes]:
        """POST a JSON document; the connection may be kept for the next one."""

    def close(self) -> None:
        """Nothing can be sent afterwards; closing twice is fine."""


class HttpsTransport:
    """Without a client certificate. `monotonic` returns seconds. Close it after use."""

    def __init__(self, server: str, ca_file: Path, *, monotonic: Callable[[], float]) -> None:
        try:
            context = ssl.create_default_context(cafile=str(ca_file))
        except (OSError, ssl.SSLError) as error:
            raise FileNotUsableError(path=str(ca_file), reason="不是 PEM 格式的 CA 证书") from error
        self._monotonic = monotonic
        timeout = httpx.Timeout(IDLE_SECONDS, connect=CONNECT_SECONDS)
        try:
            # trust_env off: a proxy or .netrc of this computer's environment has no say here.
            self._http = httpx.Client(base_url=server.rstrip("/"), verify=context, timeout=timeout, trust_env=False)
        except httpx.InvalidURL as error:
            raise CaUnreachableError(reason="网址格式错误") from error

    def close(self) -> None:
        """Ends the connections that were kept for the next call."""
        self._http.close()

    def post(self, path: str, body: Mapping[str, str]) -> tuple[int, bytes]:
        """At most 256 KiB and 60 s for a whole answer, however slowly it drips in."""
        try:
            with self._http.stream("POST", path, json=dict(body)) as response:
                return response.status_code, read_answer(response.iter_bytes(), self._monotonic)
        except httpx.TransportError as error:
            raise _network_error(error) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CaAnswerInvalidError(reason=type(error).__name__) from error


def read_answer(parts: Iterable[bytes], monotonic: Callable[[], float]) -> bytes:
    """Join the parts of a body within the limits of size and time."""
    until = monotonic() + _DEADLINE_SECONDS
    content = b""
    for part in parts:
        content += part
        if len(content) > _MAX_ANSWER:
            raise CaAnswerInvalidError(reason="应答过长")
        if monotonic() > until:
            raise CaUnreachableError(reason="应答超时")
    return content


def json_object(content: bytes) -> dict[str, Any] | None:
    """Return the JSON object that the octets are, `None` for everything else."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _network_error(error: httpx.TransportError) -> CaUnreachableError | TlsNotTrustedError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return TlsNotTrustedError(reason=cause.verify_message)
        cause = cause.__cause__ or cause.__context__
    reason = "连接超时" if isinstance(error, httpx.TimeoutException) else str(error) or type(error).__name__
    return CaUnreachableError(reason=reason)
