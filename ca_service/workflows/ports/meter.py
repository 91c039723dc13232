"""What the service counts and times about itself; `Unmeasured` where nobody reads it."""

from typing import Protocol

from ca_service.domain.key_use import Use
from ca_service.domain.propagation import Reach


class Meter(Protocol):
    """Takes measurements. Never raises, never waits; no argument holds personal data, a login, a serial or a unit."""

    def issued(self, profile: str, seconds: float) -> None:
        """A certificate was issued, so long from its intent to its record."""

    def status_changed(self, act: str, seconds: float) -> None:
        """An order to freeze, release or revoke was carried out, so long from order to commit."""

    def propagated(self, reach: Reach, seconds: float, changes: int) -> None:
        """So many changes of status arrived, each so long after its line in the status log."""

    def ocsp_answered(self, outcome: str, answers: int) -> None:
        """So many more OCSP requests came out this way (the fields of `ocsp.Counts`)."""

    def sign_in_refused(self, why: str) -> None:
        """Somebody was not let in to the console; `why` is one of a few words."""

    def audited(self, tag: str, entries: int) -> None:
        """So many entries of the audit log were committed."""

    def token_opened(self, token: str) -> None:
        """A session was opened on the token of this label."""

    def token_failed(self, token: str) -> None:
        """A use of the token of this label failed."""

    def token_waiting(self, waiting: int) -> None:
        """So many threads of this process wait for the token module now."""

    def token_waited(self, use: Use, seconds: float) -> None:
        """A use of the token got its turn after having waited so long; who did not wait is not told."""

    def token_refused(self, why: str) -> None:
        """A use of the token was refused before it got there: `full`, `slow`, `stuck` or `rate`."""

    def requested(self, part: str, route: str, *, status: int, seconds: float) -> None:
        """A request was answered; `route` is the template, never the address."""

    def task_done(self, task: str, *, well: bool) -> None:
        """The worker went through a task of its round."""


class Unmeasured:
    """A Meter that keeps nothing: for a command, whose process is over before anybody could read it."""

    def issued(self, profile: str, seconds: float) -> None:
        """See the port."""

    def status_changed(self, act: str, seconds: float) -> None:
        """See the port."""

    def propagated(self, reach: Reach, seconds: float, changes: int) -> None:
        """See the port."""

    def ocsp_answered(self, outcome: str, answers: int) -> None:
        """See the port."""

    def sign_in_refused(self, why: str) -> None:
        """See the port."""

    def audited(self, tag: str, entries: int) -> None:
        """See the port."""

    def token_opened(self, token: str) -> None:
        """See the port."""

    def token_failed(self, token: str) -> None:
        """See the port."""

    def token_waiting(self, waiting: int) -> None:
        """See the port."""

    def token_waited(self, use: Use, seconds: float) -> None:
        """See the port."""

    def token_refused(self, why: str) -> None:
        """See the port."""

    def requested(self, part: str, route: str, *, status: int, seconds: float) -> None:
        """See the port."""

    def task_done(self, task: str, *, well: bool) -> None:
        """See the port."""
