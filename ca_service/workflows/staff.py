"""Staff accounts: add, disable, list, sign in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Invalid, NotFound, Unauthenticated
from ca_service.domain.roles import Action, Actor, Role, authorise, check_roles
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.open_units import require_open
from ca_service.workflows.ports import Services

Hasher = Callable[[str], str]
Verifier = Callable[[str, str], bool]


@dataclass(frozen=True)
class NewStaff:
    """What the security administrator enters."""

    login: str
    name: str
    unit_code: str
    roles: frozenset[Role]


def add_staff(services: Services, actor: Actor, new: NewStaff, *, first_password: str, hasher: Hasher) -> Staff:
    """Add an account with a first password that has to be changed; raises Invalid, Conflict, Forbidden."""
    check_roles(new.roles, at_centre=new.unit_code == CENTRE_CODE)
    if not (
        3 <= len(new.login) <= 60 and new.login.isascii() and new.login.replace("-", "").replace(".", "").isalnum()
    ):
        raise Invalid("登录名应为 3 至 60 个字母、数字、点或连字符。")
    staff = Staff(
        login=new.login,
        name=new.name,
        unit_code=new.unit_code,
        roles=new.roles,
        password_hash=hasher(first_password),
        must_change_password=True,
        active=True,
        created_at=services.clock(),
    )
    with services.begin() as uow:
        authorise(actor, Action.STAFF_MANAGE, lineage=uow.units.lineage(new.unit_code))
        require_open(uow, [new.unit_code])
        uow.staff.add(staff)
        detail = {"roles": ",".join(sorted(new.roles))}
        uow.audit.append(actor, Tag.STAFF_ADDED, new.login, unit=new.unit_code, detail=detail)
    return staff


def disable_staff(services: Services, actor: Actor, login: str) -> Staff:
    """Close an account; its running sessions end with the next request."""
    with services.begin() as uow:
        staff = uow.staff.get(login)
        authorise(actor, Action.STAFF_MANAGE, lineage=uow.units.lineage(staff.unit_code))
        changed = uow.staff.change(staff, active=False)
        uow.audit.append(actor, Tag.STAFF_DISABLED, login, unit=staff.unit_code)
        return changed


def list_staff(services: Services, actor: Actor) -> Sequence[Staff]:
    """All accounts of the actor's subtree."""
    with services.read() as uow:
        authorise(actor, Action.STAFF_READ, lineage=uow.units.lineage(actor.unit_code))
        return [s for s in uow.staff.find() if actor.unit_code in uow.units.lineage(s.unit_code)]


def active_staff(services: Services, login: str) -> Staff:
    """The account as it stands now; raise NotFound when it is closed."""
    with services.read() as uow:
        staff = uow.staff.get(login)
    if not staff.active:
        raise NotFound(f"账号 {login} 已停用。")
    return staff


def sign_in(services: Services, login: str, password: str, *, verifier: Verifier) -> Staff:
    """The account whose password this is; raise Unauthenticated, telling nobody whether the login exists."""
    with services.begin() as uow:
        found = uow.staff.find(login=login)
        staff = found[0] if found and found[0].active else None
        # A missing account costs as much time as a wrong password.
        holds = verifier(staff.password_hash if staff else "", password)
        known = Actor(login[:60], staff.unit_code if staff else "", frozenset(), "web")
        accepted = staff if staff is not None and holds else None
        tag = Tag.STAFF_SIGNED_IN if accepted else Tag.STAFF_REFUSED
        uow.audit.append(known, tag, login[:60], unit=known.unit_code)
    if accepted is None:
        raise Unauthenticated("登录名或密码不正确。")
    return accepted


def change_password(services: Services, staff: Staff, password: str, *, hasher: Hasher) -> Staff:
    """Set an own password: 12 characters or more, not the login."""
    if len(password) < 12 or staff.login.lower() in password.lower():
        raise Invalid("新密码至少 12 个字符，且不得包含登录名。")
    with services.begin() as uow:
        return uow.staff.change(staff, password_hash=hasher(password), must_change_password=False)
