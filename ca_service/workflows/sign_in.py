"""Signing in: the password, then the second factor; tries are counted before anything is looked at.

    1. count the try for the login and for the address (a transaction of its own: parallel tries cannot slip through)
    2. compare, outside every transaction: argon2 takes its time, and a writer must not wait for it
    3. session and audit entry together; or the audit entry of the refusal

A death after 1 leaves a counted try, after 2 nothing; after 3 the browser has no identifier and signs in again.
"""

from collections.abc import Callable, Sequence
from typing import NoReturn

from ca_service.domain.audit import Tag
from ca_service.domain.errors import TooMany, Unauthenticated
from ca_service.domain.password_rules import LONGEST, normalised
from ca_service.domain.roles import Actor
from ca_service.domain.second_factors import tidy_code
from ca_service.domain.sign_in import CODE_LIMITS, PASSWORD_LIMITS, SOURCE_LIMITS, Limit, Method, Origin, Session
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.sessions import Opened, open_session, replace_session

Verifier = Callable[[str, str], bool]

_WRONG = "登录名或密码不正确。"
# What was typed as a login may be a password in the wrong field: it is not written down.
_NOBODY = Actor("unknown", CENTRE_CODE, frozenset(), "web")


def by_password(services: Services, login: str, password: str, origin: Origin, *, verifier: Verifier) -> Opened:
    """A session of the account whose password this is; it is half way if a second factor is enrolled.

    Raises TooMany, Unauthenticated (which tells nobody whether the login exists).
    """
    admit(services, PASSWORD_LIMITS, login, origin)
    with services.read() as uow:
        found = uow.staff.find(login=login)
    staff = found[0] if found and found[0].active else None
    # A missing account costs as much time as a wrong password.
    if not password_holds(staff, password, verifier=verifier) or staff is None:
        refuse_sign_in(services, staff, origin, "password", _WRONG)
    if staff.first_password_expired(services.clock()):
        refuse_sign_in(
            services, staff, origin, "first-password-expired", "初始密码已超过 14 天，请联系安全管理员重新设置。"
        )
    with services.begin() as uow:
        opened = open_session(services, uow, staff, Method.PASSWORD, origin)
        forget_tries(services, uow, PASSWORD_LIMITS, login)
        if not staff.second_factor:
            signed_in(uow, staff, origin, Method.PASSWORD)
    return opened


def by_code(services: Services, staff: Staff, session: Session, typed: str, origin: Origin) -> Opened:
    """Complete a session that is half way, by a code of the authenticator or a recovery code.

    Raises TooMany, Unauthenticated (also for a code that was used), Conflict where a request at the same time used it.
    """
    admit(services, CODE_LIMITS, staff.login, origin)
    code = tidy_code(typed)
    with services.begin() as uow:
        method = take_code(services, uow, staff, code)
        if method is not None:
            opened = replace_session(services, uow, staff, session, method=method, origin=origin)
            forget_tries(services, uow, CODE_LIMITS, staff.login)
            signed_in(uow, staff, origin, method)
    if method is None:
        refuse_sign_in(
            services, staff, origin, "code", "验证码不正确或已使用过。请等待下一个验证码，或使用未用过的恢复码。"
        )
    return opened


def take_code(services: Services, uow: UnitOfWork, staff: Staff, code: str) -> Method | None:
    """Use a code up, if it is a right one; raise Conflict where another request was first with it."""
    now = services.clock()
    for key in uow.totp_keys.find(login=staff.login):
        step = key.accepted_step(code, now)
        if key.confirmed_at is not None and step is not None:
            uow.totp_keys.change(key, guard=("last_step",), last_step=step)
            return Method.TOTP
    found = uow.recovery_codes.find(code_hash=recovery_hash(services, staff.login, code), used_at=None)
    if found:
        uow.recovery_codes.change(found[0], guard=("used_at",), used_at=now)
        return Method.RECOVERY
    return None


def recovery_hash(services: Services, login: str, code: str) -> str:
    """As which a recovery code is kept."""
    return services.keyed_hash(f"recovery:{login}:{code}")


def admit(services: Services, limits: Sequence[Limit], login: str, origin: Origin) -> None:
    """Count a try for a login, whether it exists or not, and for the address; raise TooMany."""
    now = services.clock()
    wait = 0
    with services.begin() as uow:
        for limit, subject in [*((limit, login) for limit in limits), *((one, origin.source) for one in SOURCE_LIMITS)]:
            tries, since = uow.tries.count(_key(services, limit, subject), per=limit.per, now=now)
            if tries > limit.tries:
                wait = max(wait, int((since + limit.per - now).total_seconds()) + 1)
    if wait:
        services.meter.sign_in_refused("too-many")
    if wait > 60:
        raise TooMany("尝试次数过多，已暂时锁定。请明天再试，或联系安全管理员重置。", facts={"retry_after": wait})
    if wait:
        raise TooMany("一分钟内尝试次数过多，请一分钟后再试。", facts={"retry_after": wait})


def forget_tries(services: Services, uow: UnitOfWork, limits: Sequence[Limit], login: str) -> None:
    """Begin counting anew for a login."""
    uow.tries.forget([_key(services, limit, login) for limit in limits])


def password_holds(staff: Staff | None, password: str, *, verifier: Verifier) -> bool:
    """Whether this is the password of the account; nobody's is never."""
    # What is longer than any password may be is not worth the hashing.
    plain = normalised(password) if len(password) <= LONGEST else ""
    return verifier(staff.password_hash if staff else "", plain)


def _key(services: Services, limit: Limit, subject: str) -> str:
    return services.keyed_hash(f"tries:{limit.name}:{subject}")


def signed_in(uow: UnitOfWork, staff: Staff, origin: Origin, method: Method) -> None:
    """Note in the audit log that somebody is in."""
    detail = {"method": method.value, "source": origin.source}
    uow.audit.append(staff.actor("web"), Tag.STAFF_SIGNED_IN, staff.login, unit=staff.unit_code, detail=detail)


def refuse_sign_in(services: Services, staff: Staff | None, origin: Origin, why: str, told: str) -> NoReturn:
    """Note a refused sign-in in a transaction of its own; raise Unauthenticated with what the person is told."""
    actor = staff.actor("web") if staff else _NOBODY
    detail = {"why": why, "source": origin.source}
    with services.begin() as uow:
        uow.audit.append(actor, Tag.STAFF_REFUSED, actor.login, unit=actor.unit_code, detail=detail)
    services.meter.sign_in_refused(why)
    raise Unauthenticated(told)
