"""PIN login, with care for the number of tries."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import pkcs11
from pkcs11 import Session, Token

from token_provisioning.device import TokenInfo
from token_provisioning.errors import (
    LastTryHeldError,
    NotInitialisedError,
    PinLockedError,
    PinWrongError,
    SoPinWrongError,
    TokenError,
    TokenFailedError,
    TokenFullError,
    TokenRemovedError,
)
from token_provisioning.module import token_info

_REMOVED = (
    pkcs11.DeviceRemoved,
    pkcs11.TokenNotPresent,
    pkcs11.SessionHandleInvalid,
    pkcs11.SessionClosed,
    pkcs11.SlotIDInvalid,
)
_FULL = (pkcs11.DeviceMemory,)
_REFUSED = (pkcs11.PinIncorrect, pkcs11.PinLenRange, pkcs11.PinInvalid)


class Tries(StrEnum):
    """What CK_TOKEN_INFO tells about the tries of the user PIN: flags, never a number (PKCS#11 v2.40, 3.2)."""

    UNTOLD = "untold"
    LOW = "low"
    FINAL = "final"
    LOCKED = "locked"


TRIES_TEXTS = {
    Tries.UNTOLD: "介质未告知剩余次数，连续输错可能锁定，请核对后再试",
    Tries.LOW: "介质提示曾输错 PIN，剩余次数已减少，请核对后再试",
    Tries.FINAL: "只剩最后一次尝试机会，再错将锁定，请确认后再试",
    Tries.LOCKED: "PIN 已锁定，请联系管理部门办理解锁",
}


@contextmanager
def translated(token: Token) -> Iterator[None]:
    """Turn errors of the module inside the block into errors of this package."""
    try:
        yield
    except pkcs11.PKCS11Error as error:
        raise translate(error, token) from error


def translate(error: pkcs11.PKCS11Error, token: Token) -> TokenError:
    """Name an error of the module; a general failure of a token that is gone is its removal."""
    if isinstance(error, _FULL):
        return TokenFullError()
    if isinstance(error, pkcs11.PinLocked):
        return PinLockedError()
    if isinstance(error, _REMOVED) or not is_present(token):
        return TokenRemovedError()
    return TokenFailedError(code=type(error).__name__)


def is_present(token: Token) -> bool:
    """Tell whether the token that was opened is still in its slot."""
    try:
        now = token.slot.get_token()
        # The cached token info of some modules survives the token: only a session asks the token itself.
        now.open().close()
    except pkcs11.PKCS11Error:
        return False
    return bool(now.serial == token.serial)


def require_tries(info: TokenInfo, *, last_try: bool) -> None:
    """Raise before a PIN is sent: `PinLockedError`, or `LastTryHeldError` unless the person insists."""
    if info.pin_locked:
        raise PinLockedError
    if info.pin_final_try and not last_try:
        raise LastTryHeldError


def open_user(token: Token, pin: str, *, last_try: bool = False) -> Session:
    """Log the user in and return a read-write session; close it to log out."""
    with translated(token):
        info = token_info(token.slot.get_token())
        if not info.user_pin_set:
            raise NotInitialisedError(missing="未设置用户 PIN")
        require_tries(info, last_try=last_try)
        try:
            return token.open(rw=True, user_pin=pin)
        except _REFUSED as error:
            raise wrong_pin(token) from error


def wrong_pin(token: Token) -> PinWrongError:
    """Return the error for a PIN that was refused just now, with what the token tells about further tries."""
    return PinWrongError(left=TRIES_TEXTS[tries(token_info(token.slot.get_token()))])


def open_so(token: Token, so_pin: str) -> Session:
    """Log the security officer in and return a read-write session."""
    with translated(token):
        try:
            return token.open(rw=True, so_pin=so_pin)
        except _REFUSED as error:
            raise SoPinWrongError from error


def tries(info: TokenInfo) -> Tries:
    """Tell about further tries what the token tells, and no more."""
    if info.pin_locked:
        return Tries.LOCKED
    if info.pin_final_try:
        return Tries.FINAL
    return Tries.LOW if info.pin_count_low else Tries.UNTOLD
