"""Why a certificate does not open the registry: one closed list, one exception."""

from enum import StrEnum


class RefusalKind(StrEnum):
    """The reasons that the page, the log table and the problem documents name."""

    NO_CERTIFICATE = "no-certificate"
    MALFORMED = "malformed"
    FOREIGN = "foreign"
    WRONG_PURPOSE = "wrong-purpose"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    FROZEN = "frozen"
    REVOKED = "revoked"
    STATUS_UNKNOWN = "status-unknown"
    # The certificate is good; its holder's account is not, by the account feed or by our own lock.
    ACCOUNT_STOPPED = "account-stopped"
    ACCOUNT_MOVED = "account-moved"
    ACCOUNT_LOCKED = "account-locked"
    ACCOUNT_UNKNOWN = "account-unknown"


class RefusalError(Exception):
    """The certificate was judged and does not open the registry.

    `detail` is English and for the operator's log; it never holds a byte of the certificate's content.
    """

    def __init__(self, kind: RefusalKind, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
