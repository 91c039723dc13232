"""What the start-up closes after a crash: every serial whose signature may exist without a record is revoked."""

from collections.abc import Sequence
from datetime import timedelta

from ca_service.domain.certificates import Certificate, CertificateEvent, CertificateStatus, RevocationReason
from ca_service.domain.roles import Actor
from ca_service.workflows.certificate_status import apply
from ca_service.workflows.ports import Services

# Another process may be signing at this moment; a signature takes milliseconds, so an intent of this age is dead.
_PATIENCE = timedelta(minutes=1)


def close_interrupted(services: Services, actor: Actor, *, patience: timedelta = _PATIENCE) -> Sequence[Certificate]:
    """Revoke the serials of abandoned intents; return their certificates. The enrolment may ask again."""
    with services.begin() as uow:
        oldest = services.clock() - patience
        abandoned = [c for c in uow.certificates.find(status=CertificateStatus.SIGNING) if c.created_at <= oldest]
        return [
            apply(
                uow,
                actor,
                certificate,
                CertificateEvent.ABANDON,
                at=services.clock(),
                reason="the process ended between intent and record",
                crl_reason=RevocationReason.CESSATION_OF_OPERATION,
            )
            for certificate in abandoned
        ]
