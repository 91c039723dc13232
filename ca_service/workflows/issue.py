"""Issuing a certificate: intent, signature, record.

    1. Take a serial, build and lint the TBS; ask whether the key is there, lest an outage fill the CRL with serials.
    2. Commit both as the intent (status `signing`), together with whatever the caller binds to it.
    3. Sign the linted TBS in the token.
    4. Commit certificate, status and audit entry; only then does anyone get it.

A death between 2 and 4 leaves a row in `signing`; `recover.py` revokes its serial.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from asn1crypto import x509 as asn1_x509

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import CERTIFICATE, Certificate, CertificateEvent, CertificateStatus
from ca_service.domain.compromises import STANDING
from ca_service.domain.errors import Conflict
from ca_service.domain.key_use import Use
from ca_service.domain.roles import Actor
from ca_service.workflows.certificate_status import Step, record
from ca_service.workflows.ports import Linted, Order, Services, UnitOfWork

Binding = Callable[[UnitOfWork, str], None]
"""What else is committed with the intent (or the record): called with the transaction and the serial."""

# Signers of status answers: they have to say of the others that these are revoked.
_ALWAYS = frozenset({"ocsp-signer"})
# A client's clock may run a little behind ours: a certificate must not be "not yet valid" on arrival.
_BACKDATE = timedelta(minutes=5)


def new_serial(services: Services) -> str:
    """16 octets from the CSPRNG as lower-case hex without leading zeros; positive (RFC 5280 §4.1.2.2)."""
    # The highest bits are fixed to 01, so that every serial is positive and has the same length.
    number = int.from_bytes(services.random_bytes(16)) & ~(0b11 << 126) | 0b01 << 126
    return f"{number:x}"


def start_of_validity(now: datetime) -> datetime:
    """notBefore: whole seconds, a little in the past."""
    return (now - _BACKDATE).replace(microsecond=0)


def issue(
    services: Services,
    actor: Actor,
    order: Order,
    *,
    issuer: str,
    unit_code: str,
    medium_serial: str | None = None,
    with_intent: Binding | None = None,
    with_record: Binding | None = None,
) -> Certificate:
    """Issue one certificate; two transactions. Raises what `Authority.prepare` raises, and Unavailable."""
    authority = services.authority(issuer)
    linted = authority.prepare(order)
    authority.require_key(Use.CERTIFICATE)
    intent = _intent(services, order, linted, issuer=issuer, unit_code=unit_code, medium_serial=medium_serial)
    with services.begin() as uow:
        if order.profile not in _ALWAYS:
            _refuse_compromised(uow, issuer)
        uow.certificates.add(intent)
        if with_intent is not None:
            with_intent(uow, intent.serial)
        uow.audit.append(
            actor, Tag.CERTIFICATE_INTENT, intent.serial, unit=unit_code, detail={"profile": order.profile}
        )
    der = authority.issue(linted)
    with services.begin() as uow:
        status = CERTIFICATE.after(intent.status, CertificateEvent.SIGN)
        issued = uow.certificates.change(intent, status=status, der=der)
        record(uow, issued, CertificateEvent.SIGN, Step(services.clock(), actor.login, f"profile {order.profile}"))
        if with_record is not None:
            with_record(uow, intent.serial)
        uow.audit.append(
            actor, Tag.CERTIFICATE_ISSUED, intent.serial, unit=unit_code, detail={"profile": order.profile}
        )
    services.meter.issued(order.profile, (services.clock() - intent.created_at).total_seconds())
    return issued


def _refuse_compromised(uow: UnitOfWork, issuer: str) -> None:
    if uow.compromises.count(issuer=issuer, status=STANDING):
        raise Conflict("签发 CA 的密钥已报告泄露，已停止签发。请等候自治区教育信息中心的通知。")


def _intent(
    services: Services,
    order: Order,
    linted: Linted,
    *,
    issuer: str,
    unit_code: str,
    medium_serial: str | None,
) -> Certificate:
    validity = asn1_x509.TbsCertificate.load(linted.tbs)["validity"]
    return Certificate(
        serial=order.serial,
        issuer=issuer,
        profile=order.profile,
        unit_code=unit_code,
        subject=order.common_name,
        status=CertificateStatus.SIGNING,
        key_sha256=key_sha256(order.public_key),
        not_before=validity["not_before"].native,
        not_after=validity["not_after"].native,
        created_at=services.clock(),
        tbs=linted.tbs,
        holder_id=order.holder_id,
        medium_serial=medium_serial,
        shard=linted.shard,
    )


def key_sha256(public_key: bytes) -> str:
    """SHA-256 of the SPKI (DER) in hex: how a key is recognised again."""
    return hashlib.sha256(public_key).hexdigest()
