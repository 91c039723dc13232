"""Sessions on one PKCS#11 token: a pool that is opened in the process that uses it and survives a vanished token.

A session handle dies with the token or after a reset, and a forked process must not use its parent's; so sessions are
opened on demand, kept per process, and all dropped when one of them turns out to be dead. The handle of a key lives in
its session and goes with it.
"""

import os
import threading
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pkcs11
from pkcs11 import ObjectClass
from pkcs11 import exceptions as p11

from ca_service.domain.errors import Unavailable
from ca_service.signing.softhsm import require_room
from ca_service.workflows.ports import Meter, Unmeasured

_DEAD = (
    p11.SessionHandleInvalid,
    p11.SessionClosed,
    p11.DeviceRemoved,
    p11.DeviceError,
    p11.TokenNotPresent,
    p11.TokenNotRecognised,
    p11.KeyHandleInvalid,
    p11.ObjectHandleInvalid,
    p11.UserNotLoggedIn,
    p11.GeneralError,
)


_OPENING = threading.RLock()
_POOLS: "weakref.WeakSet[TokenSessions]" = weakref.WeakSet()


@dataclass(frozen=True)
class TokenAddress:
    """Where a token is found: module path, label, and the environment its module reads (SoftHSM: SOFTHSM2_CONF)."""

    module: str
    label: str
    pin: str
    environment: Mapping[str, str]

    def __repr__(self) -> str:
        """Everything but the PIN: addresses end up in messages."""
        return f"TokenAddress(module={self.module!r}, label={self.label!r})"


@dataclass(frozen=True)
class _Opened:
    """A logged-in session and the private keys that were found in it: their handles are good for no other."""

    session: Any
    _keys: dict[str, Any] = field(default_factory=dict)

    def key(self, label: str) -> Any:
        """The private key of this label, looked for once: that costs more than to sign with it. Raises NoSuchKey."""
        key = self._keys.get(label)
        if key is None:
            key = self._keys[label] = self.session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=label)
        return key


class TokenSessions:
    """Logged-in sessions of one token; each is used by one thread at a time."""

    def __init__(self, address: TokenAddress, *, meter: Meter | None = None) -> None:
        self.address = address
        self._meter = meter or Unmeasured()
        self._idle: list[_Opened] = []
        self._pid = os.getpid()
        _POOLS.add(self)

    def retrying(self, use: Callable[[Any], Any]) -> Any:
        """Call `use(session)`, once more on fresh sessions if the first were dead; then raise Unavailable."""
        return self._alone(lambda opened: use(opened.session))

    def with_key(self, label: str, use: Callable[[Any], Any]) -> Any:
        """Call `use(private key of this label)` in the same way; raise NoSuchKey when the token has none."""
        return self._alone(lambda opened: use(opened.key(label)))

    def _alone(self, use: Callable[[_Opened], Any]) -> Any:
        """SoftHSM ended the process when threads used it at the same time."""
        with _OPENING:
            with suppress(*_DEAD):
                return self._once(use)
            try:
                return self._once(use)
            except p11.NoSuchKey:
                raise
            except p11.PKCS11Error as error:
                raise self._unavailable(error) from error

    def _once(self, use: Callable[[_Opened], Any]) -> Any:
        """Use a session and give it back; a dead one, and all its siblings, are dropped instead."""
        opened = self._take()
        try:
            result = use(opened)
        except _DEAD:
            self._meter.token_failed(self.address.label)
            self.drop()
            raise
        except BaseException:
            _close(opened.session)
            raise
        self._idle.append(opened)
        return result

    def drop(self) -> None:
        """Close every idle session; the next use opens new ones."""
        with _OPENING:
            self.close_idle()

    def close_idle(self) -> None:
        """The same for who has the lock, or logs in for the thread that has it."""
        self._leave_the_parents()
        while self._idle:
            _close(self._idle.pop().session)

    def _take(self) -> _Opened:
        self._leave_the_parents()
        return self._idle.pop() if self._idle else _Opened(self._open())

    def _leave_the_parents(self) -> None:
        if self._pid != os.getpid():
            self._idle, self._pid = [], os.getpid()

    def _open(self) -> Any:
        # Modules differ in how well they bear log-ins at the same time (SoftHSM: CKR_GENERAL_ERROR), so one at a time.
        # In a thread of its own: a module that shares OpenSSL with Python's ssl (SoftHSM does) leaves its errors in the
        # thread's queue, and the next TLS read there would take them for its own and break somebody's request.
        with _OPENING, ThreadPoolExecutor(1, "token-log-in") as apart:
            return apart.submit(self._log_in).result()

    def _log_in(self) -> Any:
        os.environ.update(self.address.environment)
        try:
            library = pkcs11.lib(self.address.module)
            try:
                session = self._log_in_to(library)
            except (p11.NoSuchToken, *_DEAD):
                # A token made after the module was loaded, or one that was away, is seen by a fresh look only.
                _begin_anew(library)
                session = self._log_in_to(library)
        except (p11.PKCS11Error, RuntimeError, OSError) as error:
            self._meter.token_failed(self.address.label)
            raise self._unavailable(error) from error
        self._meter.token_opened(self.address.label)
        return session

    def _log_in_to(self, library: Any) -> Any:
        token = library.get_token(token_label=self.address.label)
        require_room(self.address.environment)
        try:
            return token.open(rw=True, user_pin=self.address.pin)
        except p11.UserAlreadyLoggedIn:
            # Log-in is per process and token: a later session is logged in as soon as it is open.
            return token.open(rw=True)

    def _unavailable(self, error: Exception) -> Unavailable:
        return Unavailable(
            f"无法使用密钥设备“{self.address.label}”（{type(error).__name__}）。"
            "请检查模块路径、介质是否插好、PIN 是否正确，然后重试；可运行 educa doctor 查看原因。"
        )


def _begin_anew(library: Any) -> None:
    # The numbers of sessions and keys begin anew too: one that was kept would name another session, another key.
    for pool in list(_POOLS):
        pool.close_idle()
    library.reinitialize()


def _close(session: Any) -> None:
    with suppress(p11.PKCS11Error):
        session.close()
