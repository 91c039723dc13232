"""Reading certificates: by subtree, by serial."""

from collections.abc import Sequence
from typing import Any

from ca_service.domain.certificates import Certificate, CertificateStatus, StatusEvent
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.certificate_status import by_serial
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.ports import Services

HOLDER_PROFILES = frozenset({"information-administrator", "staff"})


def list_certificates(
    services: Services, actor: Actor, window: Window = ALL, *, infrastructure: bool = False
) -> Listing[Certificate]:
    """Certificates of the actor's subtree, newest first: of persons, or with `infrastructure` of CA and servers too."""
    with services.read() as uow:
        authorise(actor, Action.CERTIFICATE_READ, lineage=uow.units.lineage(actor.unit_code))
        wanted: dict[str, Any] = {} if infrastructure else {"profile": HOLDER_PROFILES}
        wanted["status"] = [status for status in CertificateStatus if status is not CertificateStatus.SIGNING]
        return listing(uow.certificates, window, order="-created_at", within=actor.unit_code, **wanted)


def history(services: Services, actor: Actor, serial: str) -> Sequence[StatusEvent]:
    """Every step of a certificate's life, in order; raise NotFound, Forbidden."""
    with services.read() as uow:
        certificate = by_serial(uow, serial)
        authorise(actor, Action.CERTIFICATE_READ, lineage=uow.units.lineage(certificate.unit_code))
        return uow.status_events.find(serial=certificate.serial)


def show_certificate(services: Services, actor: Actor, serial: str) -> Certificate:
    """One certificate; raise NotFound, Forbidden."""
    with services.read() as uow:
        certificate = by_serial(uow, serial)
        authorise(actor, Action.CERTIFICATE_READ, lineage=uow.units.lineage(certificate.unit_code))
        return certificate
