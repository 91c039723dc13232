"""Who was erased, told so that it can be repeated: a backup from before an erasure still has the person.

The list names opaque identifiers only. Each line carries a keyed hash that only this service can make, so a list that
lies beside the backups cannot be used to erase somebody else. Lines are judged one by one: a list may be of two CAs.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from ca_service.domain.audit import Tag
from ca_service.domain.erasures import Erasure, ErasureLine, ErasureStatus, proof_text
from ca_service.domain.errors import Invalid
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.erasure_plan import plan_erasure
from ca_service.workflows.erasures import carry_out
from ca_service.workflows.ports import Services, UnitOfWork

_LONGEST = 20_000_000
_FIELDS = ("holder", "erasure", "erased_at", "proof")


@dataclass(frozen=True)
class LedgerLine:
    """One erased holder; `proof` is the keyed hash."""

    holder: str
    erasure: str
    erased_at: str
    proof: str


@dataclass(frozen=True)
class Repeated:
    """What became of the lines of a list: erased again; erased or unknown here anyway; not ours; kept by something."""

    done: Sequence[str]
    not_there: int
    foreign: int
    hindered: Sequence[str]


def ledger(services: Services, actor: Actor) -> Sequence[LedgerLine]:
    """Every erased holder, in the order of the cases."""
    with services.read() as uow:
        authorise(actor, Action.ERASURE_READ, lineage=uow.units.lineage(actor.unit_code))
        return ledger_lines(services, uow)


def ledger_lines(services: Services, uow: UnitOfWork) -> Sequence[LedgerLine]:
    """The same, inside a transaction; the caller has asked who may."""
    return [
        LedgerLine(
            line.holder_id,
            line.erasure_id,
            line.erased_at.isoformat(timespec="seconds"),
            services.keyed_hash(proof_text(line.holder_id, line.erasure_id)),
        )
        for line in uow.erasing.lines.find(order="erased_at")
        if line.erased_at is not None
    ]


def write_ledger(lines: Iterable[LedgerLine]) -> str:
    """As the file beside a backup has it."""
    return json.dumps([asdict(line) for line in lines], ensure_ascii=False, indent=1)


def read_ledger(text: str) -> Sequence[LedgerLine]:
    """Read it back; raise Invalid for what is no such list."""
    try:
        return [LedgerLine(*(_text(one[name]) for name in _FIELDS)) for one in json.loads(text[:_LONGEST])]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Invalid("清除名单无法读取。请使用 educa holders erased --json 或备份旁的 .erased.json 文件。") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value[:100]


def repeat(services: Services, actor: Actor, lines: Sequence[LedgerLine]) -> Repeated:
    """Erase once more, after a restore, who had been erased; in one transaction. Raises Forbidden.

    Two people decided it when it was done first; the proof says that it was done here. What forbids an erasure forbids
    a repetition too, and is told.
    """
    with services.begin() as uow:
        authorise(actor, Action.ERASURE_REPEAT, lineage=uow.units.lineage(actor.unit_code))
        ours = [line for line in lines if line.proof == services.keyed_hash(proof_text(line.holder, line.erasure))]
        wanted = {line.holder: line.erasure for line in ours}
        found = [
            holder for key in wanted for holder in uow.holders.find(id=key) if holder.status is not HolderStatus.ERASED
        ]
        uow.units.hold({holder.unit_code for holder in found})
        done, hindered = _repeat(services, uow, actor, found, wanted)
    return Repeated(done, len(wanted) - len(found), len(lines) - len(ours), hindered)


def _repeat(
    services: Services, uow: UnitOfWork, actor: Actor, found: Sequence[Holder], wanted: dict[str, str]
) -> tuple[list[str], list[str]]:
    done: list[str] = []
    hindered: list[str] = []
    for holder in found:
        if holder.id in done:
            continue
        plan = plan_erasure(services, uow, [holder])
        if plan.hindrances:
            hindered.append(plan.hindrances[0].text)
            continue
        now, ground = services.clock(), f"恢复备份后重新清除（原 {wanted[holder.id]}）"
        case = Erasure(
            services.new_id("E"), ErasureStatus.CARRIED_OUT, ground, plan.sha256(), actor.login, now, actor.login, now
        )
        uow.erasing.cases.add(case)
        people = uow.holders.find(id=list(plan.holders))
        uow.erasing.lines.add_all(ErasureLine(case.id, one.id, one.unit_code) for one in people)
        carry_out(services, uow, actor, case, plan)
        uow.audit.append(
            actor, Tag.ERASURE_REPEATED, case.id, unit=actor.unit_code, detail={"original": wanted[holder.id]}
        )
        done += plan.holders
    return done, hindered
