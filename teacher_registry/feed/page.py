"""One page of the account feed: a compact JWS (RFC 7515) by a signer that our CA certified for this.

Only one algorithm, one type and one form of header are known here, so nothing in the header chooses how it is
verified. The order: 1. the form; 2. the signer, judged by `SignerJudge`; 3. the signature; 4. what it says.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

TYPE = "educa-account-events+jws"
_SIGNATURE_OCTETS = 64
_MAX_CHAIN = 3
_BASE64URL = re.compile(rb"[A-Za-z0-9_-]*")
_IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SERIAL = re.compile(r"[0-9a-f]{1,40}")
_MAX_CERTIFICATES = 100

# DER of the chain, signer first -> the signer's key. Raises `UntrustedPageError`.
SignerJudge = Callable[[list[bytes]], ec.EllipticCurvePublicKey]


class UntrustedPageError(Exception):
    """The page cannot be proven to be the CA's word, or is not the next one. Nothing was applied."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


class EventKind(StrEnum):
    """What the CA's change forms and unit cases decide about a holder."""

    STOP = "stop"
    RESTORE = "restore"
    UNLOCK = "unlock"
    RESET_PASSWORD = "reset-password"  # noqa: S105 - a word of the feed, no password
    INFORMATION_CHANGE = "information-change"
    REGISTER = "register"
    UNIT_CHANGE = "unit-change"


LATER_KINDS = (EventKind.UNIT_CHANGE,)
"""Kinds that the CA tells only to those who ask for them; it tells others the nearest of the first ones."""


@dataclass(frozen=True)
class AccountEvent:
    """One decision. `unit` is the holder's unit after it; `change` is the number of the form or case at the CA.

    A unit change has `former`: the unit that became `unit`, with its people.
    """

    seq: int
    kind: EventKind
    holder: str
    unit: str
    at: datetime
    change: str
    certificates: tuple[str, ...]
    former: str = ""


@dataclass(frozen=True)
class FeedPage:
    """Events `after + 1` to `next` without a gap; `head` is the last one that the CA knows, `at` when it signed."""

    after: int
    next: int
    head: int
    at: datetime
    events: tuple[AccountEvent, ...]


def read_page(jws: bytes, judge: SignerJudge) -> FeedPage:
    """The content of a page whose signature and signer are good. Raises `UntrustedPageError`."""
    header, payload, signature, signed = _parts(jws)
    key = judge(_chain(header))
    _verify(key, signature, signed)
    return _page(_object(payload, "payload"))


def _parts(jws: bytes) -> tuple[dict[str, Any], bytes, bytes, bytes]:
    parts = jws.split(b".")
    if len(parts) != 3:
        raise UntrustedPageError("form", "not a compact JWS")
    header = _object(_decode(parts[0]), "header")
    # RFC 7515 §4.1.11: an extension that must be understood is one we do not understand.
    if header.get("alg") != "ES256" or header.get("typ") != TYPE or "crit" in header:
        raise UntrustedPageError("form", "another algorithm, type or a critical extension")
    return header, _decode(parts[1]), _decode(parts[2]), parts[0] + b"." + parts[1]


def _chain(header: dict[str, Any]) -> list[bytes]:
    chain = header.get("x5c")
    if not isinstance(chain, list) or not 1 <= len(chain) <= _MAX_CHAIN:
        raise UntrustedPageError("form", "x5c does not hold one to three certificates")
    try:
        return [base64.b64decode(text.encode("ascii"), validate=True) for text in chain]
    except (AttributeError, UnicodeEncodeError, binascii.Error) as error:
        raise UntrustedPageError("form", "x5c is not base64") from error


def _verify(key: ec.EllipticCurvePublicKey, signature: bytes, signed: bytes) -> None:
    """RFC 7518 §3.4: r and s, 32 octets each."""
    if len(signature) != _SIGNATURE_OCTETS or not isinstance(key.curve, ec.SECP256R1):
        raise UntrustedPageError("signature", "not an ES256 signature")
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    try:
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise UntrustedPageError("signature", "does not verify") from error


def _page(document: dict[str, Any]) -> FeedPage:
    if document.get("version") != 1 or document.get("issuer") != "issuing":
        raise UntrustedPageError("content", "another version or issuer")
    after, following, head = (_count(document, key) for key in ("after", "next", "head"))
    rows = document.get("events")
    if not isinstance(rows, list):
        raise UntrustedPageError("content", "no list of events")
    events = tuple(_event(row) for row in rows)
    if [event.seq for event in events] != list(range(after + 1, following + 1)) or head < following:
        raise UntrustedPageError("gap", "the events are not numbered from after + 1 to next")
    return FeedPage(after, following, head, _time(document), events)


def _event(row: object) -> AccountEvent:
    if not isinstance(row, dict):
        raise UntrustedPageError("content", "an event that is no object")
    try:
        kind = EventKind(str(row.get("kind")))
    except ValueError as error:
        # What it would change is unknown, so what is already known may be wrong: stop here and say so.
        raise UntrustedPageError("content", "an unknown kind of event") from error
    certificates = row.get("certificates", [])
    if not isinstance(certificates, list) or len(certificates) > _MAX_CERTIFICATES:
        raise UntrustedPageError("content", "no list of certificates")
    serials = tuple(_text({"serial": serial}, "serial", _SERIAL) for serial in certificates)
    holder, unit = (_text(row, key, _IDENTIFIER) for key in ("holder", "unit"))
    # A registration comes without a form.
    change = "" if row.get("change") == "" else _text(row, "change", _IDENTIFIER)
    former = _text(row, "from", _IDENTIFIER) if kind is EventKind.UNIT_CHANGE else ""
    return AccountEvent(_count(row, "seq"), kind, holder, unit, _time(row), change, serials, former)


def _count(row: dict[str, Any], key: str) -> int:
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 53:
        raise UntrustedPageError("content", f"{key} is not a number")
    return value


def _text(row: dict[str, Any], key: str, form: re.Pattern[str]) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise UntrustedPageError("content", f"{key} is not what it should be")
    return value


def _time(row: dict[str, Any]) -> datetime:
    try:
        moment = datetime.fromisoformat(row["at"])
    except (KeyError, TypeError, ValueError) as error:
        raise UntrustedPageError("content", "at is not a time") from error
    if moment.utcoffset() is None:
        raise UntrustedPageError("content", "at has no zone")
    return moment


def _object(octets: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(octets.decode("utf-8"), object_pairs_hook=_no_twins)
    except (ValueError, RecursionError) as error:
        raise UntrustedPageError("form", f"the {what} is not JSON") from error
    if not isinstance(value, dict):
        raise UntrustedPageError("form", f"the {what} is no object")
    return value


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A member that stands twice is read differently by different parsers."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice")
    return found


def _decode(part: bytes) -> bytes:
    if not _BASE64URL.fullmatch(part) or len(part) % 4 == 1:
        raise UntrustedPageError("form", "not base64url")
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
