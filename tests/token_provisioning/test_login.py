"""What is said before and after a PIN is sent, by the flags of the token; SoftHSM never sets most of them."""

from dataclasses import replace
from typing import Any

import pkcs11
import pytest

from token_provisioning.device import TokenInfo
from token_provisioning.errors import (
    LastTryHeldError,
    PinLockedError,
    PinWrongError,
    SoPinWrongError,
    TokenError,
    TokenFailedError,
    TokenFullError,
    TokenRemovedError,
)
from token_provisioning.login import Tries, open_so, open_user, require_tries, translate, tries

CALM = TokenInfo(
    slot=1,
    serial="0102",
    label="educa",
    model="m",
    manufacturer="v",
    initialised=True,
    user_pin_set=True,
    pin_locked=False,
    pin_final_try=False,
    pin_count_low=False,
    pin_to_be_changed=False,
)


class FakeToken:
    """A token object as python-pkcs11 gives it; `refusal` is raised by every login."""

    label = model = manufacturer_id = "x"

    def __init__(self, flags: int = 0, *, refusal: Exception | None = None, present: bool = True) -> None:
        self.flags = pkcs11.TokenFlag(flags | pkcs11.TokenFlag.USER_PIN_INITIALIZED)
        self.serial = b"0102            "
        self.slot_id = 1
        self.refusal = refusal
        self.present = present
        self.logins = 0

    @property
    def slot(self) -> "FakeToken":
        return self

    def get_token(self) -> "FakeToken":
        if not self.present:
            raise pkcs11.TokenNotPresent
        return self

    def close(self) -> None:
        """Be a session too."""

    def open(self, **login: Any) -> "FakeToken":
        if login:
            self.logins += 1
            if self.refusal is not None:
                raise self.refusal
        return self


def test_a_locked_pin_is_not_sent() -> None:
    with pytest.raises(PinLockedError):
        require_tries(replace(CALM, pin_locked=True), last_try=True)


def test_the_last_try_is_kept_unless_the_person_insists() -> None:
    final = replace(CALM, pin_final_try=True)

    with pytest.raises(LastTryHeldError, match="--last-try"):
        require_tries(final, last_try=False)
    require_tries(final, last_try=True)


@pytest.mark.parametrize(
    ("flag", "error"),
    [
        (pkcs11.TokenFlag.USER_PIN_FINAL_TRY, LastTryHeldError),
        (pkcs11.TokenFlag.USER_PIN_LOCKED, PinLockedError),
    ],
)
def test_the_flags_are_asked_before_the_login(flag: int, error: type[TokenError]) -> None:
    token: Any = FakeToken(flag)

    with pytest.raises(error):
        open_user(token, "123457")
    assert token.logins == 0


def test_the_last_try_is_used_when_insisted_on() -> None:
    token: Any = FakeToken(pkcs11.TokenFlag.USER_PIN_FINAL_TRY)

    open_user(token, "123457", last_try=True)
    assert token.logins == 1


@pytest.mark.parametrize(
    ("info", "told"),
    [
        (CALM, Tries.UNTOLD),
        (replace(CALM, pin_count_low=True), Tries.LOW),
        (replace(CALM, pin_count_low=True, pin_final_try=True), Tries.FINAL),
        (replace(CALM, pin_final_try=True, pin_locked=True), Tries.LOCKED),
    ],
)
def test_tries_are_told_as_far_as_the_token_tells(info: TokenInfo, told: Tries) -> None:
    assert tries(info) is told


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        (0, "介质未告知剩余次数"),
        (pkcs11.TokenFlag.USER_PIN_COUNT_LOW, "剩余次数已减少"),
        (pkcs11.TokenFlag.USER_PIN_FINAL_TRY, "只剩最后一次"),
    ],
)
def test_a_refused_pin_says_what_is_left(flag: int, words: str) -> None:
    token: Any = FakeToken(flag, refusal=pkcs11.PinIncorrect())

    with pytest.raises(PinWrongError, match=words):
        open_user(token, "123457", last_try=True)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (pkcs11.PinIncorrect, PinWrongError),
        (pkcs11.PinLenRange, PinWrongError),
        (pkcs11.PinLocked, PinLockedError),
        (pkcs11.DeviceRemoved, TokenRemovedError),
        (pkcs11.DeviceError, TokenFailedError),
    ],
)
def test_a_refused_login_is_named(code: type[Exception], error: type[TokenError]) -> None:
    token: Any = FakeToken(refusal=code())

    with pytest.raises(error):
        open_user(token, "123457")


def test_a_wrong_so_pin_is_named() -> None:
    token: Any = FakeToken(refusal=pkcs11.PinIncorrect())

    with pytest.raises(SoPinWrongError):
        open_so(token, "123457")


@pytest.mark.parametrize(
    ("code", "present", "error"),
    [
        (pkcs11.DeviceMemory, True, TokenFullError),
        (pkcs11.SessionHandleInvalid, True, TokenRemovedError),
        (pkcs11.GeneralError, True, TokenFailedError),
        (pkcs11.GeneralError, False, TokenRemovedError),
        (pkcs11.ObjectHandleInvalid, False, TokenRemovedError),
    ],
)
def test_an_error_of_the_module_is_named(
    code: type[pkcs11.PKCS11Error], present: bool, error: type[TokenError]
) -> None:
    token: Any = FakeToken(present=present)

    assert type(translate(code(), token)) is error
