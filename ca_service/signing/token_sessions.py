"""Sessions on one PKCS#11 token: a pool that is opened in the process that uses it and survives a vanished token.

A session handle dies with the token or after a reset, and a forked process must not use its parent's; so sessions are
opened on demand, kept per process, and all dropped when one of them turns out to be dead.
"""

import os
import queue
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pkcs11
from pkcs11 import exceptions as p11

from ca_service.domain.errors import Unavailable

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
# What a log-in ends with while the token is away, and after it has come back.
_ASTRAY = (
    p11.NoSuchToken,
    p11.SlotIDInvalid,
    p11.DeviceRemoved,
    p11.DeviceError,
    p11.TokenNotPresent,
    p11.TokenNotRecognised,
    p11.GeneralError,
)


_OPENING = threading.RLock()


class _Module:
    """How often the module was initialised: a session of an earlier life must neither be used nor closed.

    Their numbers begin anew, so that an old one names somebody else's session by now; even a session left to the
    garbage collector closes it.
    """

    def __init__(self) -> None:
        self.life = 0
        self._buried: list[Any] = []

    def start_afresh(self, library: Any) -> None:
        """Initialise the module again; every session of this process is dead."""
        library.reinitialize()
        self.life += 1

    def bury(self, sessions: "queue.LifoQueue[Any]") -> None:
        """Keep sessions of an earlier life from the garbage collector."""
        with suppress(queue.Empty):
            while True:
                self._buried.append(sessions.get_nowait())


_MODULE = _Module()


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


class TokenSessions:
    """Logged-in sessions of one token; each is used by one thread at a time."""

    def __init__(self, address: TokenAddress) -> None:
        self.address = address
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        self._pid = os.getpid()
        self._life = _MODULE.life

    @contextmanager
    def session(self) -> Iterator[Any]:
        """A session to use and give back; a dead one, and all its siblings, are dropped instead."""
        session = self._take()
        try:
            yield session
        except _DEAD:
            self.drop()
            raise
        except BaseException:
            _close(session)
            raise
        self._idle.put(session)

    def retrying(self, use: Any) -> Any:
        """Do `_retrying` alone: SoftHSM ended the process when threads used it at the same time."""
        with _OPENING:
            return self._retrying(use)

    def _retrying(self, use: Any) -> Any:
        """Call `use(session)`, once more on fresh sessions if the first were dead; then raise Unavailable."""
        try:
            with self.session() as session:
                return use(session)
        except _DEAD:
            pass
        try:
            with self.session() as session:
                return use(session)
        except p11.PKCS11Error as error:
            raise self._unavailable(error) from error

    def drop(self) -> None:
        """Close every idle session; the next use opens new ones."""
        self._bury_the_dead()
        with suppress(queue.Empty):
            while True:
                _close(self._idle.get_nowait())

    def _take(self) -> Any:
        if self._pid != os.getpid():
            self._idle, self._pid = queue.LifoQueue(), os.getpid()
        self._bury_the_dead()
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return self._open()

    def _bury_the_dead(self) -> None:
        if self._life != _MODULE.life:
            _MODULE.bury(self._idle)
            self._life = _MODULE.life

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
                return self._log_in_at(library)
            except _ASTRAY:
                # Made after the module was loaded, or away meanwhile: SoftHSM finds it by a fresh look only.
                _MODULE.start_afresh(library)
                return self._log_in_at(library)
        except (p11.PKCS11Error, RuntimeError, OSError) as error:
            raise self._unavailable(error) from error

    def _log_in_at(self, library: Any) -> Any:
        token = library.get_token(token_label=self.address.label)
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


def _close(session: Any) -> None:
    with suppress(p11.PKCS11Error):
        session.close()
