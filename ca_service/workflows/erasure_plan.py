"""What erasing a person means: the rows and documents that go, what stays for others' sake, what forbids it.

A person is whoever has one ID number. Who was registered twice is erased under both identifiers or not at all: the
keyed hash of the number would else still lead from one to the other.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ca_service.clock import SHANGHAI
from ca_service.domain.applications import Application, ApplicationStatus
from ca_service.domain.certificates import Certificate
from ca_service.domain.changes import UNDER_WAY, Change, ChangeStatus
from ca_service.domain.conflicts import ConflictStatus
from ca_service.domain.erasures import (
    ErasurePlan,
    ErasureStatus,
    Hindrance,
    Obstacle,
    PersonPlan,
    Remainder,
    Remains,
    Traces,
)
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.orders import OrderStatus
from ca_service.domain.responsible import ResponsiblePerson
from ca_service.domain.retention import kept_until, lapsed_at
from ca_service.domain.transfers import OPEN as OPEN_TRANSFER
from ca_service.workflows.ports import Services, UnitOfWork

_AT_WORK = (ApplicationStatus.SUBMITTED, ApplicationStatus.APPROVED)
_UNDECIDED = (*UNDER_WAY, ChangeStatus.RETURNED)
_SHORT = 16
_ADDRESSES = ("mobile", "email", "office_phone")


@dataclass(frozen=True)
class Person:
    """Everything that is on record about one person. `until`: kept until then; None while an account is in use."""

    holders: Sequence[Holder]
    applications: Sequence[Application]
    changes: Sequence[Change]
    certificates: Sequence[Certificate]
    until: datetime | None

    @property
    def _entries(self) -> Sequence[Holder | Application]:
        return [*self.holders, *self.applications]

    @property
    def ids(self) -> list[str]:
        """The identifiers."""
        return [holder.id for holder in self.holders]

    @property
    def keys(self) -> list[str]:
        """Those of the person and of the applications."""
        return [*self.ids, *(application.id for application in self.applications)]

    @property
    def units(self) -> set[str]:
        """Every unit that the person was ever of, as far as records say."""
        named = {one.unit_code for one in (*self._entries, *self.changes)}
        return named | {certificate.unit_code for certificate in self.certificates}

    @property
    def names(self) -> set[str]:
        """Every name that the person had."""
        papers = [paper for change in self.changes if (paper := change.paper)]
        texts = [text for paper in papers for facts in (paper.before, paper.after) if (text := facts.get("name"))]
        return {*(one.name for one in self._entries), *texts}

    @property
    def addresses(self) -> set[str]:
        """Every telephone number and e-mail address."""
        contacts = [vars(one.contact) for one in self._entries]
        papers = [paper for change in self.changes if (paper := change.paper)]
        facts = [*contacts, *(paper.before for paper in papers), *(paper.after for paper in papers)]
        return {text for one in facts for name in _ADDRESSES if (text := one.get(name))}


def person_of(uow: UnitOfWork, holder: Holder) -> Person:
    """All that is on record about the person behind an identifier."""
    holders = [holder]
    applications: dict[str, Application] = {}
    if holder.status is not HolderStatus.ERASED:
        holders = list(uow.holders.find(id_number_hash=holder.id_number_hash))
        applications |= {a.id: a for a in uow.applications.find(id_number_hash=holder.id_number_hash)}
        applications |= {a.id: a for a in uow.applications.find(id=[one.external_id for one in holders])}
    ids = [one.id for one in holders]
    certificates = uow.certificates.find(holder_id=ids)
    ends = [kept_until(one, [c for c in certificates if c.holder_id == one.id]) for one in holders]
    until = None if None in ends else max(end for end in ends if end)
    return Person(holders, list(applications.values()), uow.changes.find(holder_id=ids), certificates, until)


def plan_erasure(services: Services, uow: UnitOfWork, holders: Iterable[Holder]) -> ErasurePlan:
    """The plan for these holders; one person of several identifiers stands in it once."""
    people: list[Person] = []
    for holder in sorted(holders, key=lambda one: one.id):
        if not any(holder.id in person.ids for person in people):
            people.append(person_of(uow, holder))
    # Papers about several persons of one case go with it, whoever of them comes first.
    going = frozenset(key for person in people for key in person.keys)
    collected = [_Collected(uow, person, going).all() for person in people]
    together = Traces.together(traces for traces, _ in collected)
    rows = uow.erasing.rows
    shared = frozenset(rows.named(rows.documents(together), besides=together))
    return ErasurePlan(
        [
            _plan(services, uow, person, traces, remainders, shared=shared)
            for person, (traces, remainders) in zip(people, collected, strict=True)
        ]
    )


def _plan(
    services: Services,
    uow: UnitOfWork,
    person: Person,
    traces: Traces,
    remainders: Sequence[Remainder],
    *,
    shared: frozenset[str],
) -> PersonPlan:
    """`shared` are the documents that somebody's record outside the case names too."""
    documents, first = set(uow.erasing.rows.documents(traces)), person.holders[0]
    stay = [Remainder(Remains.SHARED_DOCUMENT, name[:_SHORT]) for name in sorted(documents & shared)]
    return PersonPlan(
        first.id, first.unit_code, person.until, traces, sorted(documents - shared), [*remainders, *stay],
        list(_hindrances(services, uow, person)),
    )  # fmt: skip


class _Collected:
    """The keys of the rows that go, and what cannot go yet."""

    def __init__(self, uow: UnitOfWork, person: Person, going: frozenset[str]) -> None:
        self._uow, self._person, self._going = uow, person, going
        self._remainders: list[Remainder] = []

    def all(self) -> tuple[Traces, list[Remainder]]:
        person = self._person
        traces = Traces(
            holders=tuple(sorted(person.ids)),
            applications=tuple(sorted(application.id for application in person.applications)),
            batches=tuple(self._batches()),
            changes=tuple(sorted(change.id for change in person.changes)),
            media=tuple(self._media()),
            certificates=tuple(sorted(certificate.serial for certificate in person.certificates)),
            sheets=tuple(self._sheets()),
            messages=tuple(self._messages()),
            roster=tuple(self._roster()),
        )
        self._staff()
        self._audit_texts(traces)
        return traces, self._remainders

    def _batches(self) -> Iterator[str]:
        """Papers about several persons go with the last of them."""
        for batch in sorted({application.batch_id for application in self._person.applications}):
            others = [a for a in self._uow.applications.find(batch_id=batch) if not self._is_gone(a)]
            if others:
                self._stays(Remains.SHARED_BATCH, batch, self._holders_of(others))
            else:
                yield batch

    def _is_gone(self, application: Application) -> bool:
        return application.id in self._going or application.id_number_hash == application.id

    def _holders_of(self, applications: Sequence[Application]) -> list[Holder]:
        """Those behind the applications; none, where one of them never became a person here."""
        hashes = {application.id_number_hash for application in applications}
        found = [h for start in _pieces(sorted(hashes)) for h in self._uow.holders.find(id_number_hash=start)]
        return found if {holder.id_number_hash for holder in found} == hashes else []

    def _sheets(self) -> Iterator[str]:
        rows = self._uow.hand_overs.find(holder_id=self._person.ids)
        for sheet in sorted({row.sheet_id for row in rows if row.sheet_id}):
            ids = {row.holder_id for row in self._uow.hand_overs.find(sheet_id=sheet)} - self._going
            others = [h for h in self._uow.holders.find(id=sorted(ids)) if h.status is not HolderStatus.ERASED]
            if others:
                self._stays(Remains.SHARED_SHEET, sheet, others)
            else:
                yield sheet

    def _media(self) -> list[str]:
        """Every token that the person ever had, or was promised."""
        rows = self._uow.hand_overs.find(holder_id=self._person.ids)
        return sorted({row.serial for row in rows})

    def _stays(self, why: Remains, what: str, others: Sequence[Holder]) -> None:
        """Until the last of the others may go; not known while one of them is in use, or was never registered."""
        found = [h.id for h in others]
        certificates = [c for ids in _pieces(found) for c in self._uow.certificates.find(holder_id=ids)]
        ends = [kept_until(h, [c for c in certificates if c.holder_id == h.id]) for h in others]
        until = max((end for end in ends if end), default=None) if None not in ends else None
        self._remainders.append(Remainder(why, what, until))

    def _messages(self) -> list[str]:
        """Messages to the person, found by where they went: they are sealed, and name nobody."""
        units, addresses = sorted(self._person.units), self._person.addresses
        shared = addresses & self._addresses_of_others(units)
        messages = [message for code in units for message in self._uow.messages.find(unit_code=code)]
        kept = [message.id for message in messages if message.letter.to in shared]
        if kept:
            self._remainders.append(Remainder(Remains.SHARED_ADDRESS, str(len(kept))))
        return sorted(message.id for message in messages if message.letter.to in addresses - shared)

    def _addresses_of_others(self, units: Sequence[str]) -> set[str]:
        holders = [h for h in self._uow.holders.find(unit_code=units) if h.status is not HolderStatus.ERASED]
        others: list[Holder | Application] = [*holders]
        others += self._uow.applications.find(unit_code=units, status=_AT_WORK)
        return {
            getattr(one.contact, name) for one in others if one.id not in self._going for name in ("mobile", "email")
        }

    def _roster(self) -> Iterator[str]:
        """Lines of the roster of responsible persons that have ended; one that stands is a matter of its own."""
        for line in self._uow.responsible.find(unit_code=sorted(self._person.units)):
            if not self._is_of(line):
                continue
            if line.ended_at is None:
                self._remainders.append(Remainder(Remains.ROSTER, line.id))
            else:
                yield line.id

    def _is_of(self, line: ResponsiblePerson) -> bool:
        reached = {line.contact.mobile, line.contact.email}
        return line.name in self._person.names and bool(reached & self._person.addresses)

    def _staff(self) -> None:
        hashes = {holder.id_number_hash for holder in self._person.holders}
        for account in self._uow.staff.find(person_hash=sorted(hashes)):
            self._remainders.append(Remainder(Remains.STAFF_ACCOUNT, account.login))

    def _audit_texts(self, traces: Traces) -> None:
        subjects = [key for keys in traces.named().values() for key in keys]
        found = self._uow.erasing.rows.mentions(subjects, self._person.names)
        self._remainders += [Remainder(Remains.AUDIT_TEXT, str(seq)) for seq in found]


def _hindrances(services: Services, uow: UnitOfWork, person: Person) -> Iterator[Hindrance]:
    who = person.ids[0]
    if person.holders[0].status is HolderStatus.ERASED:
        yield Hindrance(Obstacle.ERASED, f"{who} 的档案已经清除。")
        return
    yield from _too_early(services.clock(), person)
    ids, applications = person.ids, [application.id for application in person.applications]
    for hold in uow.erasing.holds.find(holder_id=ids, lifted_at=None):
        yield Hindrance(Obstacle.HELD, f"{hold.holder_id} 的档案被要求保留（{hold.id}：{hold.reason}），须先解除。")
    for application in person.applications:
        if application.status in _AT_WORK:
            yield Hindrance(Obstacle.APPLICATION, f"{who} 另有申请 {application.id} 在办，请先办结。")
    for change in person.changes:
        if change.status in _UNDECIDED:
            yield Hindrance(Obstacle.CHANGE, f"{who} 有变更申请 {change.id} 未办结，请先办结或不同意。")
    cases = [*uow.conflicts.find(first_id=applications), *uow.conflicts.find(second_id=applications)]
    for case in cases:
        if case.status is ConflictStatus.UNDECIDED:
            yield Hindrance(Obstacle.CONFLICT, f"{who} 有重复登记 {case.id} 待处理，请先处理。")
    for transfer in uow.transfers.find(holder_id=ids, status=OPEN_TRANSFER):
        yield Hindrance(Obstacle.TRANSFER, f"{who} 的交接 {transfer.id} 未办结，请先办结或终止。")
    serials = [certificate.serial for certificate in person.certificates]
    for order in uow.orders.find(serial=serials, status=OrderStatus.OPEN):
        yield Hindrance(Obstacle.ORDER, f"{who} 的应急处置 {order.id} 待复核，请先复核。")


def _too_early(now: datetime, person: Person) -> Iterator[Hindrance]:
    who, live = person.ids[0], [c for c in person.certificates if lapsed_at(c) > now]
    if person.until is None:
        used = next(holder.id for holder in person.holders if holder.status is HolderStatus.ACTIVE)
        yield Hindrance(Obstacle.IN_USE, f"{used} 的账号还在使用，须先停用；停用后按最后一张证书计算保存期。")
    if live:
        yield Hindrance(Obstacle.LIVE_CERTIFICATE, f"{who} 的证书 {live[0].serial} 尚未失效，保存期还没有开始。")
    if person.until is not None and person.until > now:
        day = person.until.astimezone(SHANGHAI)
        text = f"{who} 的档案须保存到 {day:%Y-%m-%d}（最后一张证书失效后满五年），此后才可清除。"
        yield Hindrance(Obstacle.TOO_EARLY, text)


def refuse_second_case(uow: UnitOfWork, plan: ErasurePlan) -> Iterator[Hindrance]:
    """That a person stands in another case which is not decided yet."""
    for line in uow.erasing.lines.find(holder_id=list(plan.holders), erased_at=None):
        case = uow.erasing.cases.get(line.erasure_id)
        if case.status is ErasureStatus.PROPOSED:
            yield Hindrance(Obstacle.OTHER_CASE, f"{line.holder_id} 已在档案清除 {case.id} 中，请先办结或撤回它。")


def _pieces(keys: Collection[str], size: int = 500) -> Iterator[list[str]]:
    ordered = list(keys)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]
