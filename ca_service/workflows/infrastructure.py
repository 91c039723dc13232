"""The certificates of the service itself."""

from collections.abc import Sequence

from ca_service.domain.certificates import Certificate, CertificateStatus
from ca_service.workflows.ports import Services


def signers(services: Services, profile: str) -> Sequence[Certificate]:
    """The delegated signers of a profile (such as `ocsp-signer`) that are in force, expired ones included."""
    with services.read() as uow:
        return uow.certificates.find(profile=profile, status=CertificateStatus.ACTIVE)


def all_of(services: Services, profile: str) -> Sequence[bytes]:
    """Every certificate of a profile that was ever signed, revoked ones included (DER): what they signed is kept."""
    with services.read() as uow:
        return [one.der for one in uow.certificates.find(profile=profile) if one.der is not None]
