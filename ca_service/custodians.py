"""The PINs of the CA's tokens in the hands of custodians: m of n of them together, nobody alone, no file.

    1. split: a random PIN, its shares told one by one and confirmed -> audit entry -> the token gets the PIN -> tried
       -> the file with the earlier PIN removed
    2. unlock: m shares -> the PIN tried on the token -> audit entry -> into memory, where the service finds it
    3. the root's PIN goes nowhere: each command that uses the root asks for its shares

Dies in 1 before the token has the PIN: the earlier one is good, the shares are waste paper. After it: the shares are
good; a file that is left holds a PIN that opens nothing. Dies in 2: nothing, or unlocked.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from ca_service.domain import shares
from ca_service.domain.errors import Conflict, Unavailable
from ca_service.domain.roles import Actor
from ca_service.domain.shares import Share
from ca_service.signing.token_sessions import TokenSessions
from ca_service.wiring import Wiring
from ca_service.workflows import key_shares

_OCTETS = 16

REFUSED = ("PinIncorrect", "PinInvalid", "PinLenRange")
"""How a token says that the PIN is not its own."""


class Token(StrEnum):
    """Which of the CA's tokens."""

    ROOT = "root"
    ISSUING = "issuing"


def split_pin(
    wiring: Wiring, actor: Actor, token: Token, *, of: tuple[int, int], tell: Callable[[Sequence[Share]], None]
) -> None:
    """Give the token a new PIN that `of` = (m, n) shares give; `tell` raises unless all custodians have theirs."""
    key_shares.require_operator(wiring.services, actor)
    sessions, earlier = sessions_of(wiring, token), wiring.pin(token.value)
    secret = os.urandom(_OCTETS)
    made = shares.split(secret, threshold=of[0], shares=of[1], random_bytes=os.urandom)
    sessions.require()
    tell(made)
    key_shares.note_split(wiring.services, actor, token.value, made)
    sessions.retrying(lambda session: session.set_pin(earlier, secret.hex()))
    sessions.drop()
    _try(sessions, secret.hex())
    wiring.pin_file(token.value).unlink(missing_ok=True)


def unlock(wiring: Wiring, actor: Actor, given: Sequence[Share]) -> Path:
    """Let the service use the issuing token until the machine is switched off; raise Conflict for shares of another."""
    pin = shares.combine(given).hex()
    _try(wiring.issuing_sessions, pin)
    key_shares.note_unlocked(wiring.services, actor, Token.ISSUING.value, given)
    return wiring.runtime_pin.write(pin)


def lock(wiring: Wiring, actor: Actor) -> bool:
    """Take the PIN away; processes that run stay logged in until they end. Says whether it was there."""
    key_shares.note_locked(wiring.services, actor, Token.ISSUING.value)
    return wiring.runtime_pin.remove()


def open_root(wiring: Wiring, actor: Actor, given: Sequence[Share]) -> None:
    """Let this process use the root's token."""
    pin = shares.combine(given).hex()
    _try(wiring.root_sessions, pin)
    key_shares.note_unlocked(wiring.services, actor, Token.ROOT.value, given)
    wiring.root_pin = pin


def sessions_of(wiring: Wiring, token: Token) -> TokenSessions:
    """The root's or the issuing token's, as this process keeps them."""
    return wiring.root_sessions if token is Token.ROOT else wiring.issuing_sessions


def _try(sessions: TokenSessions, pin: str) -> None:
    """Log in with this PIN; raise Conflict when the token refuses it, Unavailable when it is not there."""
    trial = TokenSessions(replace(sessions.address, pin=lambda: pin))
    try:
        trial.require()
    except Unavailable as error:
        if error.facts.get("why") in REFUSED:
            raise Conflict(
                f"份额合出的口令打不开密钥设备“{sessions.address.label}”：可能是另一个设备的或已作废的份额。"
            ) from error
        raise
    finally:
        trial.drop()
