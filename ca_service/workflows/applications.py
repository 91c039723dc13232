"""Reading one application: masked for most; who sees it unmasked, or its scan, stands in the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ca_service.domain.applications import Application, Contact
from ca_service.domain.audit import Tag
from ca_service.domain.person_text import mask_id, mask_name, mask_phone
from ca_service.domain.roles import POLICY, Action, Actor, authorise
from ca_service.workflows.ports import Services
from ca_service.workflows.register import conflicts


@dataclass(frozen=True)
class ApplicationView:
    """What the actor may see; `conflicts` are other live applications of the same person."""

    application: Application
    unmasked: bool
    conflicts: Sequence[str]


def view_application(services: Services, actor: Actor, application_id: str) -> ApplicationView:
    """One application, its personal fields masked unless the role may see them; raise NotFound, Forbidden."""
    with services.begin() as uow:
        found = uow.applications.get(application_id)
        authorise(actor, Action.REGISTRATION_READ, lineage=uow.units.lineage(found.unit_code))
        unmasked = bool(actor.roles & POLICY[Action.REGISTRATION_UNMASK])
        if unmasked:
            uow.audit.append(actor, Tag.APPLICATION_UNMASKED, found.id, unit=found.unit_code)
        others = conflicts(uow, [found]).get(found.id, ())
    return ApplicationView(found if unmasked else _masked(found), unmasked, others)


def current_application(services: Services, actor: Actor, application_id: str) -> Application:
    """One application as it stands now, masked; raise NotFound, Forbidden."""
    with services.read() as uow:
        found = uow.applications.get(application_id)
        authorise(actor, Action.REGISTRATION_READ, lineage=uow.units.lineage(found.unit_code))
    return _masked(found)


def scan_of(services: Services, actor: Actor, application_id: str) -> bytes:
    """The stamped scan of the batch, or of this person after a mend; raise NotFound, Forbidden.

    It shows personal data, so the look is recorded.
    """
    with services.begin() as uow:
        found = uow.applications.get(application_id)
        batch = uow.batches.get(found.batch_id)
        # The scan of a batch shows every person of it, whose unit may lie above that of this application.
        shows = found.unit_code if found.scan_sha256 else batch.unit_code
        scan = found.scan_sha256 or batch.scan_sha256
        authorise(actor, Action.REGISTRATION_UNMASK, lineage=uow.units.lineage(shows))
        uow.audit.append(actor, Tag.APPLICATION_UNMASKED, found.id, unit=found.unit_code, detail={"scan": scan})
    return services.documents.get(scan)


def _masked(found: Application) -> Application:
    contact = found.contact
    name, _, domain = contact.email.partition("@")
    hidden = Contact(
        mask_id(contact.id_number),
        mask_phone(contact.office_phone),
        f"{name[:1]}*@{domain}",
        mask_phone(contact.mobile),
    )
    return replace(found, name=mask_name(found.name), address="*" if found.address else "", contact=hidden)
