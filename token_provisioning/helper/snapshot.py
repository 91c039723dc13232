"""What the page shows of the tokens: read without login, from flags and public objects."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.x509.oid import NameOID
from pkcs11 import Token

from token_provisioning import certificates
from token_provisioning.attributes import AUTH_LABEL, BINDING_LABEL, FIRST_PIN_LABEL
from token_provisioning.device import TokenInfo
from token_provisioning.errors import CertificateNotOursError, printable
from token_provisioning.login import TRIES_TEXTS, translated, tries
from token_provisioning.marks import has_mark
from token_provisioning.module import token_info
from token_provisioning.pkcs11_device import public_keys, stored_certificates

RENEWAL_DAYS = 30  # mission.md, step 5; the CA decides, this only says when to ask
_LOCAL = ZoneInfo("Asia/Shanghai")


class Kind(StrEnum):
    """What a token is to us."""

    READY = "ready"  # ours, without a certificate yet
    ENROLLED = "enrolled"
    FOREIGN = "foreign"  # no binding key of ours: a bank's token, or one that the centre has not prepared


@dataclass(frozen=True, kw_only=True)
class CertificateView:
    """A certificate for its holder; dates are those of Asia/Shanghai."""

    serial: str
    holder: str
    unit: str
    not_after: str
    days_left: int
    renewable: bool
    renewable_from: str


@dataclass(frozen=True, kw_only=True)
class TokenView:
    """One token; `tries` and its text say what the flags say (`login.Tries`)."""

    serial: str
    label: str
    model: str
    kind: Kind
    first_pin: bool
    tries: str
    tries_text: str
    certificate: CertificateView | None

    def document(self) -> dict[str, Any]:
        """What `json.dumps` takes, nested views included."""
        return asdict(self)


def view(token: Token, at: datetime) -> TokenView:
    """Look at a token; raises `TokenError`. `at` is now."""
    info = token_info(token)
    kind, first_pin, certificate = Kind.FOREIGN, False, None
    if info.initialised:
        with translated(token), token.open() as session:
            found = [stored.der for stored in stored_certificates(session) if stored.label == AUTH_LABEL]
            certificate = _latest(found, at)
            first_pin = info.pin_to_be_changed or has_mark(session, FIRST_PIN_LABEL)
            if public_keys(session, BINDING_LABEL):
                kind = Kind.ENROLLED if certificate else Kind.READY
    return _made(info, kind, first_pin=first_pin, certificate=certificate)


def _made(info: TokenInfo, kind: Kind, *, first_pin: bool, certificate: CertificateView | None) -> TokenView:
    left = tries(info)
    return TokenView(
        serial=info.serial,
        label=printable(info.label),
        model=printable(info.model),
        kind=kind,
        first_pin=first_pin,
        tries=left.value,
        tries_text=TRIES_TEXTS[left],
        certificate=certificate,
    )


def _latest(found: list[bytes], at: datetime) -> CertificateView | None:
    readable = []
    for der in found:
        try:
            readable.append(certificates.parse(der))
        except CertificateNotOursError:
            continue
    if not readable:
        return None
    return _view(max(readable, key=lambda certificate: certificate.not_valid_after_utc), at)


def _view(certificate: x509.Certificate, at: datetime) -> CertificateView:
    until = certificate.not_valid_after_utc
    opens = until - timedelta(days=RENEWAL_DAYS)
    return CertificateView(
        serial=f"{certificate.serial_number:x}",
        holder=_name(certificate, NameOID.COMMON_NAME),
        unit=_name(certificate, NameOID.ORGANIZATION_NAME),
        not_after=_day(until),
        days_left=(until - at).days,
        renewable=opens <= at < until,
        renewable_from=_day(opens),
    )


def _name(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    values = certificate.subject.get_attributes_for_oid(oid)
    return printable(str(values[0].value), limit=80) if values else ""


def _day(at: datetime) -> str:
    local = at.astimezone(_LOCAL)
    return f"{local.year}年{local.month}月{local.day}日"
