"""Rename, merge, close, move and reopen a unit: the order, the plan that is shown before, the case with its two people.

The plan is the list of everything that is touched, with what happens to it. It is shown, hashed, and carried out as it
stands: what a person confirmed is what is done, or nothing is.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.audit import canonical
from ca_service.domain.lifecycle import Machine
from ca_service.domain.units import Unit


class UnitAct(StrEnum):
    """What can be done with a unit that has people, tokens and certificates."""

    RENAME = "rename"
    MERGE = "merge"
    CLOSE = "close"
    MOVE = "move"
    REOPEN = "reopen"

    @property
    def chinese(self) -> str:
        """The act as people name it."""
        return _ACTS[self]


_ACTS: Mapping[UnitAct, str] = MappingProxyType(
    {
        UnitAct.RENAME: "更名",
        UnitAct.MERGE: "合并（并入另一单位）",
        UnitAct.CLOSE: "撤销",
        UnitAct.MOVE: "调整上级单位",
        UnitAct.REOPEN: "恢复",
    }
)


@dataclass(frozen=True)
class Order:
    """What shall be done. `name`: rename; `target_code`: the surviving unit of a merge, the new unit above of a move;
    `area_code`: where a moved unit lies then (empty: as it lies, or as its new bureau does).

    Two things are decided by name, else the act is refused while they are needed: `stop_people` stops the accounts of
    the unit and revokes their certificates, `return_applications` returns those under way with the reason.
    """

    act: UnitAct
    unit_code: str
    name: str = ""
    target_code: str = ""
    area_code: str = ""
    stop_people: bool = False
    return_applications: bool = False


class Effect(StrEnum):
    """What happens to one thing that is touched; the value is stored."""

    UNIT = "unit"
    CHILD = "child"
    HOLDER_MOVED = "holder-moved"
    HOLDER_STOPPED = "holder-stopped"
    CERTIFICATE_OUTDATED = "certificate-outdated"
    CERTIFICATE_REVOKED = "certificate-revoked"
    TOKEN_FOLLOWS = "token-follows"  # noqa: S105  a thing, not a secret
    TOKEN_DUE = "token-due"  # noqa: S105
    TOKEN_SHIPPED = "token-shipped"  # noqa: S105
    PARCEL_REDIRECTED = "parcel-redirected"
    APPLICATION_REROUTED = "application-rerouted"
    APPLICATION_RETURNED = "application-returned"
    STAFF_DISABLED = "staff-disabled"
    PERSON_ENDED = "person-ended"

    @property
    def noun(self) -> str:
        """What kind of thing is touched."""
        return _EFFECTS[self][0]

    @property
    def chinese(self) -> str:
        """What becomes of the thing that is touched, for the page where it is confirmed."""
        return _EFFECTS[self][1]


_E = Effect
_EFFECTS: Mapping[Effect, tuple[str, str]] = MappingProxyType(
    {
        _E.UNIT: ("单位", "本次变更的单位"),
        _E.CHILD: ("下级单位", "划归新的上级单位"),
        _E.HOLDER_MOVED: ("持证人", "转入存续单位"),
        _E.HOLDER_STOPPED: ("持证人", "停用账号"),
        _E.CERTIFICATE_OUTDATED: ("证书", "所载单位已变，换发新证书前继续有效"),
        _E.CERTIFICATE_REVOKED: ("证书", "吊销（停止使用）"),
        _E.TOKEN_FOLLOWS: ("介质", "随持证人转入存续单位"),
        _E.TOKEN_DUE: ("介质", "仍在持证人手中，须收回"),
        _E.TOKEN_SHIPPED: ("介质", "装入移交包裹，由接收单位签收"),
        _E.PARCEL_REDIRECTED: ("在途包裹", "改由接收单位签收"),
        _E.APPLICATION_REROUTED: ("在办申请", "改由新的上级单位审核"),
        _E.APPLICATION_RETURNED: ("在办申请", "退回"),
        _E.STAFF_DISABLED: ("人员账号", "停用"),
        _E.PERSON_ENDED: ("负责人员", "从统计表中移出（保留历史）"),
    }
)


@dataclass(frozen=True)
class Step:
    """One thing that is touched: its identifier, what it is like now, and the unit it goes to, if any."""

    effect: Effect
    subject: str
    now: str
    to: str = ""


@dataclass(frozen=True)
class Plan:
    """An order with everything it touches. With `obstacles` (Chinese: what is in the way and how to clear it) it
    cannot be carried out. `before` and `after` are the unit itself.
    """

    order: Order
    before: Unit
    after: Unit
    obstacles: Sequence[str]
    steps: Sequence[Step]

    @property
    def counts(self) -> Mapping[Effect, int]:
        """How many things each effect touches, in the order of the vocabulary."""
        numbers = dict.fromkeys(Effect, 0)
        for step in self.steps:
            numbers[step.effect] += 1
        return {effect: number for effect, number in numbers.items() if number}

    def sha256(self) -> str:
        """The version of the plan: a plan that was shown is carried out only while this is the same."""
        units = [{**asdict(unit), "closed_at": unit.closed_at is not None} for unit in (self.before, self.after)]
        steps = [asdict(step) for step in self.steps]
        shown = [asdict(self.order), units, list(self.obstacles), steps]
        return hashlib.sha256(canonical(shown).encode()).hexdigest()


class UnitCaseStatus(StrEnum):
    """How far a case has come."""

    PROPOSED = "proposed"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class UnitCaseEvent(StrEnum):
    """What can happen to a case."""

    CARRY_OUT = "carry-out"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


_S, _V = UnitCaseStatus, UnitCaseEvent
UNIT_CASE = Machine(
    "单位变更",
    MappingProxyType(
        {
            (_S.PROPOSED, _V.CARRY_OUT): _S.DONE,
            (_S.PROPOSED, _V.REFUSE): _S.REFUSED,
            (_S.PROPOSED, _V.WITHDRAW): _S.WITHDRAWN,
        }
    ),
)


@dataclass(frozen=True)
class UnitCase:
    """An order that one administrator proposed on a ground and another one decides. `plan_sha256` is what was shown
    to the first; `counts` what was done, by effect.
    """

    id: str
    act: UnitAct
    unit_code: str
    name: str
    target_code: str
    area_code: str
    stop_people: bool
    return_applications: bool
    ground: str
    plan_sha256: str
    status: UnitCaseStatus
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def order(self) -> Order:
        """The order as it was proposed."""
        return Order(
            self.act, self.unit_code, self.name, self.target_code, self.area_code,
            self.stop_people, self.return_applications,
        )  # fmt: skip


class UnitEventKind(StrEnum):
    """What has happened to a unit."""

    REGISTERED = "registered"
    CORRECTED = "corrected"
    RENAMED = "renamed"
    MERGED = "merged"
    ABSORBED = "absorbed"
    CLOSED = "closed"
    MOVED = "moved"
    REOPENED = "reopened"

    @property
    def chinese(self) -> str:
        """The event as people name it."""
        return _EVENTS[self]


_EVENTS: Mapping[UnitEventKind, str] = MappingProxyType(
    {
        UnitEventKind.REGISTERED: "登记",
        UnitEventKind.CORRECTED: "更正",
        UnitEventKind.RENAMED: "更名",
        UnitEventKind.MERGED: "并入其他单位",
        UnitEventKind.ABSORBED: "并入了其他单位",
        UnitEventKind.CLOSED: "撤销",
        UnitEventKind.MOVED: "调整上级单位",
        UnitEventKind.REOPENED: "恢复",
    }
)


@dataclass(frozen=True)
class UnitEvent:
    """One line of a unit's history: what changed from what to what, by whom, on what ground, when. `seq` counts
    within the unit; `by` proposed, `confirmed_by` confirmed (empty where one person may act alone).
    """

    unit_code: str
    seq: int
    kind: UnitEventKind
    before: Mapping[str, str]
    after: Mapping[str, str]
    by: str
    confirmed_by: str
    ground: str
    at: datetime
    case_id: str = ""


@dataclass(frozen=True)
class UnitStep:
    """A step of a case as it was carried out: `seq` orders them within the case."""

    case_id: str
    seq: int
    effect: Effect
    subject: str
    now: str
    to: str


def differences(before: Unit, after: Unit) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The fields in which two states of a unit differ, as texts: what it was, what it is."""
    old, new = asdict(before), asdict(after)
    changed = [name for name in old if old[name] != new[name] and name != "closed_at"]
    return {name: str(old[name] or "") for name in changed}, {name: str(new[name] or "") for name in changed}
