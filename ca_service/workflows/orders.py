"""The second pair of eyes on orders, and what time does to holds and to certificates that nobody confirms."""

from collections.abc import Sequence

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import Certificate, CertificateEvent, CertificateStatus, RevocationReason
from ca_service.domain.messages import Channel
from ca_service.domain.notices import certificate_still_frozen
from ca_service.domain.orders import ORDER, OrderEvent, OrderStatus, StatusOrder
from ca_service.domain.roles import Action, Actor, authorise, refuse_self_review
from ca_service.workflows.certificate_status import apply
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.messages import post
from ca_service.workflows.ports import Before, Services, UnitOfWork

_PAGE = 500
_ADMINISTRATOR = "information-administrator"
_UNCONFIRMED = "not confirmed in time"


def list_orders(
    services: Services, actor: Actor, window: Window = ALL, *, waiting: bool = False
) -> Listing[StatusOrder]:
    """The orders of the actor's subtree, newest first; `waiting`: those that no second officer has confirmed."""
    wanted: dict[str, object] = {"status": [OrderStatus.OPEN, OrderStatus.ESCALATED]} if waiting else {}
    with services.read() as uow:
        authorise(actor, Action.CERTIFICATE_READ, lineage=uow.units.lineage(actor.unit_code))
        return listing(uow.orders, window, order="-ordered_at", within=actor.unit_code, **wanted)


def confirm_order(services: Services, actor: Actor, order_id: str) -> StatusOrder:
    """Confirm what another officer did; the certificate stays as it is. Raises Forbidden for the own order."""
    with services.begin() as uow:
        order = uow.orders.get(order_id)
        authorise(actor, Action.ORDER_CONFIRM, lineage=uow.units.lineage(order.unit_code))
        refuse_self_review(actor, entered_by=order.ordered_by)
        status = ORDER.after(order.status, OrderEvent.CONFIRM)
        confirmed = uow.orders.change(order, status=status, confirmed_by=actor.login, confirmed_at=services.clock())
        uow.audit.append(actor, Tag.ORDER_CONFIRMED, order.id, unit=order.unit_code, detail={"serial": order.serial})
        return confirmed


def escalate_orders(services: Services, actor: Actor) -> int:
    """Mark orders whose time for a second officer is over; return how many. Nothing is undone."""
    with services.begin() as uow:
        late = uow.orders.find(status=OrderStatus.OPEN, confirm_by=Before(services.clock()), limit=_PAGE)
        for order in late:
            uow.orders.change(order, status=ORDER.after(order.status, OrderEvent.ESCALATE))
            uow.audit.append(actor, Tag.ORDER_ESCALATED, order.id, unit=order.unit_code)
        return len(late)


def overdue_holds(services: Services, actor: Actor, window: Window = ALL) -> Listing[Certificate]:
    """Holds that have lasted longer than the policy allows: a person has to decide, the service never does."""
    before = Before(services.clock() - services.terms.longest_hold)
    with services.read() as uow:
        authorise(actor, Action.CERTIFICATE_READ, lineage=uow.units.lineage(actor.unit_code))
        return listing(
            uow.certificates,
            window,
            order="revoked_at",
            within=actor.unit_code,
            status=CertificateStatus.FROZEN,
            revoked_at=before,
        )


def remind_of_holds(services: Services) -> int:
    """Remind the persons whose certificate has been on hold for long, once in each period; return how many.

    Raises Conflict where another worker was first: nothing was written, and the next round finds what is left.
    """
    now, period = services.clock(), services.terms.hold_reminder
    with services.begin() as uow:
        held = uow.certificates.find(
            status=CertificateStatus.FROZEN, profile=_ADMINISTRATOR, revoked_at=Before(now - period), limit=_PAGE
        )
        due = [c for c in held if c.holder_id and (c.reminded_at is None or now - c.reminded_at > period)]
        for certificate in due:
            holder = uow.holders.get(certificate.holder_id or "")
            days = (now - (certificate.revoked_at or now)).days
            letter = certificate_still_frozen(holder.contact.mobile, days)
            post(services, uow, Channel.SMS, letter, unit=certificate.unit_code)
            uow.certificates.change(certificate, guard=("reminded_at",), reminded_at=now)
        return len(due)


def close_unconfirmed(services: Services, actor: Actor) -> Sequence[Certificate]:
    """Freeze certificates whose key was not proven in time; revoke those that stayed so. Each is one transaction."""
    now, terms = services.clock(), services.terms
    with services.read() as uow:
        late = uow.certificates.find(
            status=CertificateStatus.ISSUED,
            profile=_ADMINISTRATOR,
            created_at=Before(now - terms.confirmation),
            limit=_PAGE,
        )
        held = uow.certificates.find(
            status=CertificateStatus.FROZEN,
            profile=_ADMINISTRATOR,
            confirmed_at=None,
            revoked_at=Before(now - terms.unconfirmed_hold),
            limit=_PAGE,
        )
    frozen = [_close(services, actor, c, CertificateEvent.FREEZE, RevocationReason.CERTIFICATE_HOLD) for c in late]
    ended = RevocationReason.CESSATION_OF_OPERATION
    return [*frozen, *(_close(services, actor, c, CertificateEvent.REVOKE, ended) for c in held)]


def _close(
    services: Services, actor: Actor, certificate: Certificate, event: CertificateEvent, reason: RevocationReason
) -> Certificate:
    with services.begin() as uow:
        current = _unchanged(uow, certificate)
        if current is None:
            return certificate
        return apply(uow, actor, current, event, at=services.clock(), reason=_UNCONFIRMED, crl_reason=reason)


def _unchanged(uow: UnitOfWork, certificate: Certificate) -> Certificate | None:
    current = uow.certificates.get(certificate.serial)
    return current if (current.status, current.confirmed_at) == (certificate.status, None) else None
