"""Messages to holders whose certificate is about to end: once at each moment of `domain/expiry.py`, whoever works."""

from ca_service.clock import SHANGHAI
from ca_service.domain import expiry
from ca_service.domain.certificates import Certificate, CertificateStatus
from ca_service.domain.messages import Channel
from ca_service.domain.notices import certificate_ends
from ca_service.workflows.enrol_issue import PROFILE
from ca_service.workflows.messages import post
from ca_service.workflows.ports import Before, Services, UnitOfWork

_PAGE = 200


def announce_ends(services: Services) -> int:
    """Tell the holders whose moment has come and set the next one, in one transaction; return how many were told.

    After a standstill over several moments one message goes out, not several. Raises Conflict where another worker was
    first: nothing was written, and the next round finds what is left.
    """
    now, window = services.clock(), services.terms.renewal_window
    with services.begin() as uow:
        due = uow.certificates.find(
            status=CertificateStatus.ACTIVE, profile=PROFILE, end_notice_at=Before(now), limit=_PAGE
        )
        told = [one for one in due if expiry.reached(one.not_after, window, at=now)]
        for certificate in told:
            _tell(services, uow, certificate)
        for certificate in due:
            following = expiry.next_notice(certificate.not_after, window, after=now)
            uow.certificates.change(certificate, guard=("end_notice_at",), end_notice_at=following)
        return len(told)


def _tell(services: Services, uow: UnitOfWork, certificate: Certificate) -> None:
    holder = uow.holders.get(certificate.holder_id or "")
    days = (certificate.not_after - services.clock()).days
    letter = certificate_ends(holder.contact.mobile, certificate.not_after.astimezone(SHANGHAI).date(), days)
    post(services, uow, Channel.SMS, letter, unit=certificate.unit_code)
