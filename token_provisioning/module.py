"""PKCS#11 modules and the tokens in their slots: load, list, choose."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pkcs11
from pkcs11 import Token, TokenFlag

from token_provisioning import raw_calls
from token_provisioning.device import TokenInfo
from token_provisioning.errors import (
    EmptyReaderError,
    ModuleNotUsableError,
    NoTokenError,
    SeveralTokensError,
    TokenFailedError,
    WrongTokenError,
)


class Module:
    """A loaded PKCS#11 module.

    A process loads a module once; it reads its configuration then and not again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise ModuleNotUsableError(path=str(path), reason="文件不存在")
        try:
            self._library = _load(path)
        except (pkcs11.PKCS11Error, OSError, AttributeError) as error:
            reason = str(error) or type(error).__name__
            raise ModuleNotUsableError(path=str(path), reason=reason) from error

    def tokens(self) -> list[Token]:
        """Return what is in the slots now, flags read anew; an empty or unreadable slot is left out."""
        try:
            slots = self._library.get_slots(token_present=True)
        except pkcs11.PKCS11Error as error:
            raise TokenFailedError(code=type(error).__name__) from error
        found = []
        for slot in slots:
            try:
                found.append(slot.get_token())
            except pkcs11.PKCS11Error:
                continue  # taken out between the two calls, or a card of another kind
        return found

    def usable(self) -> list[Token]:
        """Return the tokens that have a serial number; a slot without one is no token yet."""
        return [token for token in self.tokens() if token_info(token).serial]

    def choose(self, serial: str | None) -> Token:
        """Return the token with this serial number, or the only one."""
        usable = self.usable()
        if not usable:
            raise self.nothing_there()
        serials = ", ".join(token_info(token).serial for token in usable)
        if serial is not None:
            usable = [token for token in usable if token_info(token).serial == serial]
            if not usable:
                raise WrongTokenError(wanted=serial, present=serials)
        if len(usable) > 1:
            raise SeveralTokensError(serials=serials)
        return usable[0]

    def nothing_there(self) -> NoTokenError:
        """Return the error for no usable token: an empty reader is another thing than no reader."""
        try:
            slots = self._library.get_slots(token_present=False)
        except pkcs11.PKCS11Error:
            slots = []
        empty = [slot for slot in slots if not slot.flags & pkcs11.SlotFlag.TOKEN_PRESENT]
        return EmptyReaderError(reader=empty[0].slot_description) if empty else NoTokenError()

    def forget(self, token: Token) -> None:
        """Close every session of this process on the token's slot, which also logs out."""
        raw_calls.close_sessions(self.path, token.slot.slot_id)


def _load(path: Path) -> Any:
    # In a thread of its own: a module that shares OpenSSL with Python's ssl (SoftHSM does) leaves its errors in the
    # thread's queue, and what uses TLS there next would take them for its own.
    with ThreadPoolExecutor(1, "module-load") as apart:
        return apart.submit(pkcs11.lib, str(path)).result()


def token_info(token: Token) -> TokenInfo:
    """Describe a token by the CK_TOKEN_INFO that was read when the object was made."""
    flags = token.flags
    return TokenInfo(
        slot=token.slot.slot_id,
        serial=token.serial.decode("utf-8", errors="replace").strip(" \0"),
        label=token.label,
        model=token.model,
        manufacturer=token.manufacturer_id,
        initialised=bool(flags & TokenFlag.TOKEN_INITIALIZED),
        user_pin_set=bool(flags & TokenFlag.USER_PIN_INITIALIZED),
        pin_locked=bool(flags & TokenFlag.USER_PIN_LOCKED),
        pin_final_try=bool(flags & TokenFlag.USER_PIN_FINAL_TRY),
        pin_count_low=bool(flags & TokenFlag.USER_PIN_COUNT_LOW),
        pin_to_be_changed=bool(flags & TokenFlag.USER_PIN_TO_BE_CHANGED),
    )
