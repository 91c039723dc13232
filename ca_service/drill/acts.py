"""What a drill lets the CA do while it is struck. Each act may be repeated after whatever broke it off.

    prepare   brings about what the act begins with (not struck)
    act       does it, or does it again: the same call, by the same person with the same keys
    done      whether it has come to its end, in Chinese why not

What a client gets is told to `answered` before anything else can happen, as the audit entry that must exist for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol

from cryptography import x509

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import ENDED, Certificate, CertificateStatus, RevocationReason
from ca_service.domain.crls import CrlLine
from ca_service.domain.errors import Conflict, Superseded
from ca_service.drill.people import OPERATOR, REVIEWER, Person, equipped
from ca_service.drill.places import Places
from ca_service.workflows import enrol, outdated, renew
from ca_service.workflows.certificate_status import freeze, revoke, unfreeze
from ca_service.workflows.current_issuer import current_issuer
from ca_service.workflows.enrol_certificate import certificate
from ca_service.workflows.enrol_sessions import Session
from ca_service.workflows.ports import Services
from ca_service.workflows.publish_crl import publish_now

Answered = Callable[[Tag, str], None]


@dataclass(frozen=True)
class Case:
    """What one run of an act is about; carried from process to process."""

    number: str
    person: Person | None = None
    serial: str = ""
    before: int = 0

    @property
    def who(self) -> Person:
        """The person of an act that has one."""
        if self.person is None:
            raise ValueError("this act has no person")
        return self.person


@dataclass(frozen=True)
class Desk:
    """Where acts are done: the service, the places they pass, who is told of answers."""

    services: Services
    places: Places
    answered: Answered

    def certificate(self, serial: str) -> Certificate:
        """As it is recorded now."""
        with self.services.read() as uow:
            return uow.certificates.get(serial)


class Act(Protocol):
    """One kind of act; see the module."""

    def prepare(self, desk: Desk, number: str) -> Case:
        """See the module."""

    def act(self, desk: Desk, case: Case) -> None:
        """See the module. Raises what the workflows raise."""

    def done(self, desk: Desk, case: Case) -> str:
        """See the module."""


class Issue:
    """A person downloads a certificate onto the token: begin, certificate, confirm."""

    def prepare(self, desk: Desk, number: str) -> Case:
        """See the protocol."""
        return Case(number, equipped(desk.services, number))

    def act(self, desk: Desk, case: Case) -> None:
        """See the protocol."""
        person, services, step = case.who, desk.services, desk.places.step
        with step("begin"):
            begun = enrol.begin(services, reference=person.reference, code=person.code, medium_serial=person.token)
        with step("certificate"):
            request = person.request()
            signature = person.bound(begun.nonce, request)
            session = Session(begun.session)
            got = certificate(services, session, csr=request, binding_signature=signature)
            desk.answered(Tag.CERTIFICATE_ISSUED, serial_of(got.certificate))
        with step("confirm"):
            active = enrol.confirm(services, session, signature=person.proof(got.challenge))
            desk.answered(Tag.CERTIFICATE_CONFIRMED, active.serial)

    def done(self, desk: Desk, case: Case) -> str:
        """See the protocol."""
        with desk.services.read() as uow:
            found = uow.certificates.find(holder_id=case.who.holder)
        live = [one.status for one in found if one.status not in ENDED]
        return "" if live == [CertificateStatus.ACTIVE] else f"此人应恰有一张在用证书，实为：{live or '无'}"


class Renew:
    """A holder renews on the same token; the old certificate is superseded by the confirmation."""

    def prepare(self, desk: Desk, number: str) -> Case:
        """See the protocol."""
        case = enrolled(desk, number)
        with desk.services.begin() as uow:
            old = uow.certificates.get(case.serial)
            outdated.mark(desk.services, uow, OPERATOR, old, unit=old.unit_code, ground=f"drill-{number}")
        return replace(case, person=case.who.with_new_key())

    def act(self, desk: Desk, case: Case) -> None:
        """See the protocol."""
        person, services, step, old = case.who, desk.services, desk.places.step, case.serial
        with step("begin"):
            try:
                begun = renew.begin(services, serial=old, medium_serial=person.token)
            except Superseded:
                # The helper is told so when its last confirmation had come through: it has the new one already.
                desk.answered(Tag.ENROLMENT_REFUSED, old)
                return
            desk.answered(Tag.RENEWAL_BEGUN, old)
        with step("certificate"):
            request = person.request()
            signature = person.bound(begun.nonce, request, renewal=True)
            session = Session(begun.session, old)
            got = certificate(services, session, csr=request, binding_signature=signature)
            desk.answered(Tag.CERTIFICATE_ISSUED, serial_of(got.certificate))
        with step("confirm"):
            proof = person.proof(got.challenge)
            active = enrol.confirm(services, session, signature=proof)
            desk.answered(Tag.CERTIFICATE_CONFIRMED, active.serial)

    def done(self, desk: Desk, case: Case) -> str:
        """See the protocol."""
        why = Issue().done(desk, case)
        status = desk.certificate(case.serial).status
        return why or ("" if status is CertificateStatus.SUPERSEDED else f"旧证书应已被取代，实为 {status}")


class Freeze:
    """An officer puts a certificate on hold."""

    def prepare(self, desk: Desk, number: str) -> Case:
        """See the protocol."""
        return enrolled(desk, number)

    def act(self, desk: Desk, case: Case) -> None:
        """See the protocol."""
        with desk.places.step("freeze"):
            if desk.certificate(case.serial).status is not CertificateStatus.FROZEN:
                frozen = freeze(desk.services, REVIEWER, case.serial, reason="故障演练")
                desk.answered(Tag.CERTIFICATE_FROZEN, frozen.serial)

    def done(self, desk: Desk, case: Case) -> str:
        """See the protocol."""
        status = desk.certificate(case.serial).status
        return "" if status is CertificateStatus.FROZEN else f"证书应已冻结，实为 {status}"


class Revoke:
    """An officer revokes; afterwards a release is tried, and must be refused."""

    def prepare(self, desk: Desk, number: str) -> Case:
        """See the protocol."""
        return enrolled(desk, number)

    def act(self, desk: Desk, case: Case) -> None:
        """See the protocol."""
        reason = RevocationReason.KEY_COMPROMISE
        with desk.places.step("revoke"):
            if desk.certificate(case.serial).status is not CertificateStatus.REVOKED:
                revoked = revoke(desk.services, REVIEWER, case.serial, reason="故障演练", crl_reason=reason)
                desk.answered(Tag.CERTIFICATE_REVOKED, revoked.serial)

    def done(self, desk: Desk, case: Case) -> str:
        """See the protocol."""
        status = desk.certificate(case.serial).status
        if status is not CertificateStatus.REVOKED:
            return f"证书应已吊销，实为 {status}"
        try:
            unfreeze(desk.services, REVIEWER, case.serial, reason="故障演练")
        except Conflict:
            return ""
        return "已吊销的证书竟可恢复"


class Publish:
    """The complete list of the issuing CA is published, after a change."""

    def prepare(self, desk: Desk, number: str) -> Case:
        """See the protocol."""
        case = enrolled(desk, number)
        freeze(desk.services, REVIEWER, case.serial, reason="故障演练")
        return replace(case, before=_published(desk))

    def act(self, desk: Desk, case: Case) -> None:  # noqa: ARG002
        """See the protocol."""
        with desk.places.step("publish"):
            done = publish_now(desk.services, OPERATOR, CrlLine(current_issuer(desk.services)))
            desk.answered(Tag.CRL_PUBLISHED, f"{done.name}#{done.number}")

    def done(self, desk: Desk, case: Case) -> str:
        """See the protocol."""
        now = _published(desk)
        return "" if now > case.before else f"应已发布第 {case.before} 号之后的 CRL，最新仍是第 {now} 号"


def _published(desk: Desk) -> int:
    with desk.services.read() as uow:
        latest = uow.crls.latest(current_issuer(desk.services))
    return latest.number if latest else 0


def serial_of(certificate: bytes) -> str:
    """The serial of a certificate (DER) that a client was given, as it is recorded."""
    return f"{x509.load_der_x509_certificate(certificate).serial_number:x}"


def enrolled(desk: Desk, number: str) -> Case:
    """A person with an active certificate."""
    case = Issue().prepare(desk, number)
    Issue().act(desk, case)
    with desk.services.read() as uow:
        (mine,) = uow.certificates.find(holder_id=case.who.holder)
    return replace(case, serial=mine.serial)


ACTS: Mapping[str, Act] = MappingProxyType(
    {"issue": Issue(), "renew": Renew(), "freeze": Freeze(), "revoke": Revoke(), "publish": Publish()}
)
