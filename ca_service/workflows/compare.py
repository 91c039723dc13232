"""Good rows against what is registered: new, there already, without a place, or a person who stands elsewhere too.

Looks up what the rows name, some hundreds at a time: the cost follows the sheet, not the register.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ca_service.domain.applications import LIVE, Application
from ca_service.domain.holders import HolderStatus
from ca_service.domain.person_text import mask_id
from ca_service.domain.persons import UserType
from ca_service.intake.columns import Column
from ca_service.intake.report import CellError, CellWarning
from ca_service.intake.rows import RegistrationRow
from ca_service.workflows.places import occupants
from ca_service.workflows.ports import Services, UnitOfWork

_AT_A_TIME = 500


@dataclass(slots=True)
class Compared:
    """The rows by what becomes of them. A row in `shared` is in `new` too: the reviewer judges of both sides."""

    new: list[RegistrationRow] = field(default_factory=list)
    already_there: list[int] = field(default_factory=list)
    refused: list[CellError] = field(default_factory=list)
    shared: list[CellWarning] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Context:
    """Which sheet the rows come from.

    `batch_id` is the batch of this very sheet, if it was taken before: its rows are never taken twice, returned ones
    are submitted again or mended. Units outside the subtree of `scope` are not named to the uploader.
    """

    scope: str
    letters: Mapping[Column, str]
    batch_id: str | None = None


def compare(services: Services, uow: UnitOfWork, rows: Sequence[RegistrationRow], context: Context) -> Compared:
    """Compare in row order; an earlier row of the sheet takes the unit's one place."""
    comparer = _Comparer(services, uow, context)
    if context.batch_id is not None:
        comparer.own_rows = frozenset(uow.applications.tally("row_number", batch_id=context.batch_id))
    for start in range(0, len(rows), _AT_A_TIME):
        comparer.compare(rows[start : start + _AT_A_TIME])
    return comparer.result


@dataclass(slots=True)
class _Comparer:
    services: Services
    uow: UnitOfWork
    context: Context
    own_rows: frozenset[int] = frozenset()
    places: dict[str, int] = field(default_factory=dict)
    identities: set[tuple[str, str, str]] = field(default_factory=set)
    result: Compared = field(default_factory=Compared)

    def compare(self, rows: Sequence[RegistrationRow]) -> None:
        """One piece of the sheet with one query of each kind; places taken by earlier pieces count."""
        hashes = {row.row: self.services.keyed_hash(row.id_number.value) for row in rows}
        elsewhere = _Elsewhere.look_up(self.uow, set(hashes.values()), self.context.scope)
        places = occupants(self.uow, sorted({row.unit.code for row in rows if _needs_place(row)}), applying=True)
        for row in rows:
            number = hashes[row.row]
            identity = (row.unit.code, row.user_type.value, number)
            if row.row in self.own_rows or elsewhere.has(identity) or identity in self.identities:
                self.result.already_there.append(row.row)
            elif _needs_place(row) and (row.unit.code in places or row.unit.code in self.places):
                self.result.refused.append(self._place_taken(row, places))
            else:
                self._take(row, identity, elsewhere.told(number))

    def _take(self, row: RegistrationRow, identity: tuple[str, str, str], told: str) -> None:
        self.result.new.append(row)
        self.identities.add(identity)
        if _needs_place(row):
            self.places[row.unit.code] = row.row
        if told:
            found, letter = mask_id(row.id_number.value), self.context.letters.get(Column.ID_NUMBER, "")
            self.result.shared.append(CellWarning(row.row, letter, Column.ID_NUMBER.value, found, told))

    def _place_taken(self, row: RegistrationRow, places: Mapping[str, str]) -> CellError:
        if row.unit.code in places:
            by, mend = f"申请 {places[row.unit.code]}", "请先为原信息管理员办理交接、停用或变更，再提交新的申请"
        else:
            by, mend = f"本表第 {self.places[row.unit.code]} 行", "请核对后只保留一名信息管理员"
        why = f"该单位只能有一名信息管理员，已有一名在办或在用（{by}）"
        letter = self.context.letters.get(Column.UNIT, "")
        return CellError(row.row, letter, Column.UNIT.value, row.unit.name, why, mend)


def _needs_place(row: RegistrationRow) -> bool:
    return row.user_type is UserType.INFORMATION and row.unit.kind.max_information_administrators is not None


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """Where some persons, named by the keyed hash of their ID number, stand already."""

    live: Mapping[str, Sequence[Application]]
    pushed: Mapping[str, str]
    inside: Mapping[str, str]

    @classmethod
    def look_up(cls, uow: UnitOfWork, hashes: set[str], scope: str) -> "_Elsewhere":
        """`scope` is the unit of the uploader: names of units outside it are not told."""
        live = uow.applications.find(id_number_hash=hashes, status=LIVE)
        known = {application.id for application in live}
        holders = uow.holders.find(id_number_hash=hashes, status=HolderStatus.ACTIVE)
        pushed = {holder.id_number_hash: holder.id for holder in holders if holder.external_id not in known}
        units = uow.units.with_codes([application.unit_code for application in live])
        lineages = uow.units.lineages(unit.code for unit in units)
        by_hash: dict[str, list[Application]] = {}
        for application in live:
            by_hash.setdefault(application.id_number_hash, []).append(application)
        return cls(by_hash, pushed, {unit.code: unit.name for unit in units if scope in lineages[unit.code]})

    def has(self, identity: tuple[str, str, str]) -> bool:
        """`identity` is unit code, user type and keyed hash of the ID number."""
        return any((a.unit_code, a.user_type, a.id_number_hash) == identity for a in self.live.get(identity[2], ()))

    def told(self, number: str) -> str:
        """What the uploader is told of a person who stands elsewhere; empty when there is nothing."""
        named = [f"{self.inside.get(a.unit_code, '管理范围外的单位')}的申请 {a.id}" for a in self.live.get(number, ())]
        if number in self.pushed:
            named.append(f"持证人 {self.pushed[number]}")
        return f"同一身份证号码另有在办或在用的登记：{'、'.join(named[:5])}；审核时将作为重复登记核实" if named else ""
