"""Who may do what: the one authorisation policy, one table.

An act is allowed if one of the actor's roles stands beside it in `POLICY` and the unit concerned lies in the
actor's own subtree. Workflows ask `authorise`; views and commands decide nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.errors import Forbidden, Invalid


class Role(StrEnum):
    """The staff roles of mission.md, and two that are not people."""

    CLERK = "clerk"
    REVIEWER = "reviewer"
    CUSTODIAN = "custodian"
    CA_ADMIN = "ca-administrator"
    SECURITY_ADMIN = "security-administrator"
    AUDITOR = "auditor"
    OPERATOR = "operator"  # whoever has a shell on the CA machine; never a staff account
    DIRECTORY = "directory"  # the unified user directory, a program
    RELYING = "relying"  # a relying system such as the teacher registry, a program


class Action(StrEnum):
    """Every act that the service can be asked for."""

    UNITS_IMPORT = "units.import"
    UNITS_READ = "units.read"
    UNITS_PROPOSE = "units.propose"
    UNITS_CONFIRM = "units.confirm"
    ROSTER_READ = "roster.read"
    ROSTER_EDIT = "roster.edit"
    ROSTER_UNMASK = "roster.unmask"
    ROSTER_EXPORT = "roster.export"
    STAFF_MANAGE = "staff.manage"
    STAFF_READ = "staff.read"
    STAFF_RESCUE = "staff.rescue"
    STAFF_CONFIRM = "staff.confirm"
    KEY_PROPOSE = "key.propose"
    KEY_CONFIRM = "key.confirm"
    PROPOSAL_READ = "proposal.read"
    REGISTRATION_SUBMIT = "registration.submit"
    REGISTRATION_UNDO = "registration.undo"
    REGISTRATION_REVIEW = "registration.review"
    REGISTRATION_READ = "registration.read"
    REGISTRATION_UNMASK = "registration.unmask"
    REGISTRATION_PUSH = "registration.push"
    MEDIA_REGISTER = "media.register"
    MEDIA_MOVE = "media.move"
    MEDIA_REPORT = "media.report"
    MEDIA_READ = "media.read"
    ENROLMENT_ISSUE_CODE = "enrolment.issue-code"
    ENROLMENT_READ = "enrolment.read"
    CERTIFICATE_FREEZE = "certificate.freeze"
    ORDER_CONFIRM = "order.confirm"
    CERTIFICATE_CHANGE = "certificate.change"
    CERTIFICATE_READ = "certificate.read"
    CHANGE_SUBMIT = "change.submit"
    CHANGE_REVIEW = "change.review"
    CHANGE_DECIDE = "change.decide"
    CHANGE_EXECUTE = "change.execute"
    CHANGE_READ = "change.read"
    ERASURE_PROPOSE = "erasure.propose"
    ERASURE_CONFIRM = "erasure.confirm"
    ERASURE_READ = "erasure.read"
    ERASURE_REPEAT = "erasure.repeat"
    RECORDS_HOLD = "records.hold"
    RECORDS_LIFT = "records.lift"
    CRL_PUBLISH = "crl.publish"
    CA_DECLARE = "ca.declare"
    CA_CONFIRM = "ca.confirm"
    CA_REVOKE = "ca.revoke"
    CA_READ = "ca.read"
    OCSP_PRESIGN = "ocsp.presign"
    CRL_READ = "crl.read"
    CRL_OVERRIDE = "crl.override"
    CRL_OVERRIDE_CONFIRM = "crl.override-confirm"
    MESSAGE_READ = "message.read"
    MESSAGE_RESEND = "message.resend"
    CAMPAIGN_SET = "campaign.set"
    CAMPAIGN_READ = "campaign.read"
    SIGN_IN_REPORT = "sign-in.report"
    FEED_READ = "feed.read"
    AUDIT_READ = "audit.read"
    AUDIT_CHECKPOINT = "audit.checkpoint"
    BACKUP = "backup"
    STATUS_READ = "status.read"
    SECRETS_ROTATE = "secrets.rotate"


_R, _A = Role, Action
NOT_PEOPLE = frozenset({_R.OPERATOR, _R.DIRECTORY, _R.RELYING})
"""Roles that no staff account can have."""

# The three administrators (三员) are three different people, and none of them does business.
ADMINISTRATORS: frozenset[Role] = frozenset({_R.CA_ADMIN, _R.SECURITY_ADMIN, _R.AUDITOR})
_BUSINESS = frozenset({_R.CLERK, _R.REVIEWER, _R.CUSTODIAN})
_READERS = frozenset({*_BUSINESS, _R.CA_ADMIN, _R.SECURITY_ADMIN, _R.AUDITOR, _R.OPERATOR})

POLICY: Mapping[Action, frozenset[Role]] = MappingProxyType(
    {
        _A.UNITS_IMPORT: frozenset({_R.CA_ADMIN, _R.OPERATOR}),
        _A.UNITS_READ: _READERS,
        # Renaming, merging, closing or moving a unit changes who sees and answers for whom, so it takes two people: the
        # CA administrator proposes, the security administrator confirms. The two roles exclude each other.
        _A.UNITS_PROPOSE: frozenset({_R.CA_ADMIN, _R.OPERATOR}),
        _A.UNITS_CONFIRM: frozenset({_R.SECURITY_ADMIN}),
        _A.ROSTER_READ: _READERS,
        _A.ROSTER_EDIT: frozenset({_R.CLERK}),
        _A.ROSTER_UNMASK: frozenset({_R.CLERK, _R.REVIEWER}),
        _A.ROSTER_EXPORT: frozenset({_R.CLERK, _R.REVIEWER}),
        _A.STAFF_MANAGE: frozenset({_R.SECURITY_ADMIN}),
        _A.STAFF_READ: frozenset({_R.SECURITY_ADMIN, _R.AUDITOR, _R.OPERATOR}),
        # Who could give the auditor a new password could be the auditor: for the three it takes the machine itself.
        _A.STAFF_RESCUE: frozenset({_R.OPERATOR}),
        # Giving roles takes two: another security administrator, or the CA administrator where there is no other one
        # (domain/proposals.py). Keys are handled at the machine; who confirms must not be who handles them.
        _A.STAFF_CONFIRM: frozenset({_R.SECURITY_ADMIN, _R.CA_ADMIN}),
        _A.KEY_PROPOSE: frozenset({_R.CA_ADMIN, _R.OPERATOR}),
        _A.KEY_CONFIRM: frozenset({_R.SECURITY_ADMIN}),
        _A.PROPOSAL_READ: frozenset({*ADMINISTRATORS, _R.OPERATOR}),
        _A.REGISTRATION_SUBMIT: frozenset({_R.CLERK}),
        _A.REGISTRATION_UNDO: frozenset({_R.CLERK}),
        _A.REGISTRATION_REVIEW: frozenset({_R.REVIEWER}),
        _A.REGISTRATION_READ: _READERS,
        _A.REGISTRATION_UNMASK: frozenset({_R.CLERK, _R.REVIEWER}),
        _A.REGISTRATION_PUSH: frozenset({_R.DIRECTORY}),
        _A.MEDIA_REGISTER: frozenset({_R.CUSTODIAN}),
        _A.MEDIA_MOVE: frozenset({_R.CUSTODIAN}),
        # A lost token is reported to whoever answers the telephone.
        _A.MEDIA_REPORT: frozenset({_R.CUSTODIAN, _R.REVIEWER, _R.OPERATOR}),
        _A.MEDIA_READ: _READERS,
        # Not the custodian: who holds the token must not also hold the code.
        _A.ENROLMENT_ISSUE_CODE: frozenset({_R.REVIEWER}),
        _A.ENROLMENT_READ: _READERS,
        # Whoever answers the telephone can stop the use of a lost token.
        _A.CERTIFICATE_FREEZE: frozenset({_R.REVIEWER, _R.CUSTODIAN, _R.OPERATOR}),
        _A.ORDER_CONFIRM: frozenset({_R.REVIEWER}),
        # The operator is the way for an emergency (a lost token reported by telephone) when no console can be had.
        _A.CERTIFICATE_CHANGE: frozenset({_R.REVIEWER, _R.OPERATOR}),
        _A.CERTIFICATE_READ: _READERS,
        _A.CHANGE_SUBMIT: frozenset({_R.CLERK}),
        _A.CHANGE_REVIEW: frozenset({_R.REVIEWER}),
        _A.CHANGE_DECIDE: frozenset({_R.REVIEWER}),
        _A.CHANGE_EXECUTE: frozenset({_R.REVIEWER}),
        _A.CHANGE_READ: _READERS,
        # Erasing is for good, so it takes two: who knows the person's case proposes; the security administrator, who
        # has no business role, confirms. A hold is set by either, and lifted only by who would confirm.
        _A.ERASURE_PROPOSE: frozenset({_R.REVIEWER}),
        _A.ERASURE_CONFIRM: frozenset({_R.SECURITY_ADMIN}),
        _A.ERASURE_READ: frozenset({_R.REVIEWER, *ADMINISTRATORS, _R.OPERATOR}),
        _A.ERASURE_REPEAT: frozenset({_R.OPERATOR}),
        _A.RECORDS_HOLD: frozenset({_R.REVIEWER, _R.SECURITY_ADMIN}),
        _A.RECORDS_LIFT: frozenset({_R.SECURITY_ADMIN}),
        # Ending an issuing CA takes three: two administrators who exclude each other, and whoever has the root's token.
        _A.CA_DECLARE: frozenset({_R.CA_ADMIN, _R.OPERATOR}),
        _A.CA_CONFIRM: frozenset({_R.SECURITY_ADMIN}),
        _A.CA_REVOKE: frozenset({_R.OPERATOR}),
        _A.CA_READ: frozenset({*ADMINISTRATORS, _R.OPERATOR}),
        _A.CRL_PUBLISH: frozenset({_R.CA_ADMIN, _R.OPERATOR}),
        _A.OCSP_PRESIGN: frozenset({_R.CA_ADMIN, _R.OPERATOR}),
        _A.CRL_READ: frozenset({_R.CA_ADMIN, _R.SECURITY_ADMIN, _R.AUDITOR, _R.OPERATOR}),
        # A list that nothing in the history explains is let pass by two people who exclude each other, never by one.
        _A.CRL_OVERRIDE: frozenset({_R.CA_ADMIN}),
        _A.CRL_OVERRIDE_CONFIRM: frozenset({_R.SECURITY_ADMIN}),
        _A.MESSAGE_READ: frozenset({_R.REVIEWER, _R.CUSTODIAN, _R.AUDITOR, _R.OPERATOR}),
        _A.MESSAGE_RESEND: frozenset({_R.REVIEWER}),
        _A.CAMPAIGN_SET: frozenset({_R.CA_ADMIN}),
        _A.CAMPAIGN_READ: _READERS,
        _A.SIGN_IN_REPORT: frozenset({_R.RELYING}),
        _A.FEED_READ: frozenset({_R.RELYING}),
        _A.AUDIT_READ: frozenset({_R.AUDITOR, _R.OPERATOR}),
        _A.AUDIT_CHECKPOINT: frozenset({_R.AUDITOR, _R.OPERATOR}),
        _A.BACKUP: frozenset({_R.OPERATOR}),
        _A.STATUS_READ: _READERS,
        # Who can read the file of the keys can read what they seal: nobody else needs to.
        _A.SECRETS_ROTATE: frozenset({_R.OPERATOR}),
    }
)

CENTRE_ONLY: frozenset[Action] = frozenset(
    {
        _A.UNITS_IMPORT, _A.UNITS_PROPOSE, _A.UNITS_CONFIRM, _A.STAFF_MANAGE, _A.STAFF_RESCUE, _A.REGISTRATION_PUSH,
        _A.MEDIA_REGISTER, _A.STAFF_CONFIRM, _A.KEY_PROPOSE, _A.KEY_CONFIRM, _A.PROPOSAL_READ,
        _A.ENROLMENT_ISSUE_CODE, _A.CERTIFICATE_CHANGE, _A.CHANGE_DECIDE, _A.CHANGE_EXECUTE, _A.CRL_PUBLISH,
        _A.CA_DECLARE, _A.CA_CONFIRM, _A.CA_REVOKE, _A.CA_READ,
        _A.ERASURE_PROPOSE, _A.ERASURE_CONFIRM, _A.ERASURE_READ, _A.ERASURE_REPEAT, _A.RECORDS_HOLD, _A.RECORDS_LIFT,
        _A.CRL_READ, _A.CRL_OVERRIDE, _A.CRL_OVERRIDE_CONFIRM,
        _A.CAMPAIGN_SET, _A.SIGN_IN_REPORT, _A.FEED_READ, _A.AUDIT_READ, _A.STATUS_READ,
        _A.AUDIT_CHECKPOINT, _A.BACKUP, _A.OCSP_PRESIGN, _A.SECRETS_ROTATE,
    }
)  # fmt: skip

# Acts that change nothing but the audit log. Every other act is a changing one, and the auditor has none of those.
READING: frozenset[Action] = frozenset(
    {
        _A.UNITS_READ, _A.STAFF_READ, _A.REGISTRATION_READ, _A.REGISTRATION_UNMASK, _A.MEDIA_READ, _A.ENROLMENT_READ,
        _A.CERTIFICATE_READ, _A.CHANGE_READ, _A.CAMPAIGN_READ, _A.MESSAGE_READ, _A.ROSTER_READ,
        _A.ROSTER_UNMASK, _A.FEED_READ, _A.AUDIT_READ, _A.AUDIT_CHECKPOINT, _A.CA_READ, _A.STATUS_READ,
        _A.CRL_READ, _A.ERASURE_READ, _A.PROPOSAL_READ,
    }
)  # fmt: skip

STAFF_ROLES: tuple[Role, ...] = tuple(role for role in Role if role not in NOT_PEOPLE)


@dataclass(frozen=True)
class Actor:
    """Who acts: a staff login or a program, the unit it belongs to, and by which way it came (`web`, `cli`, `api`)."""

    login: str
    unit_code: str
    roles: frozenset[Role]
    via: str


def check_roles(roles: frozenset[Role], *, at_centre: bool) -> None:
    """Raise Invalid for a set of roles that one person may not hold."""
    if not roles:
        raise Invalid("至少要有一个角色。")
    if roles & NOT_PEOPLE:
        raise Invalid("operator、directory 和 relying 不是人员角色，不能分配给账号。")
    administrators = roles & ADMINISTRATORS
    if administrators and len(roles) > 1:
        raise Invalid("系统管理员、安全管理员、审计员必须由三个不同的人担任，且不得兼任业务角色。")
    if administrators and not at_centre:
        raise Invalid("系统管理员、安全管理员、审计员只能设在自治区教育信息中心。")


def authorise(actor: Actor, action: Action, *, lineage: Sequence[str]) -> None:
    """Raise Forbidden unless `actor` may do `action` for a unit, given its `lineage`: itself first, the centre last."""
    facts = {"action": action.value, "unit": lineage[0]}
    if not actor.roles & POLICY[action]:
        raise Forbidden(f"账号 {actor.login} 没有执行此操作（{action}）所需的角色。", facts=facts)
    if actor.unit_code not in lineage:
        raise Forbidden(f"账号 {actor.login} 只能处理本单位及下级单位的业务。", facts=facts)
    if action in CENTRE_ONLY and actor.unit_code != lineage[-1]:
        raise Forbidden("此操作只能由自治区教育信息中心的人员执行。", facts=facts)


def refuse_self_review(actor: Actor, *, entered_by: str) -> None:
    """Raise Forbidden where somebody would review what they entered themselves (谁填报谁负责、谁审核谁负责)."""
    if actor.login == entered_by:
        raise Forbidden("录入人不能审核自己录入的内容，请由另一名审核人员办理。")
