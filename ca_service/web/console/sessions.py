"""Sessions and failed sign-ins, kept in the one console process: a restart signs everybody out."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ca_service.clock import Clock

IDLE = timedelta(minutes=30)
_WINDOW = timedelta(minutes=1)
_WRONG = 5
_MOST_LOGINS = 10_000


@dataclass
class _Session:
    login: str
    seen: datetime


class Sessions:
    """Live session ids; signing out or being idle for 30 minutes ends one for good."""

    def __init__(self, clock: Clock, new_id: Callable[[], str]) -> None:
        self._clock = clock
        self._new_id = new_id
        self._live: dict[str, _Session] = {}
        self._lock = threading.Lock()

    def start(self, login: str) -> str:
        """A fresh id for this login; those that have run out are forgotten on the way."""
        now = self._clock()
        with self._lock:
            self._live = {name: live for name, live in self._live.items() if now - live.seen <= IDLE}
            name = self._new_id()
            self._live[name] = _Session(login, now)
        return name

    def login(self, name: str) -> str | None:
        """Whose session this is, noting the use; None when it has ended."""
        now = self._clock()
        with self._lock:
            live = self._live.get(name)
            if live is None or now - live.seen > IDLE:
                self._live.pop(name, None)
                return None
            live.seen = now
            return live.login

    def end(self, name: str) -> None:
        """End one session."""
        with self._lock:
            self._live.pop(name, None)

    def end_all(self, login: str) -> None:
        """End every session of a login, as after a change of its password."""
        with self._lock:
            self._live = {name: live for name, live in self._live.items() if live.login != login}


class Throttle:
    """Five tries in a minute for a login, whether it exists or not; a right one clears them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tries: dict[str, deque[datetime]] = defaultdict(deque)
        self._lock = threading.Lock()

    def admit(self, login: str) -> bool:
        """Count this try before the password is looked at, so that parallel tries cannot slip through."""
        now = self._clock()
        with self._lock:
            if len(self._tries) > _MOST_LOGINS:
                self._forget(now)
            tries = self._tries[login]
            while tries and now - tries[0] > _WINDOW:
                tries.popleft()
            if len(tries) >= _WRONG:
                return False
            tries.append(now)
            return True

    def clear(self, login: str) -> None:
        """Forget the tries of a login after a right password."""
        with self._lock:
            self._tries.pop(login, None)

    def _forget(self, now: datetime) -> None:
        for login in [name for name, tries in self._tries.items() if not tries or now - tries[-1] > _WINDOW]:
            del self._tries[login]
