"""Step 2 of a download or renewal: the certificate, for the key in a request that the token's binding key vouches for.

Those who ask at the same time are served together; each is judged by itself (`together.py`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ca_service.domain.certificates import Certificate, Issuer
from ca_service.domain.enrolments import BINDING_CONTEXT, RENEWAL_CONTEXT, Enrolment
from ca_service.domain.errors import BindingInvalid, DomainError
from ca_service.domain.media import Medium
from ca_service.workflows.csr import read_csr, signature_holds
from ca_service.workflows.current_issuer import ROOT, latest
from ca_service.workflows.enrol_issue import PROFILE, Asked, issue_all, note_refusal
from ca_service.workflows.enrol_sessions import Session, opened, session_hash
from ca_service.workflows.ports import Services
from ca_service.workflows.together import each, onward


@dataclass(frozen=True)
class Delivered:
    """Answer to `certificate`: DER, the chain (issuing, root), and what the new key has to sign."""

    certificate: bytes
    chain: Sequence[bytes]
    challenge: bytes


@dataclass(frozen=True)
class _Request:
    session: Session
    csr: bytes
    binding_signature: bytes


@dataclass(frozen=True)
class _Known:
    """What the store has of these requests: downloads by the hash of their session, tokens and CAs by their names."""

    enrolments: Sequence[Enrolment]
    media: Mapping[str, Medium]
    issuers: Mapping[str, Issuer]


def certificate(services: Services, session: Session, *, csr: bytes, binding_signature: bytes) -> Delivered:
    """Issue for the key in the CSR (PKCS#10, DER), or hand out again what was issued for it.

    Raises SessionUnknown, CsrInvalid, KeyWeak, KeyInUse, BindingInvalid, CodeUsed, NotApproved, CertificateNotLive,
    Conflict.
    """
    return services.together.ask(_deliver_all, services, _Request(session, csr, binding_signature))


def _deliver_all(services: Services, requests: Sequence[_Request]) -> Sequence[Delivered | DomainError]:
    known = _read(services, requests)

    def deliver(asked: Sequence[Asked]) -> Sequence[Delivered | DomainError]:
        issued = zip(asked, issue_all(services, asked, issuer=latest(known.issuers.values())), strict=True)
        return [it if isinstance(it, DomainError) else _delivered(services, known, one, it) for one, it in issued]

    return onward(each(requests, partial(_judged, services, known)), deliver)


def _read(services: Services, requests: Sequence[_Request]) -> _Known:
    hashes = [session_hash(services, request.session.secret) for request in requests]
    with services.read() as uow:
        enrolments = uow.enrolments.find(session_hash=hashes)
        media = uow.media.find(serial=[enrolment.medium_serial for enrolment in enrolments]) if enrolments else ()
        issuers = {issuer.name: issuer for issuer in uow.issuers.find()}
    return _Known(enrolments, {medium.serial: medium for medium in media}, issuers)


def _judged(services: Services, known: _Known, request: _Request) -> Asked:
    enrolment = opened(services, request.session, known.enrolments)
    binding_key = known.media[enrolment.medium_serial].binding_key
    context = RENEWAL_CONTEXT if request.session.renews else BINDING_CONTEXT
    message = context + (enrolment.nonce or b"") + hashlib.sha256(request.csr).digest()
    if binding_key is None or not signature_holds(binding_key, request.binding_signature, message):
        refusal = BindingInvalid("介质的绑定签名不正确：这不是派发给您的介质。此次尝试已记录。")
        note_refusal(services, enrolment, refusal)
        raise refusal
    public_key = read_csr(request.csr)
    services.authority(latest(known.issuers.values())).check_key(PROFILE, public_key)
    return Asked(enrolment, public_key)


def _delivered(services: Services, known: _Known, asked: Asked, issued: Certificate) -> Delivered:
    issuer = known.issuers.get(issued.issuer)
    if issuer is None:  # the CA was followed by another one at this moment
        with services.read() as uow:
            issuer = uow.issuers.get(issued.issuer)
    chain = [issuer.certificate, known.issuers[ROOT].certificate]
    return Delivered(issued.der or b"", chain, asked.enrolment.challenge or b"")
