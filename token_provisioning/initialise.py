"""A blank token becomes one of ours, at the centre.

1. The token is blank, or the operator has said to erase it.
2. The first PIN is kept before the token knows it.
3. C_InitToken with the vendor's SO PIN: everything on the token is destroyed. The first PIN is set.
4. The binding key is made, its attributes are read back, and the mark "first PIN" is set.
5. The new SO PIN is kept before the token knows it: a token whose SO PIN is known to nobody is scrap.
6. The SO PIN is changed, last of all: with it the token is complete. Until then the vendor's opens it, so that
   a run broken off anywhere begins again at 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pkcs11 import Attribute, ObjectClass, Session, Token

from token_provisioning.attributes import BINDING_LABEL, FIRST_PIN_LABEL, KeyAlgorithm
from token_provisioning.errors import (
    AlreadyUsedError,
    CannotDoError,
    SoPinWrongError,
    TokenFailedError,
    TokenRemovedError,
)
from token_provisioning.login import is_present, open_so, open_user, translated
from token_provisioning.marks import has_mark
from token_provisioning.module import Module, token_info
from token_provisioning.pins import random_first_pin, random_so_pin
from token_provisioning.pkcs11_device import Pkcs11Device, stored_certificates
from token_provisioning.raw_calls import init_token

KEY_ID_OCTETS = 16


class Keeper(Protocol):
    """Where the PINs of a token go; each is kept for good when its method returns, and never shown."""

    def keep_first_pin(self, pin: str) -> None:
        """Keep the PIN that the holder gets and must change."""

    def keep_so_pin(self, pin: str) -> None:
        """Keep the SO PIN; of several the last one counts."""

    def forget(self) -> None:
        """Drop what was kept: the token has refused the vendor's PIN and knows none of it."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be done: the label has at most 32 octets; `erase` allows to destroy what is there."""

    label: str
    vendor_so_pin: str
    erase: bool


@dataclass(frozen=True, kw_only=True)
class InitialisedToken:
    """What the registry of media needs to know; `binding_public_key` is a DER SPKI."""

    serial: str
    label: str
    model: str
    manufacturer: str
    binding_public_key: bytes


def initialise(
    module: Module, token: Token, order: Order, *, keeper: Keeper, random_bytes: Callable[[int], bytes]
) -> InitialisedToken:
    """Initialise one token; a run broken off is repeated with the vendor's SO PIN and `erase`."""
    made = prepare(module, token, order, keeper=keeper, random_bytes=random_bytes)
    close_off(token, order.vendor_so_pin, keeper=keeper, random_bytes=random_bytes)
    return made


def prepare(
    module: Module, token: Token, order: Order, *, keeper: Keeper, random_bytes: Callable[[int], bytes]
) -> InitialisedToken:
    """Do steps 1 to 4; raises `AlreadyUsedError`, `SoPinWrongError` before anything is destroyed."""
    # 1. blank?
    if not order.erase:
        require_blank(token)
    # 2. first PIN
    first_pin = random_first_pin(random_bytes)
    keeper.keep_first_pin(first_pin)
    # 3. erase
    module.forget(token)
    try:
        init_token(module.path, token.slot.slot_id, so_pin=order.vendor_so_pin, label=order.label)
    except SoPinWrongError:
        keeper.forget()
        raise
    except TokenFailedError as error:
        # A module asked to erase what is gone has no better name for it than a general failure.
        raise error if is_present(token) else TokenRemovedError from error
    with translated(token), open_so(token, order.vendor_so_pin) as session:
        session.init_pin(first_pin)
    # 4. binding key
    with translated(token), open_user(token, first_pin) as session:
        binding = _make_binding_key(Pkcs11Device(session), random_bytes)
    with translated(token):
        info = token_info(token.slot.get_token())
    return InitialisedToken(
        serial=info.serial,
        label=info.label,
        model=info.model,
        manufacturer=info.manufacturer,
        binding_public_key=binding,
    )


def close_off(token: Token, vendor_so_pin: str, *, keeper: Keeper, random_bytes: Callable[[int], bytes]) -> None:
    """Do steps 5 and 6; raises `SoPinWrongError` where the vendor's SO PIN is no longer the token's."""
    with translated(token), open_so(token, vendor_so_pin) as session:
        # Kept only now that the old one has been accepted: the last one kept is always the one in force.
        so_pin = random_so_pin(random_bytes)
        keeper.keep_so_pin(so_pin)
        _change_so_pin(session, vendor_so_pin, so_pin)


def _change_so_pin(session: Session, old: str, new: str) -> None:
    session.set_pin(old, new)


def _make_binding_key(device: Pkcs11Device, random_bytes: Callable[[int], bytes]) -> bytes:
    pair = device.generate(label=BINDING_LABEL, key_id=random_bytes(KEY_ID_OCTETS), algorithm=KeyAlgorithm.EC_P256)
    device.key_attributes(pair).require_token_born()
    device.set_mark(FIRST_PIN_LABEL)
    return pair.public_key


def require_serial(token: Token) -> None:
    """Raise `CannotDoError` for a token that its module gives no serial number of its own: custody goes by it."""
    if not token_info(token).serial.strip("0"):
        raise CannotDoError(what="唯一的序列号")


def require_blank(token: Token) -> None:
    """Raise `AlreadyUsedError` if the token holds a certificate, or has been prepared before."""
    serial = token_info(token).serial
    with translated(token), token.open() as session:
        if any(stored.label != FIRST_PIN_LABEL for stored in stored_certificates(session)):
            raise AlreadyUsedError(serial=serial, found="含有证书")
        # The mark goes with the first PIN: what remains of a token in use is the binding key.
        if has_mark(session, FIRST_PIN_LABEL) or _has_binding_key(session):
            raise AlreadyUsedError(serial=serial, found="已由信息中心初始化")


def _has_binding_key(session: Session) -> bool:
    wanted = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.LABEL: BINDING_LABEL}
    return bool(list(session.get_objects(wanted)))
