"""Application and change forms to be printed, stamped and scanned: everything that stands on them, unmasked."""

from dataclasses import dataclass, replace

from ca_service.domain.applications import Application
from ca_service.domain.audit import Tag
from ca_service.domain.changes import Change, Paper, Particular
from ca_service.domain.paper import PaperCode, PaperKind
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.approvals import facts_of
from ca_service.workflows.ports import Services, UnitOfWork

_PRINTED = {"form": "printed"}


@dataclass(frozen=True)
class PrintableApplication:
    """An application as its form shows it."""

    application: Application
    unit_name: str
    code: PaperCode


@dataclass(frozen=True)
class PrintableChange:
    """A change case as its form shows it; its `paper` is never absent."""

    change: Change
    unit_name: str
    code: PaperCode


def application_form_of(services: Services, actor: Actor, application_id: str) -> PrintableApplication:
    """What to print; it shows personal data, so it is recorded as an unmasked look. Raises NotFound, Forbidden."""
    with services.begin() as uow:
        found = uow.applications.get(application_id)
        authorise(actor, Action.REGISTRATION_UNMASK, lineage=uow.units.lineage(found.unit_code))
        uow.audit.append(actor, Tag.APPLICATION_UNMASKED, found.id, unit=found.unit_code, detail=_PRINTED)
        return PrintableApplication(found, uow.units.get(found.unit_code).name, application_code(uow, found))


def change_form_of(services: Services, actor: Actor, change_id: str) -> PrintableChange:
    """What to print; it shows personal data, so it is recorded as an unmasked look. Raises NotFound, Forbidden."""
    with services.begin() as uow:
        found = uow.changes.get(change_id)
        authorise(actor, Action.REGISTRATION_UNMASK, lineage=uow.units.lineage(found.unit_code))
        uow.audit.append(actor, Tag.CHANGE_UNMASKED, found.id, unit=found.unit_code, detail=_PRINTED)
        return PrintableChange(_with_paper(uow, found), _unit_name(uow, found), change_code(found))


def application_code(uow: UnitOfWork, application: Application) -> PaperCode:
    """The code of a form that is printed of the application now."""
    unit_name = uow.units.get(application.unit_code).name
    return PaperCode.of(PaperKind.APPLICATION, application.id, application.printed_sha256(unit_name))


def change_code(change: Change) -> PaperCode:
    """The code of a form that is printed of the case now."""
    return PaperCode.of(PaperKind.CHANGE, change.id, change.printed_sha256())


def _with_paper(uow: UnitOfWork, change: Change) -> Change:
    """Cases from before their paper was kept are printed with the person's present data."""
    if change.paper is not None:
        return change
    holder = uow.holders.get(change.holder_id)
    facts = facts_of(holder, uow.units.get(holder.unit_code).name)
    return replace(change, paper=Paper(before=dict(facts)))


def _unit_name(uow: UnitOfWork, change: Change) -> str:
    """The unit as the form names it: as it was when the case was entered."""
    before = change.paper.before if change.paper else {}
    return before.get(Particular.UNIT_NAME, "") or uow.units.get(change.unit_code).name
