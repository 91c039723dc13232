"""The own second factors: an authenticator with recovery codes, what is enrolled, and its removal."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.second_factors import (
    PENDING,
    RECOVERY_CODES,
    RECOVERY_LENGTH,
    Passkey,
    RecoveryCode,
    TotpKey,
    TotpSecret,
    shown_code,
    tidy_code,
)
from ca_service.domain.sign_in import CODE_LIMITS, Method, Origin, Session
from ca_service.domain.staff import Staff
from ca_service.workflows.enrol_codes import random_text
from ca_service.workflows.ports import Before, Services, UnitOfWork
from ca_service.workflows.sessions import Opened, replace_session
from ca_service.workflows.sign_in import admit, forget_tries, recovery_hash


@dataclass(frozen=True)
class Factors:
    """What an account has enrolled."""

    totp_since: datetime | None
    passkeys: Sequence[Passkey]
    recovery_left: int


@dataclass(frozen=True)
class Enrolled:
    """A second factor is in use: the session under its new identifier, and recovery codes, shown once."""

    opened: Opened
    recovery_codes: Sequence[str]


def factors(services: Services, staff: Staff) -> Factors:
    """What this account has enrolled; no secret is in it."""
    with services.read() as uow:
        confirmed = [key.confirmed_at for key in uow.totp_keys.find(login=staff.login) if key.confirmed_at]
        return Factors(
            totp_since=max(confirmed, default=None),
            passkeys=uow.passkeys.find(login=staff.login, order="created_at"),
            recovery_left=uow.recovery_codes.count(login=staff.login, used_at=None),
        )


def pending_totp(services: Services, staff: Staff) -> TotpKey:
    """The authenticator that waits for its first code: made now, or within the last half hour.

    Its secret is shown while it waits and never after. An authenticator in use goes on until the new one is confirmed.
    """
    now = services.clock()
    with services.begin() as uow:
        uow.totp_keys.remove(login=staff.login, confirmed_at=None, created_at=Before(now - PENDING))
        waiting = uow.totp_keys.find(login=staff.login, confirmed_at=None)
        if waiting:
            return waiting[0]
        secret = TotpSecret(_base32(services.random_bytes(20)))
        key = TotpKey(services.new_id("K"), staff.login, secret, now)
        uow.totp_keys.add(key)
        return key


def confirm_totp(services: Services, staff: Staff, session: Session, typed: str, origin: Origin) -> Enrolled:
    """Take the authenticator into use by its first code; it takes the place of an earlier one.

    Raises TooMany, Invalid for a wrong code, Conflict where nothing waits.
    """
    admit(services, CODE_LIMITS, staff.login, origin)
    now = services.clock()
    with services.begin() as uow:
        waiting = uow.totp_keys.find(login=staff.login, confirmed_at=None)
        if not waiting:
            raise Conflict("没有等待确认的动态验证码，请重新打开本页。")
        step = waiting[0].accepted_step(tidy_code(typed), now)
        if step is None:
            raise Invalid("验证码不正确。请确认手机时间准确，并输入应用中当前显示的 6 位数字。")
        earlier = [key.id for key in uow.totp_keys.find(login=staff.login) if key.confirmed_at is not None]
        uow.totp_keys.remove(id=earlier)
        uow.totp_keys.change(waiting[0], guard=("confirmed_at",), confirmed_at=now, last_step=step)
        return taken_into_use(services, uow, staff, session, origin=origin, method=Method.TOTP)


def taken_into_use(
    services: Services, uow: UnitOfWork, staff: Staff, session: Session, *, origin: Origin, method: Method
) -> Enrolled:
    """What follows in the transaction of a new factor: the account demands it, other sessions end, codes are made."""
    changed = uow.staff.change(staff, second_factor=True)
    others = [s.id_hash for s in uow.sessions.find(login=staff.login) if s.id_hash != session.id_hash]
    uow.sessions.remove(id_hash=others)
    opened = replace_session(services, uow, changed, session, method=method, origin=origin)
    forget_tries(services, uow, CODE_LIMITS, staff.login)
    detail = {"method": method.value, "source": origin.source}
    uow.audit.append(
        staff.actor("web"), Tag.STAFF_SECOND_FACTOR_ADDED, staff.login, unit=staff.unit_code, detail=detail
    )
    codes = [] if uow.recovery_codes.count(login=staff.login, used_at=None) else _make_codes(services, uow, staff)
    return Enrolled(opened, codes)


def new_recovery_codes(services: Services, staff: Staff) -> Sequence[str]:
    """Ten fresh codes, shown once; those from before are void."""
    with services.begin() as uow:
        if not uow.staff.get(staff.login).second_factor:
            raise Conflict("请先启用动态验证码或通行密钥，再生成恢复码。")
        uow.recovery_codes.remove(login=staff.login)
        codes = _make_codes(services, uow, staff)
        uow.audit.append(staff.actor("web"), Tag.STAFF_RECOVERY_CODES_MADE, staff.login, unit=staff.unit_code)
        return codes


def remove_passkey(services: Services, staff: Staff, passkey_id: str) -> None:
    """Take a passkey out of use; the last second factor stays."""
    with services.begin() as uow:
        rest = [key for key in uow.passkeys.find(login=staff.login) if key.id != passkey_id]
        confirmed = [key for key in uow.totp_keys.find(login=staff.login) if key.confirmed_at is not None]
        if not rest and not confirmed:
            raise Conflict("这是最后一个第二因素，不能删除。请先启用动态验证码或另一个通行密钥。")
        if not uow.passkeys.remove(login=staff.login, id=passkey_id):
            raise Conflict("这个通行密钥已经删除。")
        detail = {"method": Method.PASSKEY.value}
        uow.audit.append(
            staff.actor("web"), Tag.STAFF_SECOND_FACTOR_REMOVED, staff.login, unit=staff.unit_code, detail=detail
        )


def forget_factors(uow: UnitOfWork, login: str) -> None:
    """Remove everything that an account has enrolled, inside a running transaction."""
    for kind in (uow.totp_keys, uow.recovery_codes, uow.passkeys):
        kind.remove(login=login)


def _make_codes(services: Services, uow: UnitOfWork, staff: Staff) -> Sequence[str]:
    codes = [random_text(services, RECOVERY_LENGTH) for _ in range(RECOVERY_CODES)]
    now = services.clock()
    uow.recovery_codes.add_all(
        RecoveryCode(recovery_hash(services, staff.login, code), staff.login, now) for code in codes
    )
    return [shown_code(code) for code in codes]


def _base32(octets: bytes) -> str:
    return base64.b32encode(octets).decode()
