"""The calls of docs/api.md over a transport: no answer is believed without checking it."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from token_provisioning.attributes import KeyAlgorithm
from token_provisioning.ca_client import Begun, Confirmed, EnrolmentState, Issued, Replaced, UnblockBegun
from token_provisioning.errors import CaAnswerInvalidError, CaRefusedError, CaUnreachableError, printable
from token_provisioning.transport import Transport, json_object

_OK = 200
_MAX_CHAIN = 8
_MAX_SO_PINS = 8  # docs/api.md: then the CA refuses to make it longer
_RANDOM_OCTETS = 32  # nonce and challenge
_SERIAL = re.compile(r"[0-9a-f]{1,40}")  # RFC 5280, 4.1.2.2: at most 20 octets

_Choice = TypeVar("_Choice", EnrolmentState, KeyAlgorithm)


class _CertificateCalls:
    """The two steps that enrolment and renewal have in common."""

    _BASE: ClassVar[str]

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def certificate(self, *, session: str, csr: bytes, binding_signature: bytes) -> Issued:
        """The chain may have up to eight links; that they fit each other is for the caller to check."""
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

    def confirm(self, *, session: str, signature: bytes) -> Confirmed:
        """Any state but `confirmed` is an answer that cannot be believed."""
        answer = self._post("confirm", {"session": session, "signature": _encode(signature)})
        if answer.get("state") != EnrolmentState.CONFIRMED:
            raise CaAnswerInvalidError(reason="state")
        superseded = _serial(answer, "superseded") if "superseded" in answer else ""
        return Confirmed(serial=_serial(answer, "serial"), superseded=superseded)

    def _post(self, step: str, body: Mapping[str, str]) -> dict[str, Any]:
        return _answer(*self._transport.post(f"{self._BASE}/{step}", body))


class HttpCaClient(_CertificateCalls):
    """`ca_client.CaClient` over a transport that need not say who asks."""

    _BASE = "/api/v1/enrolments"

    def begin(self, *, reference: str, code: str, token_serial: str) -> Begun:
        """The codes go into the body, never into the address."""
        body = {"reference_number": reference, "authorisation_code": code, "token_serial": token_serial}
        return _begun(self._post("begin", body))


class HttpRenewalClient(_CertificateCalls):
    """`ca_client.RenewalClient`: the transport brings the certificate that is renewed."""

    _BASE = "/api/v1/renewals"

    def begin(self, *, token_serial: str) -> Begun:
        """No code: the CA knows by the TLS certificate who asks."""
        return _begun(self._post("begin", {"token_serial": token_serial}))


class HttpUnblockClient:
    """`ca_client.UnblockClient` over a transport that need not say who asks."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def begin(self, *, token_serial: str, release_code: str) -> UnblockBegun:
        """`nonce` has 32 octets; an answer with another length is refused."""
        answer = self._post("begin", {"token_serial": token_serial, "release_code": release_code})
        return UnblockBegun(
            session=_text(answer, "session"),
            nonce=_random(answer, "nonce"),
            reader=_decode(answer.get("reader"), "reader"),
        )

    def release(self, *, session: str, binding_key: bytes, reader: bytes, next_so_pin_sealed: bytes) -> list[bytes]:
        """One to eight SO PINs come back, still sealed."""
        answer = self._post(
            "release",
            {
                "session": session,
                "binding_public_key": _encode(binding_key),
                "reader": _encode(reader),
                "next_so_pin_sealed": _encode(next_so_pin_sealed),
            },
        )
        sealed = answer.get("so_pins_sealed")
        if not isinstance(sealed, list) or not 1 <= len(sealed) <= _MAX_SO_PINS:
            raise CaAnswerInvalidError(reason="so_pins_sealed")
        return [_decode(one, "so_pins_sealed") for one in sealed]

    def confirm(self, *, session: str, signature: bytes) -> None:
        """Any state but `confirmed` is an answer that cannot be believed."""
        answer = self._post("confirm", {"session": session, "signature": _encode(signature)})
        if answer.get("state") != EnrolmentState.CONFIRMED:
            raise CaAnswerInvalidError(reason="state")

    def _post(self, step: str, body: Mapping[str, str]) -> dict[str, Any]:
        return _answer(*self._transport.post(f"/api/v1/unblocks/{step}", body))


def _answer(status: int, content: bytes) -> dict[str, Any]:
    document = json_object(content)
    if status != _OK:
        raise _refusal(status, document or {})
    if document is None:
        raise CaAnswerInvalidError(reason="JSON")
    return document


def _refusal(status: int, document: Mapping[str, Any]) -> CaRefusedError | CaUnreachableError:
    kind, detail = document.get("kind"), document.get("detail")
    if not isinstance(kind, str) or not isinstance(detail, str) or not detail.strip():
        # A gateway's page, not the CA's word: nothing is said about the code or the certificate.
        return CaUnreachableError(reason=f"HTTP {status}")
    tries = document.get("tries_left")
    if isinstance(tries, int) and not isinstance(tries, bool):
        detail = f"{detail}(授权码剩余尝试次数:{tries})"
    return CaRefusedError(problem=printable(kind, limit=40), detail=detail)


def _begun(answer: Mapping[str, Any]) -> Begun:
    return Begun(
        session=_text(answer, "session"),
        state=_choice(answer, "state", EnrolmentState),
        nonce=_random(answer, "nonce"),
        holder=printable(_text(answer, "holder")),
        unit=printable(_text(answer, "unit")),
        key_algorithm=_choice(answer, "key_algorithm", KeyAlgorithm),
        replaces=_replaced(answer.get("replaces")),
    )


def _replaced(value: object) -> Replaced | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("revoked"), bool):
        raise CaAnswerInvalidError(reason="replaces")
    return Replaced(serial=_serial(value, "serial"), revoked=value["revoked"])


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise CaAnswerInvalidError(reason=name)
    return value


def _serial(answer: Mapping[str, Any], name: str) -> str:
    value = _text(answer, name)
    if not _SERIAL.fullmatch(value):
        raise CaAnswerInvalidError(reason=name)
    return value.lstrip("0")


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
