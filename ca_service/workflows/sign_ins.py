"""First sign-ins, as relying systems report them: the last stage of the campaign."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict
from ca_service.domain.holders import SignIn
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.ports import Services, UnitOfWork


@dataclass(frozen=True)
class ReportedSignIn:
    """A person signed in with the certificate of this serial (lower-case hex) at this moment."""

    serial: str
    at: datetime


def report(services: Services, actor: Actor, sign_ins: Sequence[ReportedSignIn]) -> int:
    """Note who signed in for the first time; return how many. A repeat and an unknown serial change nothing."""
    try:
        return _report(services, actor, sign_ins)
    except Conflict:
        # Another report of the same person was first; now nothing of it is new.
        return _report(services, actor, sign_ins)


def _report(services: Services, actor: Actor, sign_ins: Sequence[ReportedSignIn]) -> int:
    with services.begin() as uow:
        authorise(actor, Action.SIGN_IN_REPORT, lineage=uow.units.lineage(actor.unit_code))
        holders = _holders(uow, sign_ins)
        known = {first.holder_id for first in uow.sign_ins.find(holder_id=set(holders.values()))}
        first: dict[str, SignIn] = {}
        for reported in sorted(sign_ins, key=lambda reported: reported.at):
            holder = holders.get(reported.serial)
            if holder is not None and holder not in known:
                # A clock that runs ahead over there must not put the first sign-in into the future here.
                first.setdefault(holder, SignIn(holder, actor.login, min(reported.at, services.clock())))
        uow.sign_ins.add_all(first.values())
        for holder in first:
            uow.audit.append(actor, Tag.SIGN_IN_REPORTED, holder, unit=actor.unit_code)
        return len(first)


def _holders(uow: UnitOfWork, sign_ins: Sequence[ReportedSignIn]) -> dict[str, str]:
    serials = {reported.serial for reported in sign_ins}
    return {c.serial: c.holder_id for c in uow.certificates.find(serial=serials) if c.holder_id is not None}
