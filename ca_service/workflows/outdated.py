"""Certificates that name what is no longer so (须换发): marked, their holders told, listed until they are replaced.

Such a certificate is good until its holder renews it with the key on the token (`renew.py`), at any time and not only
near its end; the new one carries what is true now, and confirming it supersedes the old one.
"""

from datetime import UTC, datetime

from ca_service.domain import notices
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import LIVE, Certificate
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.certificates import HOLDER_PROFILES
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.messages import notify
from ca_service.workflows.ports import Services, Since, UnitOfWork

_EVER = Since(datetime.min.replace(tzinfo=UTC))


def mark(
    services: Services, uow: UnitOfWork, actor: Actor, certificate: Certificate, *, unit: str, ground: str
) -> None:
    """Mark a live certificate inside a running transaction; its row follows its person to `unit`.

    What the certificate itself says stays as it was signed. `ground` is the case by which it became untrue.
    """
    uow.certificates.change(
        certificate, guard=("unit_code",), unit_code=unit, outdated_at=services.clock(), outdated_by=ground
    )
    uow.audit.append(actor, Tag.CERTIFICATE_OUTDATED, certificate.serial, unit=unit, detail={"ground": ground})
    for holder in uow.holders.find(id=certificate.holder_id or ""):
        notify(services, uow, notices.certificate_due(holder.contact.email, uow.units.get(unit).name), unit=unit)


def due_for_replacement(services: Services, actor: Actor, window: Window = ALL) -> Listing[Certificate]:
    """The live certificates of the actor's subtree that are to be replaced, the longest due first."""
    with services.read() as uow:
        authorise(actor, Action.CERTIFICATE_READ, lineage=uow.units.lineage(actor.unit_code))
        wanted = {"status": LIVE, "profile": HOLDER_PROFILES, "outdated_at": _EVER}
        return listing(uow.certificates, window, order="outdated_at", within=actor.unit_code, **wanted)
