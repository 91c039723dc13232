"""The certificates of the service itself."""

from collections.abc import Sequence

from ca_service.domain.certificates import Certificate, CertificateStatus
from ca_service.workflows.ports import Services


def ocsp_signers(services: Services) -> Sequence[Certificate]:
    """The delegated OCSP signers that are in force, expired ones included."""
    with services.read() as uow:
        return uow.certificates.find(profile="ocsp-signer", status=CertificateStatus.ACTIVE)
