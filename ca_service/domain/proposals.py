"""What one administrator proposes and another one has to confirm: giving roles, resetting accounts, acts on keys.

An act on accounts is carried out by its confirmation. An act on keys needs the machine: its confirmation is a release,
which the command uses up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.errors import Conflict, Forbidden
from ca_service.domain.lifecycle import Machine
from ca_service.domain.roles import Action, Actor, Role
from ca_service.domain.staff import Staff

WAITS = timedelta(days=7)
"""How long a proposal waits for its second person."""
RELEASE_LIFETIME = timedelta(days=3)
"""How long the command may use a release, from its confirmation."""


class ProposalKind(StrEnum):
    """What is proposed; the value is stored."""

    STAFF_ADD = "staff-add"
    STAFF_POST = "staff-post"
    STAFF_ENABLE = "staff-enable"
    STAFF_RESET = "staff-reset"
    STAFF_RESCUE = "staff-rescue"
    FIELD_KEY_CHANGE = "field-key-change"
    FIELD_KEY_REMOVAL = "field-key-removal"
    CA_ROLL_OVER = "ca-roll-over"
    CA_ACTIVATION = "ca-activation"

    @property
    def chinese(self) -> str:
        """The act as people name it."""
        return _WORDS[self]

    @property
    def is_release(self) -> bool:
        """Whether a command has to carry it out, with the confirmation as its release."""
        return self in _OF_KEYS

    @property
    def proposing(self) -> Action:
        """The right to propose it, and to take it back."""
        if self in _OF_KEYS:
            return Action.KEY_PROPOSE
        return Action.STAFF_RESCUE if self is ProposalKind.STAFF_RESCUE else Action.STAFF_MANAGE

    @property
    def confirming(self) -> Action:
        """The right to confirm or refuse it."""
        return Action.KEY_CONFIRM if self in _OF_KEYS else Action.STAFF_CONFIRM


_K = ProposalKind
_OF_KEYS = frozenset({_K.FIELD_KEY_CHANGE, _K.FIELD_KEY_REMOVAL, _K.CA_ROLL_OVER, _K.CA_ACTIVATION})
RELEASES: tuple[ProposalKind, ...] = tuple(kind for kind in ProposalKind if kind in _OF_KEYS)
_WORDS: Mapping[ProposalKind, str] = MappingProxyType(
    {
        _K.STAFF_ADD: "新建人员账号",
        _K.STAFF_POST: "更改角色或单位",
        _K.STAFF_ENABLE: "重新启用账号",
        _K.STAFF_RESET: "重置账号",
        _K.STAFF_RESCUE: "重置三员账号",
        _K.FIELD_KEY_CHANGE: "更换个人信息的加密密钥",
        _K.FIELD_KEY_REMOVAL: "删除停用的加密密钥",
        _K.CA_ROLL_OVER: "按计划换发签发 CA",
        _K.CA_ACTIVATION: "启用新的签发 CA",
    }
)


class ProposalStatus(StrEnum):
    """Where a proposal stands."""

    PROPOSED = "proposed"
    RELEASED = "released"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class ProposalEvent(StrEnum):
    """What can happen to it."""

    CARRY_OUT = "carry-out"
    RELEASE = "release"
    USE = "use"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


_S, _E = ProposalStatus, ProposalEvent
PROPOSAL = Machine(
    "双人确认",
    MappingProxyType(
        {
            (_S.PROPOSED, _E.CARRY_OUT): _S.DONE,
            (_S.PROPOSED, _E.RELEASE): _S.RELEASED,
            (_S.PROPOSED, _E.REFUSE): _S.REFUSED,
            (_S.PROPOSED, _E.WITHDRAW): _S.WITHDRAWN,
            (_S.PROPOSED, _E.EXPIRE): _S.EXPIRED,
            (_S.RELEASED, _E.USE): _S.DONE,
            (_S.RELEASED, _E.WITHDRAW): _S.WITHDRAWN,
            (_S.RELEASED, _E.EXPIRE): _S.EXPIRED,
        }
    ),
)
OPEN = (_S.PROPOSED, _S.RELEASED)
"""Still to be decided or used."""


@dataclass(frozen=True)
class Proposal:
    """One act. `subject` is a login, a CA, a key; `content` everything else that was proposed, as texts.

    `secret_hash` is the argon2id hash of a first password while it waits; no later state keeps it, nor the keyed hash
    of an ID number (`person` of the content).
    """

    id: str
    kind: ProposalKind
    subject: str
    unit_code: str
    ground: str
    status: ProposalStatus
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    content: Mapping[str, str] = field(default_factory=dict)
    secret_hash: str = ""
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str = ""
    used_by: str | None = None
    used_at: datetime | None = None

    @property
    def kept(self) -> Mapping[str, str]:
        """What of the content stays once it is decided."""
        return {name: value for name, value in self.content.items() if name != "person"}

    def after(self, event: ProposalEvent) -> ProposalStatus:
        """The state that follows; raise Conflict where it is too late for that."""
        if (self.status, event) not in PROPOSAL.moves:
            raise Conflict("这件事项已经办结，请刷新后查看结果。")
        return PROPOSAL.after(self.status, event)

    def require_in_time(self, now: datetime) -> None:
        """Raise Conflict once its time is over, whether or not the worker has noted that yet."""
        if now >= self.expires_at:
            raise Conflict("这件事项已经过期，未作任何更改。仍需办理的，请重新提出。")


def refuse_wrong_second(actor: Actor, proposal: Proposal, active: Iterable[Staff]) -> None:
    """Raise Forbidden for who proposed it or is concerned, Conflict where somebody else has to be the second person.

    An act on accounts is for another security administrator; where the centre has none besides proposer and concerned
    (`active`: its accounts), the CA administrator stands in, who excludes the security administrator.
    """
    if actor.login == proposal.proposed_by:
        raise Forbidden("提出人不能确认自己提出的事项，请由另一名管理员办理。")
    if actor.login == proposal.subject:
        raise Forbidden("不能确认与自己的账号有关的事项，请由另一名管理员办理。")
    if proposal.kind.is_release:
        # Who proposes at the machine could name anybody there (`--as`); the console asks who it really is.
        if actor.via != "web":
            raise Conflict("密钥事项须由管理员本人登录控制台确认，不能在命令行上确认。")
        return
    concerned = {proposal.proposed_by, proposal.subject}
    others = [one.login for one in active if Role.SECURITY_ADMIN in one.roles and one.login not in concerned]
    if Role.SECURITY_ADMIN not in actor.roles and others:
        raise Conflict(f"请由另一名安全管理员（{others[0]}）确认；没有其他安全管理员时才由系统管理员确认。")
