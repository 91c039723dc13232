"""A campaign (实施计划): its dates, how far each unit has come, and who is late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from ca_service.domain.errors import Invalid
from ca_service.domain.units import UnitKind


class Stage(StrEnum):
    """How far an information administrator has come, in order; each counts those who have come at least so far."""

    APPLIED = "applied"
    APPROVED = "approved"
    PUSHED = "pushed"
    DISPATCHED = "dispatched"
    RECEIVED = "received"
    DOWNLOADED = "downloaded"
    SIGNED_IN = "signed-in"


class Deadline(StrEnum):
    """What has a date."""

    FORMS = "forms"
    PUSH = "push"
    TOKENS = "tokens"

    @property
    def stage(self) -> Stage:
        """The stage that has to be reached by then; tokens are out when they have reached the person's unit."""
        return {Deadline.FORMS: Stage.APPLIED, Deadline.PUSH: Stage.PUSHED, Deadline.TOKENS: Stage.RECEIVED}[self]


@dataclass(frozen=True)
class Campaign:
    """Dates are days in Asia/Shanghai, each inclusive: late is who has not come so far on the day after."""

    id: str
    name: str
    starts_on: date
    forms_due: date
    push_due: date
    tokens_due: date

    def due(self, deadline: Deadline) -> date:
        """The last day (Asia/Shanghai) that is still in time."""
        return {Deadline.FORMS: self.forms_due, Deadline.PUSH: self.push_due, Deadline.TOKENS: self.tokens_due}[
            deadline
        ]

    def overdue(self, today: date) -> Sequence[Deadline]:
        """The deadlines that are over on this day."""
        return [deadline for deadline in Deadline if today > self.due(deadline)]


@dataclass(frozen=True)
class Progress:
    """The numbers of a unit and all below it; `reviewing` says at which kind of unit applications lie."""

    expected: int = 0
    returned: int = 0
    reached: Mapping[Stage, int] = field(default_factory=dict)
    reviewing: Mapping[UnitKind, int] = field(default_factory=dict)

    def at(self, stage: Stage) -> int:
        """How many have come at least so far."""
        return self.reached.get(stage, 0)

    def share(self, stage: Stage) -> float:
        """The same as a share of those expected, at most 1."""
        return min(1.0, self.at(stage) / self.expected) if self.expected else 1.0


def expected_administrators(kind: UnitKind) -> int:
    """How many a unit of this kind must have at least: one, and none at the centre, which runs the CA."""
    return 0 if kind is UnitKind.CENTRE else 1


def check_campaign(campaign: Campaign) -> None:
    """Raise Invalid for a name or an order of dates that makes no sense."""
    if not 1 <= len(campaign.name.strip()) <= 60:
        raise Invalid("请填写实施计划的名称（最多 60 个字）。")
    days = [campaign.starts_on, campaign.forms_due, campaign.push_due, campaign.tokens_due]
    if days != sorted(days):
        raise Invalid("日期应依次为：开始、材料上报截止、推送截止、介质发放截止，后一个不得早于前一个。")
