"""What became of an approved person's unit since: renamed, or merged into another one, each by two administrators.

Such an act approves the new name for all people of the unit, so their next certificate needs no form of their own. What
is believed is the record of the cases, never the unit's row alone: a name that no case explains is not certified.
"""

from collections.abc import Mapping

from ca_service.domain.changes import Particular
from ca_service.domain.holders import Holder
from ca_service.domain.unit_cases import Effect, UnitAct, UnitCase, UnitCaseStatus, UnitEvent, UnitEventKind
from ca_service.workflows.ports import UnitOfWork

_P = Particular


def carried_on(uow: UnitOfWork, approved: Mapping[str, str], holder: Holder) -> Mapping[str, str]:
    """The approved facts with unit and name as decided cases have made them; unchanged where no case explains it."""
    code, name = approved[_P.UNIT], approved[_P.UNIT_NAME]
    moved = _after_merges(uow, holder, code)
    name = _name_now(uow, moved) if moved != code else _after_renamings(uow, code, name)
    return {**approved, _P.UNIT: moved, _P.UNIT_NAME: name or approved[_P.UNIT_NAME]}


def merged_from(uow: UnitOfWork, holder: Holder) -> list[str]:
    """The units from which merges brought this person, latest first."""
    return [case.unit_code for case in reversed(_merges_of(uow, holder))]


def _after_merges(uow: UnitOfWork, holder: Holder, code: str) -> str:
    for case in _merges_of(uow, holder):
        if case.unit_code == code:
            code = case.target_code
    return code


def _merges_of(uow: UnitOfWork, holder: Holder) -> list[UnitCase]:
    """The merges that carried the person along, in order."""
    steps = uow.unit_steps.find(effect=Effect.HOLDER_MOVED, subject=holder.id)
    cases = uow.unit_cases.find(id=[step.case_id for step in steps], act=UnitAct.MERGE, order="decided_at")
    to = {step.case_id: step.to for step in steps}
    return [case for case in cases if _was_decided(case) and case.target_code == to[case.id]]


def _after_renamings(uow: UnitOfWork, code: str, name: str) -> str:
    for event in _renamings(uow, code):
        if event.before.get("name") == name:
            name = event.after["name"]
    return name


def _name_now(uow: UnitOfWork, code: str) -> str:
    """The unit's name by its own history; empty where that does not begin with a registration."""
    first = uow.unit_events.find(unit_code=code, kind=UnitEventKind.REGISTERED)
    name = first[0].after.get("name", "") if first else ""
    return _after_renamings(uow, code, name) if name else ""


def _renamings(uow: UnitOfWork, code: str) -> list[UnitEvent]:
    events = uow.unit_events.find(unit_code=code, kind=UnitEventKind.RENAMED, order="seq")
    found = uow.unit_cases.find(id=[event.case_id for event in events], act=UnitAct.RENAME)
    cases = {case.id: case for case in found if _was_decided(case)}
    return [e for e in events if e.case_id in cases and cases[e.case_id].name.strip() == e.after.get("name")]


def _was_decided(case: UnitCase) -> bool:
    return case.status is UnitCaseStatus.DONE and bool(case.decided_by) and case.decided_by != case.proposed_by
