"""What an open hand-over (交接) means to the rest: who applies is the successor, and nobody comes in early.

Every workflow that puts an application on its way calls `pair`; the push leaves `waiting` alone; a stop form that
belongs to a hand-over is carried out with it or, once that is given up (`abandon`), by itself.
"""

from collections.abc import Sequence
from typing import Any

from ca_service.domain import notices
from ca_service.domain.applications import APPLICATION, LIVE, Application, ApplicationEvent, ApplicationStatus
from ca_service.domain.audit import Tag
from ca_service.domain.persons import UserType
from ca_service.domain.roles import Actor
from ca_service.domain.transfers import OPEN, TRANSFER, Transfer, TransferEvent
from ca_service.workflows.conflicts import lapse
from ca_service.workflows.messages import notify
from ca_service.workflows.places import is_taken
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.steps import Act, record

_E = ApplicationEvent


def open_transfer(uow: UnitOfWork, **equal: Any) -> Transfer | None:
    """The open hand-over with these fields (`holder_id`, `change_id`, `application_id`), if there is one."""
    found = uow.transfers.find(status=OPEN, limit=1, **equal)
    return found[0] if found else None


def waiting(uow: UnitOfWork) -> frozenset[str]:
    """The applications of successors in open hand-overs: they are not pushed, the hand-over takes them in."""
    return frozenset(case.application_id for case in uow.transfers.find(status=OPEN) if case.application_id)


def pair(uow: UnitOfWork, actor: Actor, applications: Sequence[Application]) -> None:
    """Note applications that were just put on their way as the successors in the hand-overs of their units.

    Only where a unit has one place: who applies for it while it is handed over is the successor. Elsewhere a clerk
    names the successor. The caller holds the units.
    """
    wanting = [a for a in applications if a.user_type == UserType.INFORMATION]
    cases = {case.unit_code: case for case in uow.transfers.find(unit_code={a.unit_code for a in wanting}, status=OPEN)}
    for application in wanting:
        case = cases.get(application.unit_code)
        if case is None or uow.units.get(case.unit_code).kind.max_information_administrators is None:
            continue
        if not has_successor(uow, case):
            name(uow, actor, case, application)


def has_successor(uow: UnitOfWork, case: Transfer) -> bool:
    """Whether an application that is neither returned nor withdrawn takes the successor's place."""
    return bool(case.application_id and uow.applications.count(id=case.application_id, status=LIVE))


def name(uow: UnitOfWork, actor: Actor, case: Transfer, application: Application) -> Transfer:
    """Make this application the successor's."""
    status = TRANSFER.after(case.status, TransferEvent.NAME)
    paired = uow.transfers.change(case, guard=("application_id",), status=status, application_id=application.id)
    uow.audit.append(actor, Tag.TRANSFER_PAIRED, case.id, unit=case.unit_code, detail={"application": application.id})
    return paired


def abandon(services: Services, uow: UnitOfWork, actor: Actor, case: Transfer, *, reason: str) -> Transfer:
    """Give a hand-over up. The successor's application goes back to its sender, unless the place is free after all."""
    uow.units.hold([case.unit_code])
    ended = uow.transfers.change(
        case,
        status=TRANSFER.after(case.status, TransferEvent.ABANDON),
        ended_by=actor.login,
        ended_at=services.clock(),
        end_reason=reason,
    )
    uow.audit.append(actor, Tag.TRANSFER_ABANDONED, case.id, unit=case.unit_code, detail={"reason": reason})
    under_way = (ApplicationStatus.SUBMITTED, ApplicationStatus.APPROVED)
    for application in uow.applications.find(id=case.application_id or "", status=under_way):
        if is_taken(uow, uow.units.get(application.unit_code), besides=application.id):
            _send_back(services, uow, actor, application, f"交接已终止：{reason}")
    return ended


def _send_back(services: Services, uow: UnitOfWork, actor: Actor, application: Application, reason: str) -> None:
    status = application.status
    if status is ApplicationStatus.APPROVED:
        status = APPLICATION.after(status, _E.REOPEN)
    uow.applications.change(
        application, status=APPLICATION.after(status, _E.RETURN), at_unit=application.unit_code, reason=reason,
        approved_sha256="", approved_path="",
    )  # fmt: skip
    uow.audit.append(
        actor, Tag.APPLICATION_RETURNED, application.id, unit=application.unit_code, detail={"reason": reason}
    )
    record(services, uow, actor, [Act(application.id, _E.RETURN, application.at_unit, application.unit_code, reason)])
    lapse(services, uow, actor, [application.id])
    letter = notices.application_returned(application.contact.email, uow.units.get(application.unit_code).name)
    notify(services, uow, letter, unit=application.unit_code)
