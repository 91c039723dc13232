"""Issuing certificates: intents, signatures, records; one or several at once, each of them whole or refused.

    1. Take a serial, build and lint the TBS; ask whether the key is there, lest an outage fill the CRL with serials.
    2. Commit both as the intent (status `signing`), together with whatever the caller binds to it.
    3. Sign the linted TBS in the token.
    4. Commit certificate, status and audit entry; only then does anyone get it.

Steps 2 and 4 are one transaction each for all that are issued at once; where it is refused, one for each of them.
A death between 2 and 4 leaves rows in `signing`; `recover.py` revokes their serials.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from asn1crypto import x509 as asn1_x509

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import CERTIFICATE, Certificate, CertificateEvent, CertificateStatus
from ca_service.domain.compromises import STANDING
from ca_service.domain.errors import Conflict, DomainError
from ca_service.domain.key_use import Use
from ca_service.domain.roles import Actor
from ca_service.workflows.certificate_status import Step, record_all
from ca_service.workflows.ports import Authority, Linted, Order, Services, UnitOfWork
from ca_service.workflows.together import each, onward, settle

Binding = Callable[[UnitOfWork, Sequence[Certificate]], None]
"""What else is committed with the intents (or the records): called with the transaction and these certificates."""

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


@dataclass(frozen=True)
class Wish:
    """A certificate that is wanted, the unit that it counts to, and the token that its key is on."""

    order: Order
    unit_code: str
    medium_serial: str | None = None


def issue(
    services: Services,
    actor: Actor,
    order: Order,
    *,
    issuer: str,
    unit_code: str,
    with_intent: Binding | None = None,
) -> Certificate:
    """Issue one certificate. Raises what `Authority.prepare` raises, and Conflict, Unavailable."""
    wish = Wish(order, unit_code)
    (issued,) = Issuing(services, actor, issuer, with_intent=with_intent).issue_all([wish])
    if isinstance(issued, DomainError):
        raise issued
    return issued


@dataclass(frozen=True)
class _Prepared:
    linted: Linted
    intent: Certificate


class Issuing:
    """Issuing by one CA, in the name of one actor, and what is bound to each certificate."""

    def __init__(
        self,
        services: Services,
        actor: Actor,
        issuer: str,
        *,
        with_intent: Binding | None = None,
        with_record: Binding | None = None,
    ) -> None:
        self._services = services
        self._actor = actor
        self._issuer = issuer
        self._with_intent = with_intent
        self._with_record = with_record

    def issue_all(self, wishes: Sequence[Wish]) -> Sequence[Certificate | DomainError]:
        """Issue what is wished for, all of one profile; for each, in order, the certificate or why there is none."""
        authority = self._services.authority(self._issuer)
        prepared = each(wishes, lambda wish: self._prepare(authority, wish))
        intended = onward(prepared, lambda some: settle(some, self._commit_intents))
        signed = onward(intended, lambda some: each(some, lambda one: self._sign(authority, one)))
        issued = onward(signed, lambda some: settle(some, self._commit_records))
        for certificate in issued:
            if isinstance(certificate, Certificate):
                took = self._services.clock() - certificate.created_at
                self._services.meter.issued(certificate.profile, took.total_seconds())
        return issued

    def _prepare(self, authority: Authority, wish: Wish) -> _Prepared:
        linted = authority.prepare(wish.order)
        # Asked for each: it counts against the rate of the key.
        authority.require_key(Use.CERTIFICATE)
        return _Prepared(linted, self._intent(wish, linted))

    def _commit_intents(self, some: Sequence[_Prepared]) -> Sequence[_Prepared]:
        intents = [one.intent for one in some]
        with self._services.begin() as uow:
            if not _ALWAYS.issuperset(intent.profile for intent in intents):
                _refuse_compromised(uow, self._issuer)
            uow.certificates.add_all(intents)
            if self._with_intent is not None:
                self._with_intent(uow, intents)
            self._note(uow, Tag.CERTIFICATE_INTENT, intents)
        return some

    def _sign(self, authority: Authority, one: _Prepared) -> Certificate:
        status = CERTIFICATE.after(one.intent.status, CertificateEvent.SIGN)
        return replace(one.intent, status=status, der=authority.issue(one.linted))

    def _commit_records(self, signed: Sequence[Certificate]) -> Sequence[Certificate]:
        with self._services.begin() as uow:
            before = [replace(one, status=CertificateStatus.SIGNING) for one in signed]
            uow.certificates.change_each(before, signed, ("status", "der"))
            step = Step(self._services.clock(), self._actor.login, f"profile {signed[0].profile}")
            # The first step of each: an intent has none.
            record_all(uow, signed, CertificateEvent.SIGN, step, taken={})
            if self._with_record is not None:
                self._with_record(uow, signed)
            self._note(uow, Tag.CERTIFICATE_ISSUED, signed)
        return signed

    def _note(self, uow: UnitOfWork, tag: Tag, certificates: Sequence[Certificate]) -> None:
        subjects = [(one.serial, one.unit_code) for one in certificates]
        uow.audit.append_all(self._actor, tag, subjects, detail={"profile": certificates[0].profile})

    def _intent(self, wish: Wish, linted: Linted) -> Certificate:
        order, validity = wish.order, asn1_x509.TbsCertificate.load(linted.tbs)["validity"]
        return Certificate(
            serial=order.serial,
            issuer=self._issuer,
            profile=order.profile,
            unit_code=wish.unit_code,
            subject=order.common_name,
            status=CertificateStatus.SIGNING,
            key_sha256=key_sha256(order.public_key),
            not_before=validity["not_before"].native,
            not_after=validity["not_after"].native,
            created_at=self._services.clock(),
            tbs=linted.tbs,
            holder_id=order.holder_id,
            medium_serial=wish.medium_serial,
            shard=linted.shard,
        )


def _refuse_compromised(uow: UnitOfWork, issuer: str) -> None:
    if uow.compromises.count(issuer=issuer, status=STANDING):
        raise Conflict("签发 CA 的密钥已报告泄露，已停止签发。请等候自治区教育信息中心的通知。")


def key_sha256(public_key: bytes) -> str:
    """SHA-256 of the SPKI (DER) in hex: how a key is recognised again."""
    return hashlib.sha256(public_key).hexdigest()
