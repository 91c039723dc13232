"""Reading one application: masked for most; who sees it unmasked, or its scan, stands in the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ca_service.domain.applications import Application, Contact
from ca_service.domain.audit import Tag
from ca_service.domain.conflicts import ConflictCase, ConflictStatus
from ca_service.domain.person_text import mask_email, mask_id, mask_name, mask_phone
from ca_service.domain.review import Step, path_above, place_on
from ca_service.domain.roles import POLICY, Action, Actor, authorise
from ca_service.workflows.conflicts import cases_of, open_conflicts
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.shown import shown
from ca_service.workflows.steps import resubmitters, steps_of
from ca_service.workflows.succession import open_transfer

_OPEN = (ConflictStatus.UNDECIDED, ConflictStatus.KEPT)


@dataclass(frozen=True)
class ApplicationView:
    """What the actor may see.

    `sha256` is of the whole content, masked or not: an act that follows is bound to it. `unit_names` lead from the
    centre to the applicant's unit. `own`: the actor entered it, so somebody else reviews it. `scan_shown`: the actor
    may see the scan; that of a batch shows others too and may belong to a unit above. `transfer_id`: the open hand-over
    in which this is the successor's.
    """

    application: Application
    unmasked: bool
    sha256: str
    unit_names: Sequence[str]
    place: str
    steps: Sequence[Step]
    conflicts: Sequence[ConflictCase]
    own: bool
    scan_shown: bool
    transfer_id: str


def view_application(services: Services, actor: Actor, application_id: str) -> ApplicationView:
    """One application, its personal fields masked unless the role may see them; raise NotFound, Forbidden."""
    with services.begin() as uow:
        found = uow.applications.get(application_id)
        lineage = uow.units.lineage(found.unit_code)
        authorise(actor, Action.REGISTRATION_READ, lineage=lineage)
        unmasked = bool(actor.roles & POLICY[Action.REGISTRATION_UNMASK])
        if unmasked:
            uow.audit.append(actor, Tag.APPLICATION_UNMASKED, found.id, unit=found.unit_code)
        open_conflicts(services, uow, actor, [found])
        seen = shown(uow, [found])[found.id]
        again = resubmitters(uow, [found.id]).get(found.id, frozenset())
        transfer = open_transfer(uow, application_id=found.id)
        return ApplicationView(
            application=found if unmasked else masked(found),
            unmasked=unmasked,
            sha256=seen.sha256(),
            unit_names=[name for _, name in seen.path],
            place=place_on(path_above(lineage), found.at_unit),
            steps=steps_of(uow, found.id),
            conflicts=cases_of(uow, [found.id], _OPEN),
            own=actor.login in again | {found.entered_by},
            transfer_id=transfer.id if transfer else "",
            scan_shown=unmasked and actor.unit_code in uow.units.lineage(_scan(uow, found)[0]),
        )


def scan_of(services: Services, actor: Actor, application_id: str) -> bytes:
    """The stamped scan of the batch, or of this person after a mend; raise NotFound, Forbidden.

    It shows personal data, so the look is recorded.
    """
    with services.begin() as uow:
        found = uow.applications.get(application_id)
        shows, scan = _scan(uow, found)
        authorise(actor, Action.REGISTRATION_UNMASK, lineage=uow.units.lineage(shows))
        uow.audit.append(actor, Tag.APPLICATION_UNMASKED, found.id, unit=found.unit_code, detail={"scan": scan})
    return services.documents.get(scan)


def _scan(uow: UnitOfWork, found: Application) -> tuple[str, str]:
    """The unit of all whom the scan shows, and its hash.

    The scan of a batch shows every person of it, whose unit may lie above that of this application.
    """
    if found.scan_sha256:
        return found.unit_code, found.scan_sha256
    batch = uow.batches.get(found.batch_id)
    return batch.unit_code, batch.scan_sha256


def masked(found: Application) -> Application:
    """The same with every personal field hidden but what tells two people apart."""
    return replace(
        found, name=mask_name(found.name), address="*" if found.address else "", contact=mask_contact(found.contact)
    )


def mask_contact(contact: Contact) -> Contact:
    """ID number, telephone numbers and e-mail with their middle hidden."""
    return Contact(
        mask_id(contact.id_number),
        mask_phone(contact.office_phone),
        mask_email(contact.email),
        mask_phone(contact.mobile),
    )
