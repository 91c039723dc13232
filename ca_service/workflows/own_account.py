"""What a person does to the own account: password, name and ID number."""

from collections.abc import Callable
from dataclasses import dataclass

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.password_rules import check_password, normalised
from ca_service.domain.sign_in import PASSWORD_LIMITS, Origin, Session
from ca_service.domain.staff import Staff, refuse_second_account
from ca_service.workflows.ports import Services
from ca_service.workflows.sessions import Opened, replace_session
from ca_service.workflows.sign_in import Verifier, admit, forget_tries, password_holds
from ca_service.workflows.staff import checked_name, person_hash, same_person

Hasher = Callable[[str], str]


@dataclass(frozen=True)
class NewPassword:
    """As typed: the present one, the new one twice."""

    old: str
    new: str
    again: str


def change_password(
    services: Services, staff: Staff, session: Session, typed: NewPassword, *, origin: Origin, verifier: Verifier,
    hasher: Hasher,
) -> Opened:  # fmt: skip
    """Set an own password; every other session of the account ends. Raises Invalid, TooMany."""
    confirm_password(services, staff, typed.old, origin=origin, verifier=verifier)
    if typed.new != typed.again or typed.new == typed.old:
        raise Invalid("两次输入的新密码不一致，或与现用密码相同。")
    check_password(typed.new, staff)
    hashed = hasher(normalised(typed.new))
    with services.begin() as uow:
        changed = uow.staff.change(
            staff, guard=("password_hash",), password_hash=hashed, must_change_password=False,
            password_set_at=services.clock(),
        )  # fmt: skip
        others = [s.id_hash for s in uow.sessions.find(login=staff.login) if s.id_hash != session.id_hash]
        uow.sessions.remove(id_hash=others)
        uow.audit.append(staff.actor("web"), Tag.STAFF_PASSWORD_CHANGED, staff.login, unit=staff.unit_code)
        return replace_session(services, uow, changed, session, method=session.method, origin=origin)


def confirm_password(services: Services, staff: Staff, password: str, *, origin: Origin, verifier: Verifier) -> None:
    """Ask for the password once more before a change of the account; raises Invalid, TooMany."""
    admit(services, PASSWORD_LIMITS, staff.login, origin)
    if not password_holds(staff, password, verifier=verifier):
        raise Invalid("现用密码不正确。")
    with services.begin() as uow:
        forget_tries(services, uow, PASSWORD_LIMITS, staff.login)


def identify(services: Services, staff: Staff, *, name: str, id_number: str) -> Staff:
    """Say who the person behind an account of the ceremony is; once. Raises Invalid, Conflict."""
    person = person_hash(services, id_number)
    with services.begin() as uow:
        if not staff.must_identify:
            raise Conflict("本账号已经登记过本人身份。")
        actor = staff.actor("web")
        uow.audit.append(actor, Tag.STAFF_IDENTIFIED, staff.login, unit=staff.unit_code)
        changed = uow.staff.change(
            staff, guard=("must_identify",), name=checked_name(name), person_hash=person, must_identify=False
        )
        refuse_second_account(changed.login, same_person(uow, person), administrator=changed.is_administrator)
        return changed
