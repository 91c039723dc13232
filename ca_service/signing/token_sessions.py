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

    def __init__(self, address: TokenAddress, *, meter: Meter | None = None) -> None:
        self.address = address
        self._meter = meter or Unmeasured()
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        self._pid = os.getpid()

    @contextmanager
    def session(self) -> Iterator[Any]:
        """A session to use and give back; a dead one, and all its siblings, are dropped instead."""
        session = self._take()
        try:
            yield session
        except _DEAD:
            self._meter.token_failed(self.address.label)
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
        with suppress(queue.Empty):
            while True:
                _close(self._idle.get_nowait())

    def _take(self) -> Any:
        if self._pid != os.getpid():
            self._idle, self._pid = queue.LifoQueue(), os.getpid()
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return self._open()

    def _open(self) -> Any:
        # Modules differ in how well they bear log-ins at the same time (SoftHSM: CKR_GENERAL_ERROR), so one at a time.
        # In a thread of its own: a module that shares OpenSSL with Python's ssl (SoftHSM does) leaves its errors in the
        # thread's queue, and the next TLS read there would take them for its own and break somebody's request.
        with _OPENING, ThreadPoolExecutor(1, "token-log-in") as apart:
            return apart.submit(self._log_in).result()

    def _log_in(self) -> Any:
        os.environ.update(self.address.environment)
        try:
            token = _find(pkcs11.lib(self.address.module), self.address.label)
            try:
                session = token.open(rw=True, user_pin=self.address.pin)
            except p11.UserAlreadyLoggedIn:
                # Log-in is per process and token: a later session is logged in as soon as it is open.
                session = token.open(rw=True)
        except (p11.PKCS11Error, RuntimeError, OSError) as error:
            self._meter.token_failed(self.address.label)
            raise self._unavailable(error) from error
        self._meter.token_opened(self.address.label)
        return session

    def _unavailable(self, error: Exception) -> Unavailable:
        return Unavailable(
            f"无法使用密钥设备“{self.address.label}”（{type(error).__name__}）。"
            "请检查模块路径、介质是否插好、PIN 是否正确，然后重试；可运行 educa doctor 查看原因。"
        )


def _find(library: Any, label: str) -> Any:
    try:
        return library.get_token(token_label=label)
    except p11.NoSuchToken:
        # A token made after the module was loaded is seen by a fresh look only.
        library.reinitialize()
        return library.get_token(token_label=label)


def _close(session: Any) -> None:
    with suppress(p11.PKCS11Error):
        session.close()
