"""What applications and change cases have in common on their way up the tree: steps, places, who may not decide."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from ca_service.domain.errors import Conflict, Forbidden
from ca_service.domain.roles import Actor, refuse_self_review
from ca_service.domain.units import CENTRE_CODE


@dataclass(frozen=True)
class Step:
    """One act on an application or a change case; `seq` counts from 1 for each.

    `shown_sha256` is the hash of what was acted upon, as the reviewer was shown it.
    """

    subject: str
    seq: int
    event: str
    from_unit: str
    to_unit: str
    by: str
    at: datetime
    reason: str = ""
    shown_sha256: str = ""


def path_above(lineage: Sequence[str]) -> Sequence[str]:
    """The units that review for a unit, nearest first, given its lineage. The centre's own lie at the centre."""
    return list(lineage[1:]) or [CENTRE_CODE]


def place_on(path: Sequence[str], at_unit: str) -> str:
    """Where something lies now: its nearest reviewer if the tree was changed and `at_unit` is no longer on its path."""
    return at_unit if at_unit in path else path[0]


def next_above(path: Sequence[str], place: str) -> str:
    """The unit after `place`; raise Conflict at the centre, above which nobody stands."""
    if place == CENTRE_CODE:
        raise Conflict("已到达自治区教育信息中心，由中心审核（通过或退回），不能再上报。")
    return path[path.index(place) + 1]


def require_place(actor: Actor, path: Sequence[str], place: str) -> None:
    """Raise unless it lies at the actor's unit: Conflict when it has gone further up, else Forbidden."""
    if place == actor.unit_code:
        return
    if actor.unit_code in path and path.index(place) > path.index(actor.unit_code):
        raise Conflict("刚刚已由他人上报到上一级单位，请刷新后按最新状态办理。")
    raise Forbidden("目前不在本单位，由它所在的单位审核。")


@dataclass(frozen=True)
class Concerned:
    """The people whom a reviewer may not be: who entered it (each of them), and the person it is about."""

    entered_by: Collection[str]
    unit_code: str
    name: str


def refuse_partial_reviewer(actor: Actor, actor_name: str, concerned: Concerned) -> None:
    """Raise Forbidden for a reviewer who entered it, sits in the unit of the person, or is that person.

    A unit's own people are reviewed by the unit above. Nobody stands above the centre, so the centre's own are
    reviewed there, by somebody of another name.
    """
    for login in concerned.entered_by:
        refuse_self_review(actor, entered_by=login)
    if actor.unit_code != concerned.unit_code:
        return
    if concerned.unit_code != CENTRE_CODE:
        raise Forbidden("审核人员不能审核本单位人员的申请，应由上一级单位审核。")
    if actor_name == concerned.name:
        raise Forbidden("审核人员不能审核本人（或与本人同名者）的申请，请由中心的另一名审核人员办理。")
