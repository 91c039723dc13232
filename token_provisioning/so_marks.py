"""Which SO PIN is in force, told by the token without a login: no wrong one has to be tried to find out.

Two marks (`marks.py`) name a SO PIN by 16 bits of a hash: `kept`, it is in force; `next`, it is about to be set. What
they give away is 16 of the 79 bits of a PIN that can be guessed on the token only, which counts the tries.

What is in force is always the one marked `kept`, or the one marked `next`, or, where neither of those on the CA's list
is marked, the oldest on it: the one that came from the centre. Which of `kept` and `next` it is, is open only between
two calls of one login, the mark and the change of the PIN; then the next one is tried first.
"""

from contextlib import suppress
from hashlib import sha256

import pkcs11
from pkcs11 import Session

from token_provisioning.marks import clear_mark, has_mark, set_mark

_CONTEXT = b"educa-so-pin-mark-v1\0"
_HEX_DIGITS = 4
_KEPT, _NEXT = "educa-so-pin-", "educa-so-pin-next-"
# A module that lets the SO write no objects, or a full token: no mark then, and the user's marks it once it is set.
_NOT_TAKEN = (
    pkcs11.UserNotLoggedIn,
    pkcs11.SessionReadOnly,
    pkcs11.FunctionNotSupported,
    pkcs11.TemplateInconsistent,
    pkcs11.AttributeTypeInvalid,
    pkcs11.AttributeValueInvalid,
    pkcs11.DeviceMemory,
)


class SoMarks:
    """The marks of one token; methods raise PKCS11Error, and take a session that may write public objects."""

    def __init__(self, serial: str, so_pins: list[str]) -> None:
        """`so_pins`: those that the token may have, newest first, as the CA gives them."""
        self._serial, self._so_pins = serial, so_pins

    def likeliest_first(self, session: Session) -> list[str]:
        """Order the SO PINs as they should be tried; the session needs no login."""
        announced = [one for one in self._so_pins if has_mark(session, self._label(_NEXT, one))]
        kept = [one for one in self._so_pins if has_mark(session, self._label(_KEPT, one))]
        return list(dict.fromkeys([*announced, *kept, *self._so_pins[-1:], *self._so_pins]))

    def announce(self, session: Session, *, in_force: str, following: str) -> None:
        """Write down, with the SO logged in by `in_force`, that `following` is set now."""
        with suppress(*_NOT_TAKEN):
            self.settle(session, in_force=in_force)
            set_mark(session, self._label(_NEXT, following))

    def settle(self, session: Session, *, in_force: str) -> None:
        """Write down that this one is in force, and no other."""
        others = [one for one in self._so_pins if one != in_force]
        with suppress(*_NOT_TAKEN):
            # One that was announced and never set goes first: it would be tried before the one in force.
            for other in others:
                _clear(session, self._label(_NEXT, other))
            if not has_mark(session, self._label(_KEPT, in_force)):
                set_mark(session, self._label(_KEPT, in_force))
            _clear(session, self._label(_NEXT, in_force))
            for other in others:
                _clear(session, self._label(_KEPT, other))

    def _label(self, kind: str, so_pin: str) -> str:
        return kind + sha256(_CONTEXT + f"{self._serial}\0{so_pin}".encode()).hexdigest()[:_HEX_DIGITS]


def _clear(session: Session, label: str) -> None:
    if has_mark(session, label):
        clear_mark(session, label)
