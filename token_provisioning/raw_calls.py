"""What python-pkcs11 (0.10) does not offer, called through the module's own function list."""

import ctypes
import os
from pathlib import Path

from token_provisioning.errors import (
    CannotDoError,
    ModuleNotUsableError,
    PinLockedError,
    SoPinWrongError,
    TokenError,
    TokenFailedError,
    TokenFullError,
    TokenRemovedError,
)

# Places in CK_FUNCTION_LIST (PKCS#11 v2.40, 3.4), counted from C_Initialize.
_C_INIT_TOKEN, _C_CLOSE_ALL_SESSIONS = 9, 14
_LABEL_OCTETS = 32
_ERRORS: dict[int, type[TokenError]] = {
    0x31: TokenFullError,  # CKR_DEVICE_MEMORY
    0x32: TokenRemovedError,  # CKR_DEVICE_REMOVED
    0xA0: SoPinWrongError,  # CKR_PIN_INCORRECT
    0xA1: SoPinWrongError,  # CKR_PIN_INVALID
    0xA2: SoPinWrongError,  # CKR_PIN_LEN_RANGE
    0xA4: PinLockedError,  # CKR_PIN_LOCKED
    0xE0: TokenRemovedError,  # CKR_TOKEN_NOT_PRESENT
}
_CKR_FUNCTION_NOT_SUPPORTED = 0x54


class _FunctionList(ctypes.Structure):
    # The standard packs its structures to one octet on Windows, and nowhere else.
    if os.name == "nt":
        _pack_ = 1
    _fields_ = (("version", ctypes.c_ubyte * 2), ("functions", ctypes.c_void_p * 15))


def init_token(module: Path, slot: int, *, so_pin: str, label: str) -> None:
    """Erase and re-initialise a token: everything on it is destroyed, the SO PIN stays `so_pin`.

    The module must already be loaded and initialised by `Module` in this process, with no session
    open on the slot. The label may take 32 octets in UTF-8.
    """
    padded = label.encode().ljust(_LABEL_OCTETS)
    if len(padded) > _LABEL_OCTETS:
        raise TokenFailedError(code="CKR_ARGUMENTS_BAD: label")
    functions = _function_list(module)
    prototype = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
    pin = so_pin.encode()
    result = prototype(functions[_C_INIT_TOKEN])(slot, pin, len(pin), padded)
    if result == _CKR_FUNCTION_NOT_SUPPORTED:
        raise CannotDoError(what="重新初始化(C_InitToken)")
    if result != 0:
        known = _ERRORS.get(result)
        raise known() if known is not None else TokenFailedError(code=f"CKR 0x{result:x}")


def close_sessions(module: Path, slot: int) -> None:
    """Close every session of this process on a slot, which also logs out.

    A login that is refused leaves its session open in python-pkcs11, and with an open session C_InitToken
    and a login in the other role are refused. A token that is gone has no sessions: nothing is raised.
    """
    prototype = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_ulong)
    prototype(_function_list(module)[_C_CLOSE_ALL_SESSIONS])(slot)


def _function_list(module: Path) -> list[int]:
    # The loader gives the library that is in the process already, with its state.
    pointer = ctypes.POINTER(_FunctionList)()
    try:
        result = ctypes.CDLL(str(module)).C_GetFunctionList(ctypes.byref(pointer))
    except (OSError, AttributeError) as error:
        raise ModuleNotUsableError(path=str(module), reason=str(error)) from error
    if result != 0 or not pointer:
        raise ModuleNotUsableError(path=str(module), reason=f"CKR 0x{result:x}")
    return list(pointer.contents.functions)
