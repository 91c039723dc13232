"""The push from the unified user directory into the CA: both ends, idempotent by external id."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from ca_service.domain.applications import (
    APPLICATION,
    Application,
    ApplicationEvent,
    ApplicationStatus,
    Contact,
)
from ca_service.domain.audit import Tag, canonical
from ca_service.domain.errors import Conflict, NotFound, StateUnknown
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.open_units import require_open
from ca_service.workflows.ports import Services, UnitOfWork


@dataclass(frozen=True)
class PushedPerson:
    """One approved person as the directory sends it; `external_id` is the directory's own key."""

    external_id: str
    unit_code: str
    name: str
    user_type: str
    contact: Contact

    def sha256(self) -> str:
        """What two pushes must have in common to be the same push."""
        return hashlib.sha256(canonical(asdict(self)).encode()).hexdigest()


class Outcome(StrEnum):
    """What became of one record of a push."""

    REGISTERED = "registered"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True)
class Confirmation:
    """The CA's answer for one record (系统确认). `holder_id` is empty when refused."""

    external_id: str
    outcome: Outcome
    holder_id: str
    detail: str = ""


def receive(services: Services, actor: Actor, persons: Sequence[PushedPerson]) -> Sequence[Confirmation]:
    """Register those who are new; a repeated push answers the same and changes nothing. One transaction."""
    with services.begin() as uow:
        authorise(actor, Action.REGISTRATION_PUSH, lineage=uow.units.lineage(actor.unit_code))
        known = {h.external_id: h for h in uow.holders.find(external_id=[p.external_id for p in persons])}
        answers: list[Confirmation] = []
        for person in persons:
            answers.append(_receive_one(services, uow, actor, person, known))
        return answers


def _receive_one(
    services: Services, uow: UnitOfWork, actor: Actor, person: PushedPerson, known: dict[str, Holder]
) -> Confirmation:
    pushed = person.sha256()
    present = known.get(person.external_id)
    if present is not None:
        if present.pushed_sha256 == pushed:
            return Confirmation(person.external_id, Outcome.UNCHANGED, present.id)
        return Confirmation(
            person.external_id, Outcome.REFUSED, "", "此编号已登记且内容不同；人员信息变更请走变更申请。"
        )
    try:
        require_open(uow, [person.unit_code])
    except (NotFound, Conflict) as error:
        return Confirmation(person.external_id, Outcome.REFUSED, "", error.detail)
    holder = Holder(
        id=services.new_id("H"),
        external_id=person.external_id,
        unit_code=person.unit_code,
        name=person.name,
        user_type=person.user_type,
        contact=person.contact,
        id_number_hash=services.keyed_hash(person.contact.id_number),
        status=HolderStatus.ACTIVE,
        registered_at=services.clock(),
        pushed_sha256=pushed,
    )
    uow.holders.add(holder)
    known[person.external_id] = holder
    uow.audit.append(actor, Tag.HOLDER_REGISTERED, holder.id, unit=holder.unit_code)
    return Confirmation(person.external_id, Outcome.REGISTERED, holder.id)


def due(services: Services, *, limit: int) -> Sequence[PushedPerson]:
    """Approved applications that the CA has not confirmed yet, as persons; what was approved is what is pushed."""
    with services.read() as uow:
        approved = uow.applications.find(status=ApplicationStatus.APPROVED, limit=limit)
    return [_person(application) for application in approved]


def _person(application: Application) -> PushedPerson:
    if application.content_sha256() != application.approved_sha256:
        raise StateUnknown(f"申请 {application.id} 的内容与审核通过时不一致，已停止推送。请联系安全管理员。")
    return PushedPerson(
        external_id=application.id,
        unit_code=application.unit_code,
        name=application.name,
        user_type=application.user_type,
        contact=application.contact,
    )


def record_confirmations(services: Services, actor: Actor, answers: Sequence[Confirmation]) -> int:
    """Note the CA's confirmations on the applications; return how many were new. Raises Conflict on a refusal."""
    refused = [answer for answer in answers if answer.outcome is Outcome.REFUSED]
    accepted = {answer.external_id for answer in answers} - {answer.external_id for answer in refused}
    with services.begin() as uow:
        waiting = uow.applications.find(id=accepted, status=ApplicationStatus.APPROVED)
        for application in waiting:
            status = APPLICATION.after(application.status, ApplicationEvent.CONFIRM)
            uow.applications.change(application, status=status)
            uow.audit.append(actor, Tag.APPLICATION_CONFIRMED, application.id, unit=application.unit_code)
    if refused:
        raise Conflict(f"CA 拒绝了 {len(refused)} 条推送。第一条 {refused[0].external_id}：{refused[0].detail}")
    return len(waiting)
