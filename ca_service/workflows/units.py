"""Units: registered from a file or one by one, corrected; the leagues and banners of the region come with the service.

A new or corrected unit touches nobody's certificate or token, so one person may do it; what does is in unit_cases.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ca_service.domain.areas import banners, leagues
from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.unit_cases import UnitEvent, UnitEventKind, differences
from ca_service.domain.units import CENTRE_CODE, Unit, UnitError, UnitFault, UnitKind, validate_unit
from ca_service.intake.errors import SheetError
from ca_service.intake.sheet import SheetLimits
from ca_service.intake.unit_file import UnitFile, UnitRowError, read_units
from ca_service.workflows.open_units import ended, require_open
from ca_service.workflows.ports import Services, UnitOfWork


def region(centre_name: str) -> Sequence[Unit]:
    """The centre and the bureaus of all leagues and banners, parents first; codes are GB/T 2260."""
    units = [Unit(CENTRE_CODE, centre_name, UnitKind.CENTRE, None, CENTRE_CODE)]
    for league in leagues():
        units.append(Unit(league.code, f"{league.name}教育局", UnitKind.LEAGUE, CENTRE_CODE, league.code))
        for banner in banners(league.code):
            # Banner names repeat between leagues (郊区 and the like), so the league leads.
            name = f"{league.name}{banner.name}教育局"
            units.append(Unit(banner.code, name, UnitKind.BANNER, league.code, banner.code))
    return units


class ImportMode(StrEnum):
    """What an import of units does about bad rows."""

    CHECK = "check"
    ALL_OR_NOTHING = "all-or-nothing"
    GOOD_ROWS = "good-rows"


@dataclass(frozen=True)
class UnitReport:
    """What an import did: units read without fault, how many of them were new, and the rows that are not taken."""

    read: int
    added: int
    errors: Sequence[UnitRowError] = ()


def import_units(
    services: Services, actor: Actor, data: bytes, *, filename: str, mode: ImportMode = ImportMode.ALL_OR_NOTHING
) -> UnitReport:
    """Register the units of a file that are new; CHECK stores nothing and counts those it would.

    Raises Invalid where the file cannot be read, and for ALL_OR_NOTHING naming the first bad row.
    """
    with services.begin() as uow:
        authorise(actor, Action.UNITS_IMPORT, lineage=uow.units.lineage(actor.unit_code))
        known = {unit.code: unit for unit in uow.units.find()}
        file = _read(data, filename, known)
        clashes = _clashes(file, known)
        errors = sorted([*file.errors, *clashes], key=lambda error: error.row)
        if errors and mode is ImportMode.ALL_OR_NOTHING:
            first = errors[0]
            where = f"单位文件中有 {len(errors)} 行不能登记，未作任何更改。第 {first.row} 行（{first.code}）"
            raise Invalid(f"{where}：{first.reason}。{first.mend}")
        new = [unit for unit in file.units if unit.code not in known]
        if mode is not ImportMode.CHECK:
            require_open(uow, {unit.parent_code for unit in new if unit.parent_code in known})
            register(uow, actor, new, at=services.clock(), ground=f"文件导入：{filename[:100]}")
            uow.audit.append(
                actor, Tag.UNITS_IMPORTED, actor.unit_code, unit=actor.unit_code, detail={"added": len(new)}
            )
    return UnitReport(len(file.units) - len(clashes), len(new), errors)


def _read(data: bytes, filename: str, known: Mapping[str, Unit]) -> UnitFile:
    still_there = {code: unit for code, unit in known.items() if unit.is_open}
    try:
        return read_units(data, filename=filename, limits=SheetLimits(), existing=still_there.get)
    except SheetError as error:
        raise Invalid(str(error)) from error


def _clashes(file: UnitFile, known: Mapping[str, Unit]) -> Sequence[UnitRowError]:
    """Rows whose code is registered with other contents: an import adds units and changes none."""
    clashes = []
    for unit in file.units:
        present = known.get(unit.code)
        if present is None or replace(unit, credit_code=unit.credit_code or present.credit_code) == present:
            continue
        reason = ended(present) if not present.is_open else f"此代码已登记为“{present.name}”，与文件中的内容不一致"
        mend = "导入只登记新单位；更名、调整上级、合并、撤销请在单位页面办理，其余内容请用“更正”"
        clashes.append(UnitRowError(file.rows[unit.code], unit.code, UnitFault.DUPLICATE, reason.rstrip("。"), mend))
    return clashes


def create_unit(services: Services, actor: Actor, unit: Unit, *, ground: str) -> Unit:
    """Register one unit below an open one. `ground` is the document it rests on. Raises Invalid, Conflict, NotFound."""
    ground = require_ground(ground)
    with services.begin() as uow:
        authorise(actor, Action.UNITS_IMPORT, lineage=uow.units.lineage(unit.parent_code or actor.unit_code))
        if uow.units.find(code=unit.code):
            raise Conflict(f"单位代码 {unit.code} 已登记过；代码不得重复使用，恢复原单位请在其页面办理。")
        parent = require_open(uow, [unit.parent_code])[unit.parent_code] if unit.parent_code else None
        check(unit, parent)
        register(uow, actor, [unit], at=services.clock(), ground=ground)
        uow.audit.append(actor, Tag.UNIT_REGISTERED, unit.code, unit=unit.code, detail={"ground": ground})
    return unit


@dataclass(frozen=True)
class Correction:
    """The facts that may be put right without touching anybody; empty: none."""

    school_type: str
    credit_code: str


def correct_unit(services: Services, actor: Actor, code: str, correction: Correction, *, ground: str) -> Unit:
    """Put the 办学类型 or 统一社会信用代码 of an open unit right; the history keeps what it was."""
    ground = require_ground(ground)
    with services.begin() as uow:
        authorise(actor, Action.UNITS_IMPORT, lineage=uow.units.lineage(code))
        before = require_open(uow, [code])[code]
        school_type, credit_code = correction.school_type or None, correction.credit_code or None
        after = replace(before, school_type=school_type, credit_code=credit_code)
        check(after, uow.units.get(before.parent_code) if before.parent_code else None)
        if after == before:
            raise Invalid("内容没有变化，未作任何更改。")
        guard = ("school_type", "credit_code")
        uow.units.change(before, guard=guard, school_type=school_type, credit_code=credit_code)
        record(uow, actor, UnitEventKind.CORRECTED, (before, after), at=services.clock(), ground=ground)
        uow.audit.append(actor, Tag.UNIT_CORRECTED, code, unit=code, detail={"ground": ground})
    return after


def check(unit: Unit, parent: Unit | None) -> None:
    """Raise Invalid at the first rule that the unit breaks below this parent."""
    try:
        validate_unit(unit, parent)
    except UnitError as error:
        raise Invalid(f"{error.reason}。{error.mend}。") from error


def require_ground(text: str) -> str:
    """The document or decision that an act on a unit rests on, 1 to 300 characters; raise Invalid."""
    ground = text.strip()
    if not 1 <= len(ground) <= 300:
        raise Invalid("请填写依据（批准文件名称、文号或情况说明，最多 300 个字）。")
    return ground


def register(uow: UnitOfWork, actor: Actor, units: Sequence[Unit], *, at: datetime, ground: str) -> None:
    """Store new units, parents first, with the first line of their history."""
    uow.units.add_all(units)
    first = UnitEventKind.REGISTERED
    uow.unit_events.add_all(
        UnitEvent(unit.code, 1, first, {}, _facts(unit), actor.login, "", ground, at) for unit in units
    )


def _facts(unit: Unit) -> Mapping[str, str]:
    names = ("name", "kind", "parent_code", "area_code", "school_type", "credit_code")
    return {name: str(value) for name in names if (value := getattr(unit, name))}


def record(
    uow: UnitOfWork,
    actor: Actor,
    kind: UnitEventKind,
    states: tuple[Unit, Unit],
    *,
    at: datetime,
    ground: str,
    proposed_by: str = "",
    case_id: str = "",
) -> None:
    """Append a line to a unit's history: what it was and what it is. With `proposed_by` the actor confirmed."""
    before, after = differences(*states)
    code = states[1].code
    seq = uow.unit_events.count(unit_code=code) + 1
    people = (proposed_by, actor.login) if proposed_by else (actor.login, "")
    uow.unit_events.add(UnitEvent(code, seq, kind, before, after, *people, ground, at, case_id))
