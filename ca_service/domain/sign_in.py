"""Sign-in: by which means, how long a session lives, what stands between a person and the console.

    password -> (second factor, if one is enrolled) -> own password -> own name -> enrolment of a second factor -> work

A session is known by the keyed hash of its identifier only; a stolen database signs nobody in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ca_service.domain.staff import Staff

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
# After the password alone there are ten minutes to find the telephone.
HALF_WAY = timedelta(minutes=10)
# A use is noted at most this often: a page must not cost a write.
NOTED_EVERY = timedelta(minutes=1)


class Method(StrEnum):
    """What was shown at the sign-in, beside the password except for the certificate (key on a token, and its PIN)."""

    PASSWORD = "password"  # noqa: S105  the name of a method
    TOTP = "totp"
    RECOVERY = "recovery"
    PASSKEY = "passkey"
    CERTIFICATE = "certificate"


class Step(StrEnum):
    """What a signed-in person has to do before anything else."""

    SECOND_FACTOR = "second-factor"
    PASSWORD = "password"  # noqa: S105  the name of a step
    IDENTITY = "identity"
    ENROLMENT = "enrolment"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Origin:
    """Where a request comes from, as the web saw it: a network address and what the browser calls itself."""

    source: str
    agent: str


@dataclass(frozen=True)
class Session:
    """One signed-in browser. `challenge` is what a passkey has to sign next; it is used once.

    `certificate` is the serial of the certificate that opened it: the session lives no longer than that is good.
    """

    id_hash: str
    login: str
    method: Method
    started_at: datetime
    seen_at: datetime
    source: str
    agent: str
    challenge: bytes | None = None
    certificate: str | None = None

    def over(self, now: datetime, *, half_way: bool) -> bool:
        """Whether it has ended by idling, by its age, or half way between password and second factor."""
        longest = HALF_WAY if half_way else LONGEST
        return now - self.seen_at > IDLE or now - self.started_at > longest


def half_way(staff: Staff, session: Session) -> bool:
    """Whether the second factor is still outstanding: also for sessions older than its enrolment."""
    return session.method is Method.PASSWORD and staff.second_factor


def next_step(staff: Staff, session: Session, *, second_factor_required: bool) -> Step:
    """The first thing that stands between this person and the console."""
    if half_way(staff, session):
        return Step.SECOND_FACTOR
    if staff.must_change_password:
        return Step.PASSWORD
    if staff.must_identify:
        return Step.IDENTITY
    if second_factor_required and session.method is Method.PASSWORD:
        return Step.ENROLMENT
    return Step.NOTHING


@dataclass(frozen=True)
class Limit:
    """At most `tries` in a window of `per` that begins with its first try."""

    name: str
    tries: int
    per: timedelta


# The second is the lock-out: who has guessed twenty times waits for the next day or for the security administrator.
PASSWORD_LIMITS = (Limit("password", 5, timedelta(minutes=1)), Limit("password-day", 20, timedelta(days=1)))
CODE_LIMITS = (Limit("code", 5, timedelta(minutes=1)), Limit("code-day", 20, timedelta(days=1)))
# A bureau behind one address has many people; a guesser goes through many logins from one address.
SOURCE_LIMITS = (Limit("source", 60, timedelta(minutes=1)),)
