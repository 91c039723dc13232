"""The issuing CA's key is in wrong hands: everything it has signed ends, and the root says so of the CA itself.

    1. declare (CA administrator, or the operator at the machine): from here on the CA issues nothing
    2. confirm (security administrator): its certificates are revoked, a page a transaction, until none is left
    3. revoke the CA (operator, with the root's token): cACompromise (RFC 5280 §5.3.1) on the root's CRL

Dies between two pages: the worker goes on. Dies between the revocation of the CA and the root's CRL: 3 again publishes
it. The signers of OCSP answers are not revoked, so that the others can be told; whoever checks the chain does not need
them. No private key of a holder is suspected, so their certificates do not say keyCompromise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ca_service.domain import notices
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import LIVE, Certificate, CertificateEvent, RevocationReason
from ca_service.domain.compromises import (
    COMPROMISE,
    REVOKING,
    STANDING,
    Compromise,
    CompromiseEvent,
    CompromiseStatus,
)
from ca_service.domain.crls import PublishedCrl
from ca_service.domain.errors import Conflict, Forbidden, Invalid
from ca_service.domain.holders import HolderStatus
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.certificate_status import apply
from ca_service.workflows.certificates import HOLDER_PROFILES
from ca_service.workflows.messages import notify
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.publish_crl import publish_crl

_PAGE = 500
_LONGEST = 300
_SIGNED = (*sorted(HOLDER_PROFILES), "feed-signer", "audit-signer", "tls-server")
_ROOT = "root"


def declare(services: Services, actor: Actor, issuer: str, *, ground: str) -> Compromise:
    """Say that the key of an issuing CA is, or may be, in wrong hands; it issues nothing from now on."""
    if not 1 <= len(ground.strip()) <= _LONGEST:
        raise Invalid(f"请写明依据（发现了什么、何时、由谁报告），不超过 {_LONGEST} 个字。")
    with services.begin() as uow:
        authorise(actor, Action.CA_DECLARE, lineage=uow.units.lineage(actor.unit_code))
        if uow.issuers.get(issuer).signed_by == issuer:
            raise Invalid("根 CA 的密钥泄露不能由自身吊销：请停止使用整个体系，更换信任锚。")
        if uow.compromises.count(issuer=issuer, status=STANDING):
            raise Conflict("此 CA 的密钥泄露已经报告过，请继续办理那一件（educa ca list）。")
        case = Compromise(
            id=services.new_id("X"),
            issuer=issuer,
            ground=ground.strip(),
            status=CompromiseStatus.DECLARED,
            declared_by=actor.login,
            declared_at=services.clock(),
        )
        uow.compromises.add(case)
        detail = {"issuer": issuer, "ground": case.ground}
        uow.audit.append(actor, Tag.COMPROMISE_DECLARED, case.id, unit=CENTRE_CODE, detail=detail)
    return case


def withdraw(services: Services, actor: Actor, case_id: str) -> Compromise:
    """Take a declaration back that nobody has confirmed; the CA issues again."""
    return _decide(services, actor, case_id, CompromiseEvent.WITHDRAW)


def confirm(services: Services, actor: Actor, case_id: str) -> Compromise:
    """Confirm, as another person than who declared it. There is no way back."""
    return _decide(services, actor, case_id, CompromiseEvent.CONFIRM)


def _decide(services: Services, actor: Actor, case_id: str, event: CompromiseEvent) -> Compromise:
    with services.begin() as uow:
        case = uow.compromises.get(case_id)
        confirming = event is CompromiseEvent.CONFIRM
        action = Action.CA_CONFIRM if confirming else Action.CA_DECLARE
        authorise(actor, action, lineage=uow.units.lineage(actor.unit_code))
        if confirming and actor.login == case.declared_by:
            raise Forbidden("报告人不能确认自己的报告，请由另一名管理员确认。")
        status = COMPROMISE.after(case.status, event)
        decided = uow.compromises.change(case, status=status, decided_by=actor.login, decided_at=services.clock())
        tag = Tag.COMPROMISE_CONFIRMED if confirming else Tag.COMPROMISE_WITHDRAWN
        uow.audit.append(actor, tag, case.id, unit=CENTRE_CODE, detail={"issuer": case.issuer})
    return decided


def revoke_page(services: Services, actor: Actor) -> int:
    """Revoke some of what a compromised CA has signed, and tell the holders; return how many there were this time.

    Called by the worker in each round; safe to repeat and to run in several processes.
    """
    with services.begin() as uow:
        for case in uow.compromises.find(status=REVOKING):
            page = uow.certificates.find(issuer=case.issuer, status=LIVE, profile=_SIGNED, limit=_PAGE)
            for certificate in page:
                _revoke(services, uow, actor, case, certificate)
            if page:
                return len(page)
    return 0


def _revoke(services: Services, uow: UnitOfWork, actor: Actor, case: Compromise, certificate: Certificate) -> None:
    apply(
        uow,
        actor,
        certificate,
        CertificateEvent.REVOKE,
        at=services.clock(),
        reason="the issuing CA's key is compromised",
        crl_reason=RevocationReason.CESSATION_OF_OPERATION,
        ground=case.id,
    )
    for holder in uow.holders.find(id=certificate.holder_id or "", status=HolderStatus.ACTIVE):
        letter = notices.issuer_ended(holder.contact.email, uow.units.get(holder.unit_code).name)
        notify(services, uow, letter, unit=holder.unit_code)


def revoke_ca(services: Services, actor: Actor, case_id: str) -> PublishedCrl:
    """Put the CA's own certificate on the root's CRL and publish that; a repeat publishes it again.

    Raises Unavailable where the root's token is not at hand; then nothing is changed.
    """
    services.authority(_ROOT)
    with services.begin() as uow:
        case = uow.compromises.get(case_id)
        authorise(actor, Action.CA_REVOKE, lineage=uow.units.lineage(actor.unit_code))
        if case.status is not CompromiseStatus.ENDED:
            status, now = COMPROMISE.after(case.status, CompromiseEvent.REVOKE_CA), services.clock()
            own = _own_certificate(uow, case.issuer)
            apply(
                uow, actor, own, CertificateEvent.REVOKE, at=now, reason="key compromised",
                crl_reason=RevocationReason.CA_COMPROMISE, ground=case.id,
            )  # fmt: skip
            uow.compromises.change(case, status=status, ended_by=actor.login, ended_at=now)
            detail = {"issuer": case.issuer, "serial": own.serial}
            uow.audit.append(actor, Tag.COMPROMISE_ENDED, case.id, unit=CENTRE_CODE, detail=detail)
    return publish_crl(services, actor, _ROOT)


def _own_certificate(uow: UnitOfWork, issuer: str) -> Certificate:
    ca = uow.issuers.get(issuer)
    signed = uow.certificates.find(issuer=ca.signed_by, profile="issuing", status=LIVE)
    found = [certificate for certificate in signed if certificate.der == ca.certificate]
    if not found:
        raise Conflict(f"没有找到 {issuer} 的有效 CA 证书，可能已经吊销。请运行 educa doctor 核查。")
    return found[0]


@dataclass(frozen=True)
class Standing:
    """A case, how many certificates of the CA still live, and how many it has revoked."""

    case: Compromise
    live: int
    revoked: int


def cases(services: Services, actor: Actor) -> Sequence[Standing]:
    """Every compromise that was ever declared, with how far its revocations are."""
    with services.read() as uow:
        authorise(actor, Action.CA_READ, lineage=uow.units.lineage(actor.unit_code))
        return [
            Standing(
                case,
                uow.certificates.count(issuer=case.issuer, status=LIVE, profile=_SIGNED),
                uow.status_events.count(ground=case.id, event=CertificateEvent.REVOKE),
            )
            for case in uow.compromises.find(order="declared_at")
        ]


@dataclass(frozen=True)
class Affected:
    """Somebody who has lost a certificate by a compromise and has no other: numbers and places, no name."""

    holder_id: str
    unit_code: str
    serial: str
    medium_serial: str


def affected(services: Services, actor: Actor, case_id: str) -> Sequence[Affected]:
    """Who of the actor's subtree has to download anew, by unit."""
    with services.read() as uow:
        authorise(actor, Action.CERTIFICATE_READ, lineage=uow.units.lineage(actor.unit_code))
        case = uow.compromises.get(case_id)
        within = actor.unit_code
        people = {h.id: h.unit_code for h in uow.holders.find(within=within, status=HolderStatus.ACTIVE)}
        certified = set(uow.certificates.tally("holder_id", within=within, status=LIVE))
        ended = {step.serial for step in uow.status_events.find(ground=case.id, event=CertificateEvent.REVOKE)}
        found = {
            c.holder_id: Affected(c.holder_id, people[c.holder_id], c.serial, c.medium_serial or "")
            for c in uow.certificates.find(within=within, issuer=case.issuer, order="created_at")
            if c.serial in ended and c.holder_id in people and c.holder_id not in certified
        }
    return sorted(found.values(), key=lambda one: (one.unit_code, one.holder_id))
