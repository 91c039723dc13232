"""Duplicate persons: which live applications belong to one person, and the cases in which a reviewer decides.

A case joins an application with the earliest other live one of the same person, so that n of them make n - 1 cases. It
is opened with the application (and again when one is submitted again or an account restored), lapses when one side goes
away, and keeps both from being approved until it is decided.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from ca_service.domain.applications import LIVE, Application
from ca_service.domain.audit import Tag
from ca_service.domain.conflicts import CONFLICT, ConflictCase, ConflictEvent, ConflictStatus, lowest_above_both
from ca_service.domain.holders import HolderStatus
from ca_service.domain.review import path_above
from ca_service.domain.roles import Actor
from ca_service.workflows.ports import Services, UnitOfWork


def same_person(uow: UnitOfWork, applications: Sequence[Application]) -> Mapping[str, Sequence[str]]:
    """For each application whose person stands in another live one too: the ids of the others."""
    groups = _groups(uow, applications)
    ids = {number: [a.id for a in group] for number, group in groups.items()}
    found = {a.id: [other for other in ids.get(a.id_number_hash, ()) if other != a.id] for a in applications}
    return {own: others for own, others in found.items() if others}


def open_conflicts(services: Services, uow: UnitOfWork, actor: Actor, applications: Sequence[Application]) -> None:
    """Open, or open again, the cases of these applications inside a running transaction; safe to repeat."""
    asked = {a.id for a in applications}
    groups = _groups(uow, applications)
    known = {case.sides: case for case in uow.conflicts.find(id_number_hash=list(groups))}
    for number, group in groups.items():
        hub, *others = group
        for other in others:
            if hub.id not in asked and other.id not in asked:
                continue
            first, second = sorted((hub.id, other.id))
            case = known.get((first, second))
            if case is None:
                case = ConflictCase(
                    id=services.new_id("K"),
                    id_number_hash=number,
                    first_id=first,
                    second_id=second,
                    status=ConflictStatus.UNDECIDED,
                    at_unit=_place(uow, hub, other),
                    opened_at=services.clock(),
                )
                uow.conflicts.add(case)
            elif (case.status, ConflictEvent.REOPEN) in CONFLICT.moves:
                status = CONFLICT.after(case.status, ConflictEvent.REOPEN)
                uow.conflicts.change(case, status=status, at_unit=_place(uow, hub, other), decided_by="", reason="")
            else:
                continue
            detail = {"first": first, "second": second}
            uow.audit.append(actor, Tag.CONFLICT_OPENED, case.id, unit=case.at_unit, detail=detail)


def lapse(services: Services, uow: UnitOfWork, actor: Actor, gone: Sequence[str]) -> None:
    """Close the cases of applications that went away; those of the same person that remain are joined anew."""
    for case in cases_of(uow, gone, (ConflictStatus.UNDECIDED, ConflictStatus.KEPT)):
        uow.conflicts.change(case, status=CONFLICT.after(case.status, ConflictEvent.LAPSE))
        uow.audit.append(actor, Tag.CONFLICT_LAPSED, case.id, unit=case.at_unit)
        left = uow.applications.find(id=[side for side in case.sides if side not in gone])
        open_conflicts(services, uow, actor, left)


def undecided(uow: UnitOfWork, ids: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """The open cases of applications, by application; those without one are left out."""
    wanted = set(ids)
    found: dict[str, list[str]] = {}
    for case in cases_of(uow, wanted, (ConflictStatus.UNDECIDED,)):
        for side in wanted.intersection(case.sides):
            found.setdefault(side, []).append(case.id)
    return found


def cases_of(uow: UnitOfWork, ids: Iterable[str], statuses: Sequence[ConflictStatus]) -> Sequence[ConflictCase]:
    """The cases in which one of the applications is a side."""
    wanted = list(ids)
    first = uow.conflicts.find(status=statuses, first_id=wanted)
    second = uow.conflicts.find(status=statuses, second_id=wanted)
    return list({case.id: case for case in (*first, *second)}.values())


def _place(uow: UnitOfWork, first: Application, second: Application) -> str:
    lineages = uow.units.lineages({first.unit_code, second.unit_code})
    return lowest_above_both(path_above(lineages[first.unit_code]), path_above(lineages[second.unit_code]))


def _groups(uow: UnitOfWork, applications: Sequence[Application]) -> Mapping[str, Sequence[Application]]:
    """The live applications of persons who have more than one, earliest first, by the hash of the ID number."""
    hashes = {a.id_number_hash for a in applications}
    counted = uow.applications.tally("id_number_hash", id_number_hash=hashes, status=LIVE)
    shared = [number for number, count in counted.items() if count > 1]
    if not shared:
        return {}
    sharing = uow.applications.find(id_number_hash=shared, status=LIVE)
    stopped = uow.holders.find(external_id=[a.id for a in sharing], status=HolderStatus.STOPPED)
    gone = {holder.external_id for holder in stopped}
    live = sorted((a for a in sharing if a.id not in gone), key=lambda a: (a.id_number_hash, a.submitted_at, a.id))
    groups = {number: list(group) for number, group in groupby(live, key=lambda a: a.id_number_hash)}
    return {number: group for number, group in groups.items() if len(group) > 1}
