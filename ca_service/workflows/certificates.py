"""Reading certificates: by subtree, by serial."""

from collections.abc import Sequence
from typing import Any

from ca_service.domain.certificates import Certificate, CertificateStatus
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.certificate_status import by_serial
from ca_service.workflows.ports import Services
from ca_service.workflows.unit_index import UnitIndex

HOLDER_PROFILES = frozenset({"information-administrator", "staff"})


def list_certificates(services: Services, actor: Actor, *, infrastructure: bool = False) -> Sequence[Certificate]:
    """Certificates of the actor's subtree: those of persons, or with `infrastructure` also those of CA and servers."""
    with services.read() as uow:
        authorise(actor, Action.CERTIFICATE_READ, lineage=uow.units.lineage(actor.unit_code))
        scope = UnitIndex(uow.units.find()).subtree(actor.unit_code)
        wanted: dict[str, Any] = {} if infrastructure else {"profile": HOLDER_PROFILES}
        found = uow.certificates.find(**wanted)
    signed = (c for c in found if c.der is not None or c.status is not CertificateStatus.SIGNING)
    return [certificate for certificate in signed if certificate.unit_code in scope]


def show_certificate(services: Services, actor: Actor, serial: str) -> Certificate:
    """One certificate; raise NotFound, Forbidden."""
    with services.read() as uow:
        certificate = by_serial(uow, serial)
        authorise(actor, Action.CERTIFICATE_READ, lineage=uow.units.lineage(certificate.unit_code))
        return certificate
