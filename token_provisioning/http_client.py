"""`CaClient` over HTTPS: trusts the given CA file and nothing else, and no answer without checking it."""

import base64
import binascii
import json
import re
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from token_provisioning.attributes import KeyAlgorithm
from token_provisioning.ca_client import Begun, EnrolmentState, Issued
from token_provisioning.errors import (
    CaAnswerInvalidError,
    CaRefusedError,
    CaUnreachableError,
    FileNotUsableError,
    TlsNotTrustedError,
    printable,
)

_BASE = "/api/v1/enrolments"
_TIMEOUT = httpx.Timeout(20.0, connect=10.0)  # seconds for each operation
_DEADLINE = 60.0  # seconds for a whole answer: one that drips in would never time out by operation
_MAX_ANSWER = 256 * 1024  # octets; a certificate with its chain takes about 6 KiB
_MAX_CHAIN = 8
_RANDOM_OCTETS = 32  # nonce and challenge
_SERIAL = re.compile(r"[0-9a-f]{1,40}")  # RFC 5280, 4.1.2.2: at most 20 octets

_Choice = TypeVar("_Choice", EnrolmentState, KeyAlgorithm)


class HttpCaClient:
    """Contract of the three calls: `ca_client.CaClient`. `monotonic` returns seconds. Close it after use."""

    def __init__(self, server: str, ca_file: Path, *, monotonic: Callable[[], float]) -> None:
        try:
            context = ssl.create_default_context(cafile=str(ca_file))
        except (OSError, ssl.SSLError) as error:
            raise FileNotUsableError(path=str(ca_file), reason="不是 PEM 格式的 CA 证书") from error
        self._monotonic = monotonic
        try:
            # trust_env off: a proxy or .netrc of this computer's environment has no say here.
            self._http = httpx.Client(base_url=server.rstrip("/"), verify=context, timeout=_TIMEOUT, trust_env=False)
        except httpx.InvalidURL as error:
            raise CaUnreachableError(reason="网址格式错误") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def begin(self, *, reference: str, code: str, token_serial: str) -> Begun:
        answer = self._post(
            "begin",
            {"reference_number": reference, "authorisation_code": code, "token_serial": token_serial},
        )
        return Begun(
            session=_text(answer, "session"),
            state=_choice(answer, "state", EnrolmentState),
            nonce=_random(answer, "nonce"),
            holder=printable(_text(answer, "holder")),
            unit=printable(_text(answer, "unit")),
            key_algorithm=_choice(answer, "key_algorithm", KeyAlgorithm),
        )

    def certificate(self, *, session: str, csr: bytes, binding_signature: bytes) -> Issued:
        body = {"session": session, "csr": _encode(csr), "binding_signature": _encode(binding_signature)}
        answer = self._post("certificate", body)
        chain = answer.get("chain")
        if not isinstance(chain, list) or len(chain) > _MAX_CHAIN:
            raise CaAnswerInvalidError(reason="chain")
        return Issued(
            certificate=_decode(answer.get("certificate"), "certificate"),
            chain=[_decode(link, "chain") for link in chain],
            challenge=_random(answer, "challenge"),
        )

    def confirm(self, *, session: str, signature: bytes) -> str:
        answer = self._post("confirm", {"session": session, "signature": _encode(signature)})
        serial = _text(answer, "serial")
        if answer.get("state") != EnrolmentState.CONFIRMED or not _SERIAL.fullmatch(serial):
            raise CaAnswerInvalidError(reason="confirm")
        return serial

    def _post(self, step: str, body: Mapping[str, str]) -> dict[str, Any]:
        try:
            with self._http.stream("POST", f"{_BASE}/{step}", json=body) as response:
                content = self._read(response)
        except httpx.TransportError as error:
            raise _network_error(error) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CaAnswerInvalidError(reason=type(error).__name__) from error
        document = _json_object(content)
        if response.status_code == httpx.codes.OK:
            if document is None:
                raise CaAnswerInvalidError(reason="JSON")
            return document
        raise _refusal(response.status_code, document)

    def _read(self, response: httpx.Response) -> bytes:
        until = self._monotonic() + _DEADLINE
        content = b""
        for part in response.iter_bytes():
            content += part
            if len(content) > _MAX_ANSWER:
                raise CaAnswerInvalidError(reason="应答过长")
            if self._monotonic() > until:
                raise CaUnreachableError(reason="应答超时")
        return content


def _network_error(error: httpx.TransportError) -> CaUnreachableError | TlsNotTrustedError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return TlsNotTrustedError(reason=cause.verify_message)
        cause = cause.__cause__ or cause.__context__
    reason = "连接超时" if isinstance(error, httpx.TimeoutException) else str(error) or type(error).__name__
    return CaUnreachableError(reason=reason)


def _refusal(status: int, document: dict[str, Any] | None) -> CaRefusedError | CaUnreachableError:
    kind, detail = (document or {}).get("kind"), (document or {}).get("detail")
    if not isinstance(kind, str) or not isinstance(detail, str) or not detail.strip():
        # A gateway's page, not the CA's word: nothing is said about the code or the certificate.
        return CaUnreachableError(reason=f"HTTP {status}")
    tries = (document or {}).get("tries_left")
    if isinstance(tries, int) and not isinstance(tries, bool):
        detail = f"{detail}(授权码剩余尝试次数:{tries})"
    return CaRefusedError(kind=printable(kind, limit=40), detail=detail)


def _json_object(content: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise CaAnswerInvalidError(reason=name)
    return value


def _choice(answer: Mapping[str, Any], name: str, choices: type[_Choice]) -> _Choice:
    try:
        return choices(_text(answer, name))
    except ValueError as error:
        raise CaAnswerInvalidError(reason=name) from error


def _random(answer: Mapping[str, Any], name: str) -> bytes:
    value = _decode(answer.get(name), name)
    if len(value) != _RANDOM_OCTETS:
        raise CaAnswerInvalidError(reason=name)
    return value


def _decode(value: object, name: str) -> bytes:
    if not isinstance(value, str):
        raise CaAnswerInvalidError(reason=name)
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CaAnswerInvalidError(reason=name) from error


def _encode(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
