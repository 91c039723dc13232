"""The certificates of the service itself."""

from collections.abc import Sequence
from typing import Any

from ca_service.domain.certificates import Certificate, CertificateStatus
from ca_service.workflows.ports import Services


def signers(services: Services, profile: str, *, issuer: str = "") -> Sequence[Certificate]:
    """The delegated signers of a profile (such as `ocsp-signer`) that are in force, expired ones included.

    With `issuer` only those of that CA.
    """
    of: dict[str, Any] = {"issuer": issuer} if issuer else {}
    with services.read() as uow:
        # Nobody holds them: with that said there is an index, and the worker asks twice a second.
        return uow.certificates.find(profile=profile, status=CertificateStatus.ACTIVE, holder_id=None, **of)


def all_of(services: Services, profile: str) -> Sequence[bytes]:
    """Every certificate of a profile that was ever signed, revoked ones included (DER): what they signed is kept."""
    with services.read() as uow:
        return [one.der for one in uow.certificates.find(profile=profile) if one.der is not None]
