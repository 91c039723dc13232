"""Login to a token that may still have the first PIN, which its holder must replace.

The mark on the token (or CKF_USER_PIN_TO_BE_CHANGED, where a module has it) tells that the PIN is
the first one. The PIN is changed before the mark is cleared: a run that dies between the two leaves
a mark that is out of date, never a first PIN that counts as the holder's own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from pkcs11 import Session, Token

from token_provisioning.attributes import FIRST_PIN_LABEL
from token_provisioning.errors import NewPinNeededError, PinWrongError
from token_provisioning.login import open_user, translated
from token_provisioning.marks import has_mark
from token_provisioning.module import token_info
from token_provisioning.pins import check_new_pin
from token_provisioning.pkcs11_device import Pkcs11Device


@dataclass(frozen=True, kw_only=True)
class HolderPins:
    """The present PIN, and where a new one comes from if the present one is the first; `None`: nowhere.

    `prepared`: the new PIN was fixed before the run, so that an earlier run may have set it already. `known`: what the
    new PIN must not be taken from.
    """

    current: str = field(repr=False)
    new: Callable[[], str] | None = None
    prepared: bool = False
    last_try: bool = False
    known: tuple[str, ...] = ()


def has_first_pin(token: Token) -> bool:
    """Tell, without login, whether the PIN has to be changed at first use."""
    with translated(token):
        info = token_info(token.slot.get_token())
        with token.open() as session:
            return info.pin_to_be_changed or has_mark(session, FIRST_PIN_LABEL)


def open_holder(token: Token, pins: HolderPins) -> Session:
    """Log in, changing the first PIN if it is still set; returns a read-write session."""
    if not has_first_pin(token):
        return _open_settled(token, pins)
    if pins.new is None:
        raise NewPinNeededError
    new = pins.new()
    check_new_pin(new, old=pins.current, known=(token_info(token).serial, *pins.known))
    session, used = _open_either(token, pins.current, new, last_try=pins.last_try)
    device = Pkcs11Device(session)
    if used == pins.current:
        device.change_pin(old=pins.current, new=new)
    device.clear_mark(FIRST_PIN_LABEL)
    return session


def _open_settled(token: Token, pins: HolderPins) -> Session:
    # No mark: an earlier run has changed the PIN, so of two PINs on file the new one is likelier.
    if pins.prepared and pins.new is not None:
        return _open_either(token, pins.new(), pins.current, last_try=pins.last_try)[0]
    return open_user(token, pins.current, last_try=pins.last_try)


def _open_either(token: Token, first: str, second: str, *, last_try: bool) -> tuple[Session, str]:
    """Log in with one of two PINs; the second is tried only while the token allows it without risk."""
    try:
        return open_user(token, first, last_try=last_try), first
    except PinWrongError:
        if last_try:
            raise  # one try was granted, and it is used up
    return open_user(token, second), second
