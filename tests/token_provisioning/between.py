"""A real module with one function of ours in between: what its maker's tokens do not do by themselves.

PKCS#11 is called through a list of function pointers (CK_FUNCTION_LIST), which lies in the module's memory: one of them
is bent to ours, which may call the real one. All above it is real: python-pkcs11, its names of errors, the token.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# Places in the list, counted from C_Initialize (PKCS#11 v2.40, 3.4), and how many arguments each takes.
_FUNCTIONS = {
    "C_GetSlotList": (4, 3),
    "C_GetSlotInfo": (5, 2),
    "C_GetTokenInfo": (6, 2),
    "C_Login": (18, 4),
    "C_CreateObject": (20, 4),
    "C_GenerateKeyPair": (59, 8),
}
CKR_OK, CKR_DEVICE_MEMORY, CKR_PIN_LOCKED, CKR_USER_NOT_LOGGED_IN = 0, 0x31, 0xA4, 0x101
CKF_TOKEN_PRESENT = 1
CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_LOCKED = 1 << 17, 1 << 18
# CK_SLOT_INFO: 64 + 32 characters, then the flags; CK_TOKEN_INFO: 32 + 32 + 16 + 16.
_FLAGS_AT = 96

Real = Callable[..., int]


class _FunctionList(ctypes.Structure):
    _fields_ = (("version", ctypes.c_ubyte * 2), ("functions", ctypes.c_void_p * 60))


@contextmanager
def between(module: str, name: str, ours: Callable[..., int]) -> Iterator[None]:
    """Let `ours` be called in place of the function, with the real one as its first argument."""
    place, count = _FUNCTIONS[name]
    listed = ctypes.POINTER(_FunctionList)()
    ctypes.CDLL(module).C_GetFunctionList(ctypes.byref(listed))
    kept = listed.contents.functions[place]
    prototype = ctypes.CFUNCTYPE(ctypes.c_ulong, *[ctypes.c_void_p] * count)
    real = prototype(kept)
    bent = prototype(lambda *arguments: ours(real, *arguments))
    listed.contents.functions[place] = ctypes.cast(bent, ctypes.c_void_p).value
    try:
        yield
    finally:
        listed.contents.functions[place] = kept


def flags_of(structure: int) -> Any:
    """The flags of a CK_SLOT_INFO or CK_TOKEN_INFO at this address, to be changed."""
    return ctypes.c_ulong.from_address(structure + _FLAGS_AT)


def number_at(address: int) -> Any:
    """The number at this address, to be changed."""
    return ctypes.c_ulong.from_address(address)
