"""How long the records of a person are kept: until five years after the last certificate of theirs lapsed.

A dispute about what was signed in under a certificate needs the record of whom it was issued to. From that day on the
personal data may be erased, and not earlier.
"""

from collections.abc import Iterable
from datetime import datetime

from ca_service.domain.certificates import Certificate, CertificateStatus
from ca_service.domain.holders import Holder, HolderStatus

YEARS = 5
_ENDED = (CertificateStatus.REVOKED, CertificateStatus.SUPERSEDED)


def lapsed_at(certificate: Certificate) -> datetime:
    """When it ended, or will: a hold is no end."""
    if certificate.status in _ENDED and certificate.revoked_at is not None:
        return min(certificate.revoked_at, certificate.not_after)
    return certificate.not_after


def kept_until(holder: Holder, certificates: Iterable[Certificate]) -> datetime | None:
    """From when on the person's data may be erased; None while the account is in use.

    Without any certificate the time runs from the registration.
    """
    if holder.status is not HolderStatus.STOPPED:
        return None
    return _years_later(max((lapsed_at(c) for c in certificates), default=holder.registered_at))


def _years_later(at: datetime) -> datetime:
    try:
        return at.replace(year=at.year + YEARS)
    except ValueError:  # 29 February
        return at.replace(year=at.year + YEARS, month=3, day=1)
