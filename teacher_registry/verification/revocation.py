"""What the CA says about one certificate, whichever way it says it."""

from datetime import timedelta
from enum import StrEnum

from teacher_registry.refusal import RefusalError, RefusalKind

# How far the CA's clock may be ahead of ours before its fresh answer looks like one from the future. It is
# never granted at the other end: an answer is dead at its nextUpdate.
CLOCK_SKEW = timedelta(seconds=5)


class Status(StrEnum):
    """The status of one certificate. UNKNOWN is the CA's own word (RFC 6960 §2.2), not a failure to ask."""

    GOOD = "good"
    FROZEN = "frozen"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class UntrustedAnswerError(Exception):
    """Something answered, but it cannot be proven to be the CA's current word. Nobody falls back from
    this.
    """


def require_good(status: Status, whose: str) -> None:
    """Raise the refusal that belongs to a status other than good; `whose` names the certificate in the
    log.
    """
    if status is Status.FROZEN:
        raise RefusalError(RefusalKind.FROZEN, f"{whose} is on hold")
    if status is Status.REVOKED:
        raise RefusalError(RefusalKind.REVOKED, f"{whose} is revoked")
    if status is Status.UNKNOWN:
        raise RefusalError(RefusalKind.STATUS_UNKNOWN, f"the CA does not know {whose}")
