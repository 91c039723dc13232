"""The department's table of responsible persons: written for a subtree, and taken in again."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Invalid
from ca_service.domain.responsible import Duty, Entry, ResponsiblePerson
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import Unit, UnitKind, UnitStatus, normalise_unit_name
from ca_service.intake.cells import SheetLimits
from ca_service.intake.errors import SheetError
from ca_service.intake.findings import CellRefusedError
from ca_service.intake.responsible_sheet import RosterColumn, RosterRow, read_table, write_table
from ca_service.intake.rows import CellError
from ca_service.workflows.open_units import require_open
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.roster import end, free_place, version
from ca_service.workflows.unit_index import UnitIndex
from ca_service.workflows.units import ImportMode


def export_roster(services: Services, actor: Actor, *, reason: str, with_empty: bool = False) -> bytes:
    """The current lines of the actor's subtree as xlsx, unmasked: the reason is kept in the audit log.

    With `with_empty` each unit has a row for every duty that is not entered yet, to be filled in and sent back.
    """
    if not 1 <= len(reason.strip()) <= 300:
        raise Invalid("导出含个人信息，请填写用途（最多 300 个字）。")
    own = actor.unit_code
    with services.begin() as uow:
        authorise(actor, Action.ROSTER_EXPORT, lineage=uow.units.lineage(own))
        units = uow.units.find(within=own, status=UnitStatus.OPEN)
        current: dict[str, list[ResponsiblePerson]] = defaultdict(list)
        for person in uow.responsible.find(within=own, ended_at=None, order="unit_code"):
            current[person.unit_code].append(person)
        rows = [row for unit in units for row in _rows(unit, current[unit.code], with_empty=with_empty)]
        content = write_table(rows)
        digest = hashlib.sha256(content).hexdigest()
        detail: dict[str, str | int] = {"reason": reason.strip(), "rows": len(rows), "sha256": digest}
        uow.audit.append(actor, Tag.ROSTER_EXPORTED, own, unit=own, detail=detail)
    return content


def _rows(unit: Unit, people: Sequence[ResponsiblePerson], *, with_empty: bool) -> Iterator[Sequence[str]]:
    for duty in Duty:
        found = sorted((person for person in people if person.duty is duty), key=lambda person: person.place)
        for p in found:
            contact = (p.contact.office_phone, p.contact.mobile, p.contact.email)
            yield (unit.code, unit.name, duty.chinese, p.name, p.office, p.post, *contact)
        if not found and with_empty and unit.kind is not UnitKind.CENTRE:
            yield (unit.code, unit.name, duty.chinese, *[""] * 6)


@dataclass(frozen=True)
class RosterReport:
    """What an import did: lines added, changed, as they were; and every bad cell."""

    added: int
    changed: int
    unchanged: int
    bad: Sequence[CellError]


def import_roster(services: Services, actor: Actor, data: bytes, *, filename: str, mode: ImportMode) -> RosterReport:
    """Take the lines of a table for units of the actor's subtree; CHECK stores nothing and counts what it would do.

    Persons that the table does not name stay. Raises Invalid when it cannot be read at all, and for ALL_OR_NOTHING
    naming the first bad cell.
    """
    own = actor.unit_code
    with services.begin() as uow:
        authorise(actor, Action.ROSTER_EDIT, lineage=uow.units.lineage(own))
        finder = _Finder(UnitIndex(uow.units.find(within=own)))
        try:
            good, bad = read_table(data, filename=filename, limits=SheetLimits(), find=finder)
        except SheetError as error:
            raise Invalid(str(error)) from error
        sorter = _Sorter(services, uow, actor)
        for row in good:
            sorter.take(row)
        every = sorted([*bad, *sorter.refused], key=lambda cell: cell.row)
        if every and mode is ImportMode.ALL_OR_NOTHING:
            first = every[0]
            where = f"第 {first.row} 行 {first.letter} 列（{first.heading}）"
            raise Invalid(f"表格中有 {len(every)} 处错误，未作任何更改。第一处：{where}：{first.why}。{first.mend}")
        if mode is not ImportMode.CHECK:
            sorter.store(sha256=hashlib.sha256(data).hexdigest())
    return RosterReport(len(sorter.new) - len(sorter.old), len(sorter.old), sorter.unchanged, every)


@dataclass(frozen=True)
class _Finder:
    index: UnitIndex

    def __call__(self, code: str, name: str) -> Unit:
        fits = [unit for unit in [self.index.by_code(code)] if unit] if code else self.index.by_name(name)
        if not fits:
            raise CellRefusedError("没有这个单位，或不在您的管理范围内", "请填写本单位或下级单位的代码或全称")
        if len(fits) > 1:
            raise CellRefusedError(f"有 {len(fits)} 个单位叫这个名称", "请填写单位代码")
        if code and name and normalise_unit_name(fits[0].name) != normalise_unit_name(name):
            raise CellRefusedError(f"该代码的单位是“{fits[0].name}”，与所填名称不一致", "请核对单位代码和名称")
        return fits[0]


@dataclass
class _Sorter:
    """Compares rows with what is current: new, changed, the same, or one too many."""

    services: Services
    uow: UnitOfWork
    actor: Actor
    new: list[ResponsiblePerson] = field(default_factory=list)
    old: list[ResponsiblePerson] = field(default_factory=list)
    refused: list[CellError] = field(default_factory=list)
    unchanged: int = 0

    def __post_init__(self) -> None:
        self._current: dict[str, list[ResponsiblePerson]] = defaultdict(list)
        for person in self.uow.responsible.find(within=self.actor.unit_code, ended_at=None):
            self._current[person.unit_code].append(person)
        self._seen: dict[tuple[str, Duty, str], int] = {}

    def take(self, row: RosterRow) -> None:
        """Note what becomes of a row."""
        unit, entry = row.unit, row.entry
        single = entry.duty.most(unit.kind) == 1
        key = (unit.code, entry.duty, "" if single else entry.name)
        if key in self._seen:
            self._refuse(row, f"该单位的{entry.duty.chinese}在表中重复（另见第 {self._seen[key]} 行）", "请只保留一行")
            return
        self._seen[key] = row.row
        present = self._present(unit, entry, single=single)
        if present is not None and entry.equals(present):
            self.unchanged += 1
            return
        try:
            place = present.place if present else free_place(unit, entry, self._current[unit.code])
        except Invalid as error:
            self._refuse(row, error.detail.rstrip("。"), "请在系统中更改或移出原有的一条")
            return
        person = version(self.services, self.actor, unit.code, entry, place=place)
        self.new.append(person)
        self._current[unit.code].append(person)
        if present is not None:
            self.old.append(present)

    def _present(self, unit: Unit, entry: Entry, *, single: bool) -> ResponsiblePerson | None:
        for person in self._current[unit.code]:
            if person.duty is entry.duty and (single or person.name == entry.name):
                return person
        return None

    def _refuse(self, row: RosterRow, why: str, mend: str) -> None:
        heading = RosterColumn.DUTY.value
        self.refused.append(CellError(row.row, "", heading, row.entry.duty.chinese, why, mend))

    def store(self, *, sha256: str) -> None:
        """End what was replaced and add what is new, with one audit entry."""
        require_open(self.uow, {person.unit_code for person in self.new})
        now = self.services.clock()
        for person in self.old:
            end(self.uow, self.actor, person, at=now)
        self.uow.responsible.add_all(self.new)
        own = self.actor.unit_code
        detail: dict[str, str | int] = {"lines": len(self.new), "replaced": len(self.old), "sha256": sha256}
        self.uow.audit.append(self.actor, Tag.ROSTER_IMPORTED, own, unit=own, detail=detail)
