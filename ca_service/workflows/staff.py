"""Staff accounts, as the security administrator keeps them: add, change, disable, enable, reset, list.

The centre's security administrator keeps the accounts of every unit: who appoints people must not work under those
whom they appoint, and leagues have no such post. For the three administrators' own accounts a lost password or second
factor is replaced on the machine only (STAFF_RESCUE): otherwise the security administrator could become the auditor.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ca_service.clock import SHANGHAI
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import RevocationReason
from ca_service.domain.errors import Conflict, Forbidden, Invalid, NotFound
from ca_service.domain.persons import PersonDataError, parse_id_number
from ca_service.domain.roles import ADMINISTRATORS, Action, Actor, Role, authorise, check_roles
from ca_service.domain.sign_in import CODE_LIMITS, PASSWORD_LIMITS
from ca_service.domain.staff import Staff, refuse_last_administrator, refuse_second_account
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.open_units import require_open
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.second_factor import forget_factors
from ca_service.workflows.sign_in import forget_tries
from ca_service.workflows.staff_certificates import revoke_all

Hasher = Callable[[str], str]
_LONGEST_NAME = 60


@dataclass(frozen=True)
class NewStaff:
    """What the security administrator enters; `id_number` is needed for the three administrators and never kept."""

    login: str
    name: str
    unit_code: str
    roles: frozenset[Role]
    id_number: str = ""


def add_staff(services: Services, actor: Actor, new: NewStaff, *, first_password: str, hasher: Hasher) -> Staff:
    """Add an account with a first password that has to be changed; raises Invalid, Conflict, Forbidden."""
    with services.read() as uow:
        authorise(actor, Action.STAFF_MANAGE, lineage=uow.units.lineage(new.unit_code))
    staff = Staff(
        login=new.login,
        name=checked_name(new.name),
        unit_code=new.unit_code,
        roles=new.roles,
        password_hash=hasher(first_password),
        must_change_password=True,
        active=True,
        created_at=services.clock(),
        person_hash=person_hash(services, new.id_number) if new.id_number else "",
        password_set_at=services.clock(),
    )
    with services.begin() as uow:
        authorise(actor, Action.STAFF_MANAGE, lineage=uow.units.lineage(new.unit_code))
        _check_new(staff)
        require_open(uow, [new.unit_code])
        detail = {"roles": _text(new.roles)}
        # The entry comes first: its place in the chain lets one account after the other look for the same person.
        uow.audit.append(actor, Tag.STAFF_ADDED, new.login, unit=new.unit_code, detail=detail)
        refuse_second_account(staff, same_person(uow, staff.person_hash))
        uow.staff.add(staff)
    return staff


def _check_new(staff: Staff) -> None:
    check_roles(staff.roles, at_centre=staff.unit_code == CENTRE_CODE)
    login = staff.login
    if not (3 <= len(login) <= 60 and login.isascii() and login.replace("-", "").replace(".", "").isalnum()):
        raise Invalid("登录名应为 3 至 60 个字母、数字、点或连字符。")
    if staff.is_administrator and not staff.person_hash:
        raise Invalid("系统管理员、安全管理员、审计员的账号必须登记本人身份证号码（只保存不可还原的摘要）。")


@dataclass(frozen=True)
class Post:
    """Where a person works from now on, and as what."""

    unit_code: str
    roles: frozenset[Role]


def change_post(services: Services, actor: Actor, login: str, post: Post) -> Staff:
    """Give an account other roles or another unit; its sessions end. Raises Invalid, Conflict, Forbidden.

    An account of the three administrators stays what it is, and none becomes one: by way of a business role, which the
    security administrator may reset, they could else take over any of the three.
    """
    with services.begin() as uow:
        staff = _others(uow, actor, login)
        authorise(actor, Action.STAFF_MANAGE, lineage=uow.units.lineage(post.unit_code))
        check_roles(post.roles, at_centre=post.unit_code == CENTRE_CODE)
        if (post.unit_code, post.roles) == (staff.unit_code, staff.roles):
            return staff
        require_open(uow, [post.unit_code])
        if (staff.roles | post.roles) & ADMINISTRATORS:
            raise Conflict(
                "三员（系统管理员、安全管理员、审计员）的账号不能改作他用，其他账号也不能改为三员，请新建账号。"
            )
        detail = {
            "roles": _text(post.roles), "roles-before": _text(staff.roles), "unit": post.unit_code,
            "unit-before": staff.unit_code,
        }  # fmt: skip
        uow.audit.append(actor, Tag.STAFF_CHANGED, login, unit=post.unit_code, detail=detail)
        if uow.staff.get(login) != staff:
            raise Conflict("账号刚刚被他人更改，请刷新后按最新内容办理。")
        changed = uow.staff.change(staff, unit_code=post.unit_code, roles=post.roles)
        uow.sessions.remove(login=login)
        return changed


def disable_staff(services: Services, actor: Actor, login: str) -> Staff:
    """Close an account; its running sessions end at once, its certificates are revoked."""
    with services.begin() as uow:
        staff = _others(uow, actor, login)
        if not staff.active:
            raise Conflict(f"账号 {login} 已经停用。")
        uow.audit.append(actor, Tag.STAFF_DISABLED, login, unit=staff.unit_code)
        refuse_last_administrator(staff.roles, _active_besides(uow, login))
        closed = uow.staff.change(staff, guard=("active",), active=False)
        uow.sessions.remove(login=login)
        revoke_all(services, uow, actor, staff, RevocationReason.CESSATION_OF_OPERATION)
        return closed


def enable_staff(services: Services, actor: Actor, login: str) -> Staff:
    """Open a closed account again; a person's rules are asked anew."""
    with services.begin() as uow:
        staff = _others(uow, actor, login)
        if staff.active:
            raise Conflict(f"账号 {login} 没有停用。")
        uow.audit.append(actor, Tag.STAFF_ENABLED, login, unit=staff.unit_code)
        refuse_second_account(staff, same_person(uow, staff.person_hash))
        return uow.staff.change(staff, guard=("active",), active=True)


@dataclass(frozen=True)
class Reset:
    """A new first password, and with `second_factor` everything that the account had enrolled is gone."""

    first_password: str
    second_factor: bool


def reset_staff(services: Services, actor: Actor, login: str, reset: Reset, *, hasher: Hasher) -> Staff:
    """Replace a lost password, or a lost second factor and the password with it; lock-outs and sessions end.

    A second factor never goes alone: who found the password of somebody would only have to report the telephone lost.
    """
    with services.read() as uow:
        _may_reset(uow, actor, login)
    # Between two questions of rights: who has none must not cost the hashing, and no writer waits for it.
    hashed = hasher(reset.first_password)
    with services.begin() as uow:
        staff = _may_reset(uow, actor, login)
        changes: dict[str, object] = {"password_hash": hashed, "must_change_password": True}
        changes["password_set_at"] = services.clock()
        if reset.second_factor:
            changes["second_factor"] = False
        changed = uow.staff.change(staff, guard=("password_hash",), **changes)
        if reset.second_factor:
            forget_factors(uow, login)
            revoke_all(services, uow, actor, staff, RevocationReason.SUPERSEDED)
        uow.sessions.remove(login=login)
        forget_tries(services, uow, (*PASSWORD_LIMITS, *CODE_LIMITS), login)
        detail = {"second-factor": int(reset.second_factor)}
        uow.audit.append(actor, Tag.STAFF_RESET, login, unit=staff.unit_code, detail=detail)
        return changed


def _may_reset(uow: UnitOfWork, actor: Actor, login: str) -> Staff:
    staff = uow.staff.get(login)
    action = Action.STAFF_RESCUE if staff.is_administrator else Action.STAFF_MANAGE
    authorise(actor, action, lineage=uow.units.lineage(staff.unit_code))
    if actor.login == login:
        raise Forbidden("不能重置自己的账号。修改密码请使用“修改密码”。")
    return staff


def list_staff(services: Services, actor: Actor, window: Window = ALL, *, named: str = "") -> Listing[Staff]:
    """Accounts of the actor's subtree by login; `named` is a part of the login or the name."""
    with services.read() as uow:
        authorise(actor, Action.STAFF_READ, lineage=uow.units.lineage(actor.unit_code))
        return listing(uow.staff, window, within=actor.unit_code, named=named.strip()[:60])


def show_staff(services: Services, actor: Actor, login: str) -> Staff:
    """One account; raise NotFound, Forbidden."""
    with services.read() as uow:
        staff = uow.staff.get(login)
        authorise(actor, Action.STAFF_READ, lineage=uow.units.lineage(staff.unit_code))
        return staff


def unit_names(services: Services, codes: Sequence[str]) -> Mapping[str, str]:
    """The names of units, to be shown beside their codes."""
    with services.read() as uow:
        return {unit.code: unit.name for unit in uow.units.find(code=sorted(set(codes)))}


def active_staff(services: Services, login: str) -> Staff:
    """The account as it stands now; raise NotFound when it is closed."""
    with services.read() as uow:
        staff = uow.staff.get(login)
    if not staff.active:
        raise NotFound(f"账号 {login} 已停用。")
    return staff


def person_hash(services: Services, id_number: str) -> str:
    """How a person is recognised: the keyed hash of a right ID number, as applications have it; raise Invalid."""
    today = services.clock().astimezone(SHANGHAI).date()
    try:
        number = parse_id_number(id_number, today=today, zero_tail_confirmed=True)
    except PersonDataError as error:
        raise Invalid(str(error)) from error
    return services.keyed_hash(number.value)


def same_person(uow: UnitOfWork, person: str) -> Sequence[Staff]:
    """The active accounts of a person."""
    return uow.staff.find(person_hash=person, active=True) if person else ()


def checked_name(name: str) -> str:
    """A name as it is shown; raise Invalid."""
    text = name.strip()
    if not text or len(text) > _LONGEST_NAME or not text.isprintable():
        raise Invalid(f"请填写姓名（最多 {_LONGEST_NAME} 个字）。")
    return text


def _others(uow: UnitOfWork, actor: Actor, login: str) -> Staff:
    """Somebody else's account, which the actor may manage."""
    staff = uow.staff.get(login)
    authorise(actor, Action.STAFF_MANAGE, lineage=uow.units.lineage(staff.unit_code))
    if actor.login == login:
        raise Forbidden("不能停用或更改自己的账号，请由另一名安全管理员办理。")
    return staff


def _active_besides(uow: UnitOfWork, login: str) -> Sequence[Staff]:
    return [staff for staff in uow.staff.find(unit_code=CENTRE_CODE, active=True) if staff.login != login]


def _text(roles: frozenset[Role]) -> str:
    return ",".join(sorted(roles))
