"""One family of errors: a stable kind for programs, a detail in Chinese that is safe to show to a person.

`web/errors.py` holds the one table from kind to HTTP status; the CLI prints the detail and exits with 1.
"""

from collections.abc import Mapping
from typing import ClassVar


class DomainError(Exception):
    """A refusal or failure that a person can be told about; nothing was changed unless a subclass says so."""

    kind: ClassVar[str] = "refused"

    def __init__(self, detail: str, *, facts: Mapping[str, str | int] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts: Mapping[str, str | int] = facts or {}


class NotFound(DomainError):
    """What was named does not exist, or not for this actor."""

    kind = "not-found"


class Forbidden(DomainError):
    """The actor's roles or unit do not allow this act; `noted` once the refusal stands in the audit log."""

    kind = "forbidden"
    noted = False


class Unauthenticated(DomainError):
    """Nobody, or nobody we know, is asking."""

    kind = "unauthenticated"


class TooMany(DomainError):
    """Too many tries in a while; `retry_after` says after how many seconds another one is looked at."""

    kind = "too-many"


class Invalid(DomainError):
    """The input breaks a rule; the detail says which and how to mend it."""

    kind = "invalid"


class Conflict(DomainError):
    """The state of the thing does not allow this act, or somebody else was first."""

    kind = "conflict"


class IllegalTransition(Conflict):
    """The transition table has no such move from the present state."""

    kind = "illegal-transition"


class NotApproved(Conflict):
    """What would be certified is not what was approved, or the account is stopped; nothing is signed."""

    kind = "not-approved"


class Unavailable(DomainError):
    """A key, the database or another service cannot be reached now; repeating later is safe."""

    kind = "unavailable"
    retry_after = 2


class OutcomeUnknown(Unavailable):
    """The database went away while it committed: done or not, look first; every act may be repeated safely."""

    kind = "outcome-unknown"


class Busy(Unavailable):
    """Too many want the key at this moment; nothing was done, and after `retry_after` seconds it may be asked again."""

    kind = "busy"


class StateUnknown(DomainError):
    """Something was signed or stored and the outcome is not known: stop instead of retrying."""

    kind = "state-unknown"


class CodeWrong(DomainError):
    """The reference number and authorisation code do not fit together; one try is used up."""

    kind = "code-wrong"


class CodeBlocked(DomainError):
    """Too many wrong authorisation codes; only a reissue helps."""

    kind = "code-blocked"


class CodeExpired(DomainError):
    """The authorisation code is past its date."""

    kind = "code-expired"


class CodeUsed(DomainError):
    """A certificate was already fetched with this code, for another key or by another token."""

    kind = "code-used"


class WrongToken(DomainError):
    """The token is not the one that was handed over to this person."""

    kind = "wrong-token"


class RenewalNotDue(DomainError):
    """It is too early to renew this certificate; `possible_from` says from when on it is possible."""

    kind = "renewal-not-due"


class Superseded(DomainError):
    """The renewal of this certificate has been confirmed: its successor is in force."""

    kind = "superseded"


class CertificateNotLive(DomainError):
    """The certificate is frozen, revoked, not confirmed or past its end, and opens nothing."""

    kind = "certificate-not-live"


class NotReleased(DomainError):
    """No unblock of this token has been approved."""

    kind = "not-released"


class SessionUnknown(DomainError):
    """The enrolment session does not exist or has run out; beginning again is safe."""

    kind = "session-unknown"


class CsrInvalid(DomainError):
    """The PKCS#10 request cannot be read or its signature does not verify."""

    kind = "csr-invalid"


class KeyWeak(DomainError):
    """The key is of a kind or strength that the profile does not allow."""

    kind = "key-weak"


class KeyInUse(DomainError):
    """The key stands in another certificate already."""

    kind = "key-in-use"


class BindingInvalid(DomainError):
    """The binding key's signature does not verify: this is not the token that was dispatched."""

    kind = "binding-invalid"


class ProofInvalid(DomainError):
    """The new key's signature over the challenge does not verify."""

    kind = "proof-invalid"
