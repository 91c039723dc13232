"""What became of an approved person's unit since: renamed, or merged into another one, each by two administrators.

Such an act approves the new name for all people of the unit, so their next certificate needs no form of their own. What
is believed is the record of the cases, never the unit's row alone: a name that no case explains is not certified.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ca_service.domain.changes import Particular
from ca_service.domain.holders import Holder
from ca_service.domain.unit_cases import Effect, UnitAct, UnitCase, UnitCaseStatus, UnitEvent, UnitEventKind
from ca_service.workflows.ports import UnitOfWork

_P = Particular


@dataclass(frozen=True)
class Decided:
    """The decided cases that concern some persons and units, each in order: the merges that carried a person along by
    the person's id; by unit code its renamings, and the name under which it was registered."""

    merges: Mapping[str, Sequence[UnitCase]]
    renamings: Mapping[str, Sequence[UnitEvent]]
    first_names: Mapping[str, str]


def decided(uow: UnitOfWork, holders: Collection[Holder], codes: Collection[str]) -> Decided:
    """Read the cases of these persons; of these units, and of those into which the persons were carried."""
    merges = _merges(uow, [holder.id for holder in holders])
    reached = {case.target_code for cases in merges.values() for case in cases}
    events = uow.unit_events.find(
        unit_code=sorted(reached.union(codes)), kind=[UnitEventKind.RENAMED, UnitEventKind.REGISTERED], order="seq"
    )
    renamed = [event for event in events if event.kind is UnitEventKind.RENAMED]
    registered = [event for event in reversed(events) if event.kind is UnitEventKind.REGISTERED]
    first_names = {event.unit_code: event.after.get("name", "") for event in registered}
    return Decided(merges, _renamings(uow, renamed), first_names)


def carried_on(decided: Decided, approved: Mapping[str, str], holder: Holder) -> Mapping[str, str]:
    """The approved facts with unit and name as decided cases have made them; unchanged where no case explains it."""
    code, name = approved[_P.UNIT], approved[_P.UNIT_NAME]
    moved = _after_merges(decided, holder, code)
    name = _name_now(decided, moved) if moved != code else _after_renamings(decided, code, name)
    return {**approved, _P.UNIT: moved, _P.UNIT_NAME: name or approved[_P.UNIT_NAME]}


def merged_from(decided: Decided, holder: Holder) -> list[str]:
    """The units from which merges brought this person, latest first."""
    return [case.unit_code for case in reversed(decided.merges.get(holder.id, ()))]


def _after_merges(decided: Decided, holder: Holder, code: str) -> str:
    for case in decided.merges.get(holder.id, ()):
        if case.unit_code == code:
            code = case.target_code
    return code


def _after_renamings(decided: Decided, code: str, name: str) -> str:
    for event in decided.renamings.get(code, ()):
        if event.before.get("name") == name:
            name = event.after["name"]
    return name


def _name_now(decided: Decided, code: str) -> str:
    """The unit's name by its own history; empty where that does not begin with a registration."""
    first = decided.first_names.get(code, "")
    return _after_renamings(decided, code, first) if first else ""


def _merges(uow: UnitOfWork, holder_ids: Collection[str]) -> Mapping[str, Sequence[UnitCase]]:
    steps = uow.unit_steps.find(effect=Effect.HOLDER_MOVED, subject=list(holder_ids))
    merges: dict[str, list[UnitCase]] = defaultdict(list)
    if steps:
        case_ids = list({step.case_id for step in steps})
        for case in uow.unit_cases.find(id=case_ids, act=UnitAct.MERGE, order="decided_at"):
            carried = [s.subject for s in steps if s.case_id == case.id and s.to == case.target_code]
            for holder_id in carried if _was_decided(case) else ():
                merges[holder_id].append(case)
    return merges


def _renamings(uow: UnitOfWork, events: Sequence[UnitEvent]) -> Mapping[str, Sequence[UnitEvent]]:
    renamings: dict[str, list[UnitEvent]] = defaultdict(list)
    if events:
        found = uow.unit_cases.find(id=list({event.case_id for event in events}), act=UnitAct.RENAME)
        names = {case.id: case.name.strip() for case in found if _was_decided(case)}
        for event in events:
            if event.after.get("name") is not None and names.get(event.case_id) == event.after["name"]:
                renamings[event.unit_code].append(event)
    return renamings


def _was_decided(case: UnitCase) -> bool:
    return case.status is UnitCaseStatus.DONE and bool(case.decided_by) and case.decided_by != case.proposed_by
