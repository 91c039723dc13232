"""Sessions on one PKCS#11 token: a pool that is opened in the process that uses it and survives a vanished token.

A session handle dies with the token or after a reset, and a forked process must not use its parent's; so sessions are
opened on demand, kept per process, and all dropped when one of them turns out to be dead. The handle of a key lives in
its session and goes with it.
"""

import hashlib
import os
import time
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pkcs11
from pkcs11 import Attribute, ObjectClass
from pkcs11 import exceptions as p11

from ca_service.domain.errors import Busy, Unavailable
from ca_service.domain.health import KeyDevice
from ca_service.domain.key_use import Use
from ca_service.signing.rates import Rates
from ca_service.signing.softhsm import require_room
from ca_service.signing.turns import TURNS, Patience
from ca_service.workflows.ports import Meter, Unmeasured

# Modules differ in what they say when a token went away, a session died or somebody else ended the module: whatever it
# is, fresh sessions are tried once. A key that is not there is an answer, not a failure.
_DEAD = p11.PKCS11Error
_REFUSED_PIN = (p11.PinIncorrect, p11.PinInvalid, p11.PinLenRange, p11.PinLocked, p11.PinExpired)
# What was seen so lately is believed, and what nobody has used since is tried, when somebody asks how the token is.
_FRESH = 2.0
_RETRY_AFTER = 30

_POOLS: "weakref.WeakSet[TokenSessions]" = weakref.WeakSet()


@dataclass(frozen=True)
class TokenAddress:
    """Where a token is found: module path, label, and the environment its module reads (SoftHSM: SOFTHSM2_CONF).

    `pin` is asked at each log-in and kept nowhere; it raises Unavailable as long as nobody has unlocked the token.
    """

    module: str
    label: str
    pin: Callable[[], str]
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

    def __init__(
        self,
        address: TokenAddress,
        *,
        meter: Meter | None = None,
        patience: Patience | None = None,
        rates: Mapping[Use, float] | None = None,
    ) -> None:
        """`rates`: uses in a second of each key, by kind; a kind without a rate has no limit."""
        self.address = address
        self._meter = meter or Unmeasured()
        self._patience = patience or Patience()
        self.rates = Rates(rates or {}, self._meter)
        self._idle: list[_Opened] = []
        self._pid = os.getpid()
        self._refused_pin = b""
        self._asked_at = self._away_since = 0.0
        self._why = ""
        _POOLS.add(self)

    def retrying(self, use: Callable[[Any], Any]) -> Any:
        """Call `use(session)`, once more on fresh sessions if the first were dead; then raise Unavailable, or Busy."""
        return self._alone(lambda opened: use(opened.session), Use.OTHER)

    def with_key(self, label: str, use: Callable[[Any], Any], *, kind: Use = Use.OTHER) -> Any:
        """Call `use(private key of this label)` in the same way; raise NoSuchKey when the token has none."""
        return self._alone(lambda opened: use(opened.key(label)), kind)

    def require(self) -> None:
        """Reach the token; raise Unavailable, or Busy."""
        self.retrying(_look)

    def device(self) -> KeyDevice:
        """How the token is; one that nobody has used for a while is tried."""
        if time.monotonic() - self._asked_at > _FRESH:
            try:
                self.require()
            except Busy:
                # Nothing gets through, so for whoever asks it is away.
                self._note("Busy")
            except Unavailable:
                pass  # noted
        away = time.monotonic() - self._away_since if self._why else 0.0
        return KeyDevice(self.address.label, self._why, away)

    def _alone(self, use: Callable[[_Opened], Any], kind: Use) -> Any:
        """One at a time; what came out of it is remembered."""
        with TURNS.turn(kind, self._patience, self._meter):
            try:
                found = self._twice(use)
            except p11.NoSuchKey:
                raise
            except Unavailable as error:
                self._note(str(error.facts.get("why", "locked")))
                raise
            except p11.PKCS11Error as error:
                self._note(type(error).__name__)
                raise self._unavailable(error) from error
            self._note("")
            return found

    def _note(self, why: str) -> None:
        self._asked_at = time.monotonic()
        if why and not self._why:
            self._away_since = self._asked_at
        self._why = why

    def _twice(self, use: Callable[[_Opened], Any]) -> Any:
        try:
            return self._once(use)
        except p11.NoSuchKey:
            raise
        except _DEAD:
            return self._once(use)

    def _once(self, use: Callable[[_Opened], Any]) -> Any:
        """Use a session and give it back; a dead one, and all its siblings, are dropped instead."""
        opened = self._take()
        try:
            result = use(opened)
        except p11.NoSuchKey:
            self._idle.append(opened)
            raise
        except _DEAD:
            self._meter.token_failed(self.address.label)
            self.close_idle()
            _close(opened.session)
            raise
        except BaseException:
            _close(opened.session)
            raise
        self._idle.append(opened)
        return result

    def drop(self) -> None:
        """Close every idle session; the next use opens new ones."""
        with TURNS.turn(Use.OTHER, _FOR_EVER, Unmeasured()):
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
        # In a thread of its own: a module that shares OpenSSL with Python's ssl (SoftHSM does) leaves its errors in the
        # thread's queue, and the next TLS read there would take them for its own and break somebody's request.
        with ThreadPoolExecutor(1, "token-log-in") as apart:
            return apart.submit(self._log_in).result()

    def _log_in(self) -> Any:
        os.environ.update(self.address.environment)
        try:
            library = pkcs11.lib(self.address.module)
            try:
                session = self._log_in_to(library)
            except _REFUSED_PIN:
                raise
            except _DEAD:
                # A token made after the module was loaded, or one that was away, is seen by a fresh look only.
                _begin_anew(library)
                session = self._log_in_to(library)
        except (RuntimeError, OSError) as error:
            self._meter.token_failed(self.address.label)
            raise self._unavailable(error) from error
        self._meter.token_opened(self.address.label)
        return session

    def _log_in_to(self, library: Any) -> Any:
        token = library.get_token(token_label=self.address.label)
        pin = self.address.pin()
        digest = hashlib.sha256(pin.encode()).digest()
        if digest == self._refused_pin:
            # A hardware token locks itself after a few wrong PINs, and we would ask twice a second.
            raise p11.PinIncorrect
        require_room(self.address.environment)
        try:
            return token.open(rw=True, user_pin=pin)
        except p11.UserAlreadyLoggedIn:
            # Log-in is per process and token: a later session is logged in as soon as it is open.
            return token.open(rw=True)
        except _REFUSED_PIN:
            self._refused_pin = digest
            raise

    def _unavailable(self, error: Exception) -> Unavailable:
        reason = type(error).__name__
        mend = (
            "PIN 不正确或已锁定，为免锁死不再尝试；管理员改正后重新启动"
            if isinstance(error, _REFUSED_PIN)
            else "请稍后重试；管理员请运行 educa doctor 查看原因"
        )
        return Unavailable(
            f"密钥设备“{self.address.label}”暂时无法使用（{reason}），没有签发任何内容。{mend}。",
            facts={"retry_after": _RETRY_AFTER, "why": reason},
        )


_FOR_EVER = Patience(waiting=1_000, seconds=60)


def _look(session: Any) -> None:
    """Reach the token and sign nothing; raise PKCS11Error. Of one that went away SoftHSM says that it is empty."""
    for key in session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}):
        key[Attribute.LABEL]
        return
    raise p11.TokenNotPresent


def _begin_anew(library: Any) -> None:
    # The numbers of sessions and keys begin anew too: one that was kept would name another session, another key.
    for pool in list(_POOLS):
        pool.close_idle()
    library.reinitialize()


def _close(session: Any) -> None:
    with suppress(p11.PKCS11Error):
        session.close()
