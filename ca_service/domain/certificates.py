"""A certificate's life: which status may follow which, and what an OCSP answer or CRL entry says of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from types import MappingProxyType

from ca_service.domain.lifecycle import Machine


class CertificateStatus(StrEnum):
    """The stored status. Expiry is a date, not a status: see `shown_status`."""

    SIGNING = "signing"  # serial and TBS are on disk; a signature may exist
    ISSUED = "issued"  # handed to the helper, not yet proven to sit on the token
    ACTIVE = "active"
    FROZEN = "frozen"
    SUPERSEDED = "superseded"  # revoked because its successor is in force (RFC 5280 §5.3.1, superseded)
    REVOKED = "revoked"


LIVE = (CertificateStatus.ISSUED, CertificateStatus.ACTIVE, CertificateStatus.FROZEN)
"""What can still be frozen, released or revoked."""
ENDED = (CertificateStatus.SUPERSEDED, CertificateStatus.REVOKED)
"""What never comes back."""
ON_CRL = (CertificateStatus.FROZEN, *ENDED)
"""What a CRL lists."""


class CertificateEvent(StrEnum):
    """What can happen to a certificate."""

    SIGN = "sign"
    CONFIRM = "confirm"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    UNFREEZE_UNCONFIRMED = "unfreeze-unconfirmed"
    SUPERSEDE = "supersede"
    REVOKE = "revoke"
    ABANDON = "abandon"


class RevocationReason(IntEnum):
    """The CRLReasons we use, RFC 5280 §5.3.1."""

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    CERTIFICATE_HOLD = 6
    PRIVILEGE_WITHDRAWN = 9


ORDERED = frozenset(RevocationReason) - {RevocationReason.CERTIFICATE_HOLD, RevocationReason.CA_COMPROMISE}
"""The reasons for which a person's certificate can be revoked by an order."""

_S, _E = CertificateStatus, CertificateEvent

# SIGNING has no way back: after a crash a signature may exist under this serial, so the start-up
# abandons it, and abandoning revokes the serial (workflows/recover.py). SUPERSEDED and REVOKED have no way out.
CERTIFICATE = Machine(
    "证书",
    MappingProxyType(
        {
            (_S.SIGNING, _E.SIGN): _S.ISSUED,
            (_S.SIGNING, _E.ABANDON): _S.REVOKED,
            (_S.ISSUED, _E.CONFIRM): _S.ACTIVE,
            (_S.ISSUED, _E.FREEZE): _S.FROZEN,
            (_S.ACTIVE, _E.FREEZE): _S.FROZEN,
            (_S.FROZEN, _E.UNFREEZE): _S.ACTIVE,
            # A hold does not stand in for the proof that the key sits on the token.
            (_S.FROZEN, _E.UNFREEZE_UNCONFIRMED): _S.ISSUED,
            **{(state, _E.SUPERSEDE): _S.SUPERSEDED for state in LIVE},
            **{(state, _E.REVOKE): _S.REVOKED for state in LIVE},
        }
    ),
)


@dataclass(frozen=True)
class Certificate:
    """One serial of one issuer. `serial` is lower-case hex without leading zeros, as tools print it.

    `outdated_at`: since then it names what is no longer so (a name, a unit), by the case `outdated_by`; to be replaced.
    `reminded_at` is of the last word about a hold, `end_notice_at` when the holder is next told that it ends.
    `shard` is the part of the issuer's CRL that the certificate itself names, for ever; None: the whole.
    `der_sha256` is left of the octets once its holder was erased (`domain/erasures.py`).
    """

    serial: str
    issuer: str
    profile: str
    unit_code: str
    subject: str
    status: CertificateStatus
    key_sha256: str
    not_before: datetime
    not_after: datetime
    created_at: datetime
    tbs: bytes
    der: bytes | None = None
    holder_id: str | None = None
    medium_serial: str | None = None
    revoked_at: datetime | None = None
    reason: RevocationReason | None = None
    crl_entry: bytes | None = None
    confirmed_at: datetime | None = None
    reminded_at: datetime | None = None
    outdated_at: datetime | None = None
    outdated_by: str = ""
    end_notice_at: datetime | None = None
    shard: int | None = None
    der_sha256: str = ""

    @property
    def was_signed(self) -> bool:
        """Whether it came to be, also where its octets were erased since."""
        return self.der is not None or bool(self.der_sha256)

    def good_at(self, now: datetime) -> bool:
        """Whether it may be used: active by our own record, and within its time."""
        return self.status is CertificateStatus.ACTIVE and self.not_before <= now <= self.not_after

    def shown_status(self, now: datetime) -> str:
        """The status a person is shown: `expired` once a live certificate is past its date."""
        if self.status not in ENDED and now > self.not_after:
            return "expired"
        return self.status.value

    @property
    def release(self) -> CertificateEvent:
        """How a hold on it ends: an unconfirmed one has still to be confirmed."""
        return CertificateEvent.UNFREEZE if self.confirmed_at else CertificateEvent.UNFREEZE_UNCONFIRMED


@dataclass(frozen=True)
class StatusEvent:
    """One step of a certificate's life. `ground` names what it was taken on; empty for what the service does by itself.

    `seq` orders the steps of one certificate, `version` those of its issuer (0: a step that no OCSP answer shows).
    """

    serial: str
    seq: int
    event: CertificateEvent
    status: CertificateStatus
    at: datetime
    by: str
    ground: str
    reason: str
    crl_reason: RevocationReason | None = None
    version: int = 0


@dataclass(frozen=True)
class StatusChange:
    """A row of the issuer's change log: at `version` this serial's status changed."""

    issuer: str
    version: int
    serial: str


@dataclass(frozen=True)
class Issuer:
    """One CA certificate of ours with its status version and the last CRL number that was reserved.

    `waiting`: it publishes lists and answers already, so that relying parties can get ready, and certifies nobody yet.
    """

    name: str
    certificate: bytes
    key_label: str
    signed_by: str
    status_version: int
    crl_number: int
    waiting: bool = False
