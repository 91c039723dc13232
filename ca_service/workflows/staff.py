"""Staff accounts, as the security administrator keeps them: closed at once, listed, shown.

The centre's security administrator keeps the accounts of every unit: who appoints people must not work under those
whom they appoint, and leagues have no such post. What gives somebody anything takes a second person: see
`staff_proposals`.
"""

from collections.abc import Mapping, Sequence

from ca_service.clock import SHANGHAI
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import RevocationReason
from ca_service.domain.errors import Conflict, Forbidden, Invalid, NotFound
from ca_service.domain.persons import PersonDataError, parse_id_number
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.staff import Staff, refuse_last_administrator
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.staff_certificates import revoke_all

_LONGEST_NAME = 60


def disable_staff(services: Services, actor: Actor, login: str) -> Staff:
    """Close an account; its running sessions end at once, its certificates are revoked."""
    with services.begin() as uow:
        staff = others_account(uow, actor, login)
        if not staff.active:
            raise Conflict(f"账号 {login} 已经停用。")
        uow.audit.append(actor, Tag.STAFF_DISABLED, login, unit=staff.unit_code)
        refuse_last_administrator(staff.roles, _active_besides(uow, login))
        closed = uow.staff.change(staff, guard=("active",), active=False)
        uow.sessions.remove(login=login)
        revoke_all(services, uow, actor, staff, RevocationReason.CESSATION_OF_OPERATION)
        return closed


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


def others_account(uow: UnitOfWork, actor: Actor, login: str) -> Staff:
    """Somebody else's account, which the actor may manage."""
    staff = uow.staff.get(login)
    authorise(actor, Action.STAFF_MANAGE, lineage=uow.units.lineage(staff.unit_code))
    if actor.login == login:
        raise Forbidden("不能停用或更改自己的账号，请由另一名安全管理员办理。")
    return staff


def _active_besides(uow: UnitOfWork, login: str) -> Sequence[Staff]:
    return [staff for staff in uow.staff.find(unit_code=CENTRE_CODE, active=True) if staff.login != login]
