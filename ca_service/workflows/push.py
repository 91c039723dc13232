"""The push from the unified user directory into the CA: both ends, idempotent by external id."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ca_service.domain import notices
from ca_service.domain.applications import (
    APPLICATION,
    Application,
    ApplicationEvent,
    ApplicationStatus,
    Contact,
)
from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict, NotFound
from ca_service.domain.free_text import blotted
from ca_service.domain.holders import Holder, HolderStatus, pushed_sha256
from ca_service.domain.persons import UserType
from ca_service.domain.receipts import Receipt
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import CENTRE_CODE, Unit
from ca_service.workflows.messages import notify
from ca_service.workflows.open_units import ended
from ca_service.workflows.places import occupants
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.shown import shown
from ca_service.workflows.steps import Act, record
from ca_service.workflows.succession import waiting

_PUSH = Actor("push", CENTRE_CODE, frozenset(), "worker")
_REVIEWED = (ApplicationStatus.APPROVED, ApplicationStatus.CONFIRMED)


@dataclass(frozen=True)
class PushedPerson:
    """One approved person as the directory sends it; `external_id` is the directory's own key.

    `approved_sha256` is the hash of what was approved, where the review was ours.
    """

    external_id: str
    unit_code: str
    name: str
    user_type: str
    contact: Contact
    approved_sha256: str = ""

    def sha256(self) -> str:
        """What two pushes must have in common to be the same push."""
        return pushed_sha256(self.external_id, self.unit_code, self.name, self.user_type, self.contact)


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


@dataclass(frozen=True)
class Reception:
    """One confirmation a record, in their order, and the receipt that is kept."""

    confirmations: Sequence[Confirmation]
    receipt: Receipt


def receive(services: Services, actor: Actor, persons: Sequence[PushedPerson], *, body: bytes) -> Reception:
    """Register those who are new; a repeated push answers the same and changes nothing. One transaction.

    `body` are the octets as they came; their hash stands in the receipt. Of two equal pushes at once one finds the
    persons of the other: it is tried once more, after which nothing is new to it.
    """
    try:
        return _receive(services, actor, persons, body)
    except Conflict:
        return _receive(services, actor, persons, body)


def _receive(services: Services, actor: Actor, persons: Sequence[PushedPerson], body: bytes) -> Reception:
    with services.begin() as uow:
        authorise(actor, Action.REGISTRATION_PUSH, lineage=uow.units.lineage(actor.unit_code))
        sorter = _Sorter(services, uow, persons)
        answers = [sorter.sort(person) for person in persons]
        _register(uow, actor, sorter.new)
        return Reception(answers, _receipt(services, uow, actor, answers, hashlib.sha256(body).hexdigest()))


def _register(uow: UnitOfWork, actor: Actor, new: Sequence[Holder]) -> None:
    uow.holders.add_all(new)
    uow.audit.append_all(actor, Tag.HOLDER_REGISTERED, ((h.id, h.unit_code) for h in new))


class _Sorter:
    """Compares pushed persons with those known: new, the same again, or refused."""

    def __init__(self, services: Services, uow: UnitOfWork, persons: Sequence[PushedPerson]) -> None:
        self._services = services
        self._known = {h.external_id: h for h in uow.holders.find(external_id={p.external_id for p in persons})}
        self._ours = {a.id: a for a in uow.applications.find(id={p.external_id for p in persons})}
        self._units = uow.units.hold({p.unit_code for p in persons})
        self._places = dict(occupants(uow, list(self._units)))
        self.new: list[Holder] = []

    def sort(self, person: PushedPerson) -> Confirmation:
        """The answer for one person; who is new is noted in `new`."""
        objection = _objection(person, self._ours)
        if objection:
            return _refused(person, objection)
        present = self._known.get(person.external_id)
        if present is not None and present.pushed_sha256 == person.sha256():
            return Confirmation(person.external_id, Outcome.UNCHANGED, present.id)
        if present is not None:
            return _refused(person, "此编号已登记且内容不同；人员信息变更请走变更申请。")
        unit = self._units.get(person.unit_code)
        if unit is None or not unit.is_open:
            return _refused(person, ended(unit) if unit else f"没有找到单位：{person.unit_code}")
        if self._is_taken(unit, person):
            return _refused(person, f"{unit.name}只能有一名信息管理员，已有一名在办或在用。请先为其办理停用。")
        holder = self._holder(person)
        self.new.append(holder)
        self._known[person.external_id] = holder
        return Confirmation(person.external_id, Outcome.REGISTERED, holder.id)

    def _is_taken(self, unit: Unit, person: PushedPerson) -> bool:
        """Whether somebody else has the unit's only place; if not, this person takes it."""
        if person.user_type != UserType.INFORMATION or unit.kind.max_information_administrators is None:
            return False
        return self._places.setdefault(unit.code, person.external_id) != person.external_id

    def _holder(self, person: PushedPerson) -> Holder:
        return Holder(
            id=self._services.new_id("H"),
            external_id=person.external_id,
            unit_code=person.unit_code,
            name=person.name,
            user_type=person.user_type,
            contact=person.contact,
            id_number_hash=self._services.keyed_hash(person.contact.id_number),
            status=HolderStatus.ACTIVE,
            registered_at=self._services.clock(),
            pushed_sha256=person.sha256(),
            approved_sha256=person.approved_sha256,
            approved_in=person.external_id if person.approved_sha256 else "",
        )


def _objection(person: PushedPerson, ours: Mapping[str, Application]) -> str:
    """Why a push does not carry what was approved here; empty when it does, or when the review was not ours."""
    if blotted(person.external_id) != person.external_id:
        return "外部编号不能是身份证号码或手机号码：编号不加密。请改用与个人信息无关的编号。"
    application = ours.get(person.external_id)
    if application is None:
        return "没有与此编号和审核摘要相符的申请。" if person.approved_sha256 else ""
    if application.status not in _REVIEWED or person.approved_sha256 != application.approved_sha256:
        return "此编号的申请尚未审核通过，或推送内容与审核通过的内容不一致。"
    return "" if person == _person(application) else "推送内容与审核通过的内容不一致。"


def _refused(person: PushedPerson, detail: str) -> Confirmation:
    return Confirmation(person.external_id, Outcome.REFUSED, "", detail)


def _receipt(
    services: Services, uow: UnitOfWork, actor: Actor, answers: Sequence[Confirmation], sha256: str
) -> Receipt:
    earlier = uow.receipts.find(directory=actor.login, sha256=sha256)
    if earlier:
        return earlier[0]
    numbers = Counter(answer.outcome for answer in answers)
    made = Receipt(
        id=services.new_id("R"),
        directory=actor.login,
        sha256=sha256,
        received_at=services.clock(),
        registered=numbers[Outcome.REGISTERED],
        unchanged=numbers[Outcome.UNCHANGED],
        refused=numbers[Outcome.REFUSED],
    )
    uow.receipts.add(made)
    detail: dict[str, str | int] = {"sha256": sha256, "registered": made.registered, "refused": made.refused}
    uow.audit.append(actor, Tag.PUSH_RECEIVED, made.id, unit=actor.unit_code, detail=detail)
    return made


def receipt(services: Services, actor: Actor, receipt_id: str) -> Receipt:
    """The receipt of an earlier push of this directory; raise NotFound, also for another's."""
    with services.read() as uow:
        authorise(actor, Action.REGISTRATION_PUSH, lineage=uow.units.lineage(actor.unit_code))
        found = uow.receipts.get(receipt_id)
    if found.directory != actor.login:
        raise NotFound(f"没有找到推送回执：{receipt_id}")
    return found


def due(services: Services, *, limit: int) -> Sequence[PushedPerson]:
    """Approved applications that the CA has not confirmed yet, as persons; what was approved is what is pushed.

    One whose content, scan or unit is no longer what was approved is not pushed: it goes back to the centre's review.
    A successor whose predecessor still has the place is taken in with the hand-over.
    """
    with services.read() as uow:
        later = waiting(uow)
        found = uow.applications.find(status=ApplicationStatus.APPROVED, limit=limit + len(later))
        approved = [application for application in found if application.id not in later][:limit]
        seen = {own: now.sha256() for own, now in shown(uow, approved).items()}
    changed = [a for a in approved if seen[a.id] != a.approved_sha256]
    if changed:
        with services.begin() as uow:
            reopen(services, uow, _PUSH, changed)
    return [_person(application) for application in approved if application not in changed]


def take_in(services: Services, uow: UnitOfWork, actor: Actor, application: Application) -> None:
    """Register an approved person inside a running transaction, as a push would; raise Conflict where that is refused.

    The caller has asked that the application still is what was approved.
    """
    person = _person(application)
    sorter = _Sorter(services, uow, [person])
    answer = sorter.sort(person)
    if answer.outcome is Outcome.REFUSED:
        raise Conflict(answer.detail)
    _register(uow, actor, sorter.new)
    _confirm(services, uow, actor, application, uow.units.get(application.unit_code).name)


def reopen(services: Services, uow: UnitOfWork, actor: Actor, changed: Sequence[Application]) -> None:
    """Send applications back to the centre's review that are no longer what was approved."""
    reason = "内容、扫描件或所属单位与审核通过时不一致，请重新审核；不是有意更改的，请先联系安全管理员。"
    for application in changed:
        status = APPLICATION.after(application.status, ApplicationEvent.REOPEN)
        uow.applications.change(
            application, status=status, at_unit=CENTRE_CODE, reason=reason, approved_sha256="", approved_path=""
        )
        detail = {"approved": application.approved_sha256}
        uow.audit.append(actor, Tag.APPLICATION_REOPENED, application.id, unit=application.unit_code, detail=detail)
    acts = [Act(a.id, ApplicationEvent.REOPEN, a.at_unit, CENTRE_CODE, reason) for a in changed]
    record(services, uow, actor, acts)


def _person(application: Application) -> PushedPerson:
    return PushedPerson(
        external_id=application.id,
        unit_code=application.unit_code,
        name=application.name,
        user_type=application.user_type,
        contact=application.contact,
        approved_sha256=application.approved_sha256,
    )


def record_confirmations(services: Services, actor: Actor, answers: Sequence[Confirmation]) -> int:
    """Note the CA's confirmations on the applications; return how many were new. Raises Conflict on a refusal."""
    refused = [answer for answer in answers if answer.outcome is Outcome.REFUSED]
    accepted = {answer.external_id for answer in answers} - {answer.external_id for answer in refused}
    with services.begin() as uow:
        waiting = uow.applications.find(id=accepted, status=ApplicationStatus.APPROVED)
        names = {unit.code: unit.name for unit in uow.units.find(code={a.unit_code for a in waiting})}
        for application in waiting:
            _confirm(services, uow, actor, application, names[application.unit_code])
    if refused:
        raise Conflict(f"CA 拒绝了 {len(refused)} 条推送。第一条 {refused[0].external_id}：{refused[0].detail}")
    return len(waiting)


def _confirm(services: Services, uow: UnitOfWork, actor: Actor, application: Application, unit_name: str) -> None:
    uow.applications.change(application, status=APPLICATION.after(application.status, ApplicationEvent.CONFIRM))
    letter = notices.registered(application.contact.email, unit_name)
    notify(services, uow, letter, unit=application.unit_code)
    uow.audit.append(actor, Tag.APPLICATION_CONFIRMED, application.id, unit=application.unit_code)
