"""PIN unblock (解锁): a release by two people at the CA, a new PIN set at once, the certificate kept.

1. The new PIN is within the rules, and the token shows its binding key, whose public half needs no login.
2. begin: the CA knows the release code and this token.
3. release: the next SO PIN is made here and handed in, sealed for the CA, *before* the present one comes back: the
   CA always knows every SO PIN that the token can have. What comes back is sealed for this run alone.
4. The SO logs in, sets the new user PIN, writes on the token which SO PIN is set now, and sets it.
5. confirm: the binding key signs, which only works if the new PIN does; the CA forgets the older SO PINs.

Dead between any two: the release code works again until it is confirmed. After 4 the SO PIN is one that the CA
was given at 3, and it gives out all that were not confirmed; the marks on the token say which one is in force
(`so_marks.py`), so that none is tried in vain but where the helper died between the mark and the change that it
announces.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import Session, Token

from token_provisioning import issuance, sealing
from token_provisioning.attributes import BINDING_LABEL, FIRST_PIN_LABEL
from token_provisioning.ca_client import UnblockBegun, UnblockClient
from token_provisioning.errors import CaAnswerInvalidError, NotInitialisedError, PinRuleBrokenError, SoPinWrongError
from token_provisioning.login import open_so, open_user, translated
from token_provisioning.module import Module, token_info
from token_provisioning.pins import check_new_pin, random_so_pin
from token_provisioning.pkcs11_device import Pkcs11Device, public_keys
from token_provisioning.so_marks import SoMarks

UNBLOCK_CONTEXT = b"educa-unblock-v1\0"


class UnblockStep(StrEnum):
    """The steps, as they are reported when done."""

    BEGUN = "begun"
    RELEASED = "released"
    PIN_SET = "pin-set"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the holder types: the release code and the new PIN."""

    release_code: str = field(repr=False)
    new_pin: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class UnblockTools:
    """What the steps need of the world."""

    random_bytes: Callable[[int], bytes]
    report: Callable[[UnblockStep], None]


def unblock(module: Module, token: Token, ca: UnblockClient, wish: Wish, tools: UnblockTools) -> None:
    """Run the steps; no PIN has to be known before. Repeat it with the same code as often as needed.

    Raises `PinRuleBrokenError`, `NotInitialisedError`, `SoPinWrongError`, and what the CA raises.
    """
    # 1.
    serial = token_info(token).serial
    check_new_pin(wish.new_pin, old=None, known=(serial, wish.release_code))
    binding_key = _binding_key(token)
    # 2.
    begun = ca.begin(token_serial=serial, release_code=wish.release_code)
    tools.report(UnblockStep.BEGUN)
    # 3.
    next_so_pin, run = random_so_pin(tools.random_bytes), sealing.Ephemeral()
    sealed = sealing.seal(next_so_pin, reader=_reader(begun), info=sealing.CUSTODY_CONTEXT + serial.encode())
    released = ca.release(session=begun.session, binding_key=binding_key, reader=run.public, next_so_pin_sealed=sealed)
    info = sealing.RELEASE_CONTEXT + begun.nonce + serial.encode()
    so_pins = [run.open(one, info=info) for one in released]
    tools.report(UnblockStep.RELEASED)
    # 4.
    so_marks = SoMarks(serial, so_pins)
    _set_pins(module, token, so_marks, new_pin=wish.new_pin, next_so_pin=next_so_pin)
    tools.report(UnblockStep.PIN_SET)
    # 5.
    with translated(token), open_user(token, wish.new_pin) as session:
        so_marks.settle(session, in_force=next_so_pin)
        device = Pkcs11Device(session)
        device.clear_mark(FIRST_PIN_LABEL)
        signature = device.sign(issuance.binding_key(device), UNBLOCK_CONTEXT + begun.nonce)
    ca.confirm(session=begun.session, signature=signature)
    tools.report(UnblockStep.CONFIRMED)


def _binding_key(token: Token) -> bytes:
    with translated(token), token.open() as session:
        found = public_keys(session, BINDING_LABEL)
    if not found:
        raise NotInitialisedError(missing="缺少绑定密钥")
    return found[0]


def _reader(begun: UnblockBegun) -> ec.EllipticCurvePublicKey:
    try:
        return sealing.load_reader(begun.reader)
    except ValueError as error:
        raise CaAnswerInvalidError(reason="reader") from error


def _set_pins(module: Module, token: Token, so_marks: SoMarks, *, new_pin: str, next_so_pin: str) -> None:
    """Step 4 with the first SO PIN that the token takes; the user PIN is set before the SO PIN changes."""
    refusal = SoPinWrongError()
    with translated(token), token.open() as session:
        in_order = so_marks.likeliest_first(session)
    for so_pin in in_order:
        module.forget(token)  # a login that was refused leaves a session, and the user may still be logged in
        try:
            with translated(token), open_so(token, so_pin) as session:
                _init_pin(session, new_pin)
                so_marks.announce(session, in_force=so_pin, following=next_so_pin)
                _set_so_pin(session, so_pin, next_so_pin)
        except SoPinWrongError as error:
            refusal = error
        else:
            return
    raise refusal


def _init_pin(session: Session, new_pin: str) -> None:
    try:
        session.init_pin(new_pin)
    except (pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinTooWeak) as error:
        raise PinRuleBrokenError(rule="介质不接受该 PIN") from error


def _set_so_pin(session: Session, old: str, new: str) -> None:
    session.set_pin(old, new)
