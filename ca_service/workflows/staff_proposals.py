"""What gives somebody something: a new account, other roles or another unit, a closed account opened, a reset.

1. propose (security administrator): everything is checked; nothing has any effect, and a first password opens nothing
2. confirm (`confirm_proposal`): checked again as things stand then, and carried out in the same transaction

A death before the commit of 1 leaves nothing, after it a proposal that waits; before the commit of 2 the proposal still
waits, after it the act is done. What only takes away is done at once by one person. For the three administrators' own
accounts a lost password or second factor is replaced on the machine only (STAFF_RESCUE): otherwise the security
administrator could become the auditor.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import RevocationReason
from ca_service.domain.errors import Conflict, Forbidden, Invalid
from ca_service.domain.proposals import Proposal, ProposalKind
from ca_service.domain.roles import ADMINISTRATORS, Action, Actor, Role, authorise, check_roles
from ca_service.domain.sign_in import CODE_LIMITS, PASSWORD_LIMITS
from ca_service.domain.staff import Staff, refuse_second_account
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.open_units import require_open
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.proposals import Draft, put
from ca_service.workflows.second_factor import forget_factors
from ca_service.workflows.sign_in import forget_tries
from ca_service.workflows.staff import checked_name, others_account, person_hash, same_person
from ca_service.workflows.staff_certificates import revoke_all

Hasher = Callable[[str], str]


@dataclass(frozen=True)
class NewStaff:
    """What the security administrator enters; `id_number` is needed for the three administrators and never kept."""

    login: str
    name: str
    unit_code: str
    roles: frozenset[Role]
    id_number: str = ""


@dataclass(frozen=True)
class Post:
    """Where a person works from now on, and as what."""

    unit_code: str
    roles: frozenset[Role]


@dataclass(frozen=True)
class Reset:
    """A new first password, and with `second_factor` everything that the account had enrolled is gone."""

    first_password: str
    second_factor: bool


def propose_account(
    services: Services, actor: Actor, new: NewStaff, *, first_password: str, hasher: Hasher, ground: str = ""
) -> Proposal:
    """Propose an account; its first password works once it is confirmed. Raises Invalid, Conflict, Forbidden."""
    with services.read() as uow:
        authorise(actor, Action.STAFF_MANAGE, lineage=uow.units.lineage(new.unit_code))
    content = {
        "name": checked_name(new.name),
        "roles": _text(new.roles),
        "person": person_hash(services, new.id_number) if new.id_number else "",
    }
    kind = ProposalKind.STAFF_ADD
    draft = Draft(kind, new.login, new.unit_code, ground, content, hasher(first_password))
    with services.begin() as uow:
        authorise(actor, Action.STAFF_MANAGE, lineage=uow.units.lineage(new.unit_code))
        _check_roles(new.roles, new.unit_code)
        _check_login(new.login)
        _check_new(uow, new.login, new.roles, person=content["person"])
        require_open(uow, [new.unit_code])
        return put(services, uow, actor, draft)


def change_post(services: Services, actor: Actor, login: str, post: Post, *, ground: str = "") -> Proposal | None:
    """Give an account other roles or another unit. What only takes roles away is done at once: None is returned then.

    An account of the three administrators stays what it is, and none becomes one: by way of a business role, which the
    security administrator may propose to reset, they could else take over any of the three.
    """
    with services.begin() as uow:
        staff = others_account(uow, actor, login)
        authorise(actor, Action.STAFF_MANAGE, lineage=uow.units.lineage(post.unit_code))
        _check_post(uow, staff, post)
        if (post.unit_code, post.roles) == (staff.unit_code, staff.roles):
            return None
        if not staff.gains(post.unit_code, post.roles):
            _change(uow, actor, staff, post)
            return None
        content = {**_shown(staff), "roles": _text(post.roles), "unit-before": staff.unit_code}
        draft = Draft(ProposalKind.STAFF_POST, login, post.unit_code, ground, content)
        return put(services, uow, actor, draft)


def propose_enabling(services: Services, actor: Actor, login: str, *, ground: str = "") -> Proposal:
    """Propose to open a closed account again; a person's rules are asked anew."""
    with services.begin() as uow:
        staff = others_account(uow, actor, login)
        _require_closed(uow, staff)
        return put(
            services, uow, actor, Draft(ProposalKind.STAFF_ENABLE, login, staff.unit_code, ground, _shown(staff))
        )


def propose_reset(
    services: Services, actor: Actor, login: str, reset: Reset, *, hasher: Hasher, ground: str = ""
) -> Proposal:
    """Propose to replace a lost password, or a lost second factor and the password with it.

    A second factor never goes alone: who found the password of somebody would only have to report the telephone lost.
    """
    with services.read() as uow:
        _may_reset(uow, actor, login)
    # Between two questions of rights: who has none must not cost the hashing, and no writer waits for it.
    hashed = hasher(reset.first_password)
    with services.begin() as uow:
        staff = _may_reset(uow, actor, login)
        kind = ProposalKind.STAFF_RESCUE if staff.is_administrator else ProposalKind.STAFF_RESET
        content = {**_shown(staff), "second-factor": str(int(reset.second_factor))}
        return put(services, uow, actor, Draft(kind, login, staff.unit_code, ground, content, hashed))


def carry_out(services: Services, uow: UnitOfWork, actor: Actor, proposal: Proposal) -> None:
    """Do what is proposed about an account, in the transaction of the second person `actor`; raise Conflict, Invalid.

    The rights of both people have been asked.
    """
    match proposal.kind:
        case ProposalKind.STAFF_ADD:
            _add(services, uow, actor, proposal)
        case ProposalKind.STAFF_POST:
            _give_post(uow, actor, proposal)
        case ProposalKind.STAFF_ENABLE:
            staff = uow.staff.get(proposal.subject)
            uow.audit.append(actor, Tag.STAFF_ENABLED, staff.login, unit=staff.unit_code, detail=_on(proposal))
            _require_closed(uow, staff)
            uow.staff.change(staff, guard=("active",), active=True)
        case _:
            _reset(services, uow, actor, proposal)


def _add(services: Services, uow: UnitOfWork, actor: Actor, proposal: Proposal) -> None:
    now, roles = services.clock(), roles_of(proposal)
    require_open(uow, [proposal.unit_code])
    detail = {"roles": _text(roles), **_on(proposal)}
    # The entry comes first: its place in the chain lets one account after the other look for the same person.
    uow.audit.append(actor, Tag.STAFF_ADDED, proposal.subject, unit=proposal.unit_code, detail=detail)
    _check_new(uow, proposal.subject, roles, person=proposal.content["person"])
    uow.staff.add(
        Staff(
            login=proposal.subject,
            name=proposal.content["name"],
            unit_code=proposal.unit_code,
            roles=roles,
            password_hash=proposal.secret_hash,
            must_change_password=True,
            active=True,
            created_at=now,
            person_hash=proposal.content["person"],
            password_set_at=now,
        )
    )


def _give_post(uow: UnitOfWork, actor: Actor, proposal: Proposal) -> None:
    staff = uow.staff.get(proposal.subject)
    before = (proposal.content["unit-before"], proposal.content["roles-before"])
    if (staff.unit_code, _text(staff.roles)) != before:
        raise Conflict("提出之后此账号的角色或单位已有变化，未作任何更改。请不同意或撤回此件，重新提出。")
    post = Post(proposal.unit_code, roles_of(proposal))
    _check_post(uow, staff, post)
    _change(uow, actor, staff, post, proposal)


def _change(uow: UnitOfWork, actor: Actor, staff: Staff, post: Post, proposal: Proposal | None = None) -> None:
    """Write another post; the account's sessions end."""
    detail = {
        "roles": _text(post.roles), "roles-before": _text(staff.roles), "unit": post.unit_code,
        "unit-before": staff.unit_code, **(_on(proposal) if proposal else {}),
    }  # fmt: skip
    uow.audit.append(actor, Tag.STAFF_CHANGED, staff.login, unit=post.unit_code, detail=detail)
    if uow.staff.get(staff.login) != staff:
        raise Conflict("账号刚刚被他人更改，请刷新后按最新内容办理。")
    uow.staff.change(staff, unit_code=post.unit_code, roles=post.roles)
    uow.sessions.remove(login=staff.login)


def _reset(services: Services, uow: UnitOfWork, actor: Actor, proposal: Proposal) -> None:
    """A new first password; lock-outs and sessions end."""
    staff, login = uow.staff.get(proposal.subject), proposal.subject
    if staff.is_administrator != (proposal.kind is ProposalKind.STAFF_RESCUE):
        raise Conflict("提出之后此账号已有变化，未作任何更改。请不同意或撤回此件，重新提出。")
    lost = proposal.content["second-factor"] == "1"
    changes: dict[str, object] = {"password_hash": proposal.secret_hash, "must_change_password": True}
    changes["password_set_at"] = services.clock()
    if lost:
        changes["second_factor"] = False
    uow.staff.change(staff, guard=("password_hash",), **changes)
    if lost:
        forget_factors(uow, login)
        revoke_all(services, uow, actor, staff, RevocationReason.SUPERSEDED)
    uow.sessions.remove(login=login)
    forget_tries(services, uow, (*PASSWORD_LIMITS, *CODE_LIMITS), login)
    detail: dict[str, str | int] = {"second-factor": int(lost), **_on(proposal)}
    uow.audit.append(actor, Tag.STAFF_RESET, login, unit=staff.unit_code, detail=detail)


def roles_of(proposal: Proposal) -> frozenset[Role]:
    """The roles that an account is to have."""
    return frozenset(Role(name) for name in proposal.content["roles"].split(","))


def _check_roles(roles: frozenset[Role], unit_code: str) -> None:
    check_roles(roles, at_centre=unit_code == CENTRE_CODE)


def _check_login(login: str) -> None:
    if not (3 <= len(login) <= 60 and login.isascii() and login.replace("-", "").replace(".", "").isalnum()):
        raise Invalid("登录名应为 3 至 60 个字母、数字、点或连字符。")


def _check_new(uow: UnitOfWork, login: str, roles: frozenset[Role], *, person: str) -> None:
    administrator = bool(roles & ADMINISTRATORS)
    if administrator and not person:
        raise Invalid("系统管理员、安全管理员、审计员的账号必须登记本人身份证号码（只保存不可还原的摘要）。")
    if uow.staff.count(login=login):
        raise Conflict(f"人员账号 {login} 已存在。请换一个登录名。")
    refuse_second_account(login, same_person(uow, person), administrator=administrator)


def _check_post(uow: UnitOfWork, staff: Staff, post: Post) -> None:
    _check_roles(post.roles, post.unit_code)
    if (staff.roles | post.roles) & ADMINISTRATORS and post.roles != staff.roles:
        raise Conflict("三员（系统管理员、安全管理员、审计员）的账号不能改作他用，其他账号也不能改为三员，请新建账号。")
    require_open(uow, [post.unit_code])


def _require_closed(uow: UnitOfWork, staff: Staff) -> None:
    if staff.active:
        raise Conflict(f"账号 {staff.login} 没有停用。")
    refuse_second_account(staff.login, same_person(uow, staff.person_hash), administrator=staff.is_administrator)


def _may_reset(uow: UnitOfWork, actor: Actor, login: str) -> Staff:
    staff = uow.staff.get(login)
    action = Action.STAFF_RESCUE if staff.is_administrator else Action.STAFF_MANAGE
    authorise(actor, action, lineage=uow.units.lineage(staff.unit_code))
    if actor.login == login:
        raise Forbidden("不能重置自己的账号。修改密码请使用“修改密码”。")
    return staff


def _shown(staff: Staff) -> dict[str, str]:
    """What the second person sees of an account that there is."""
    return {"name": staff.name, "roles-before": _text(staff.roles)}


def _on(proposal: Proposal) -> dict[str, str]:
    """On whose proposal, for the log."""
    return {"case": proposal.id, "proposed_by": proposal.proposed_by}


def _text(roles: frozenset[Role]) -> str:
    return ",".join(sorted(roles))
