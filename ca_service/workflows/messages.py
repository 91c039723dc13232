"""The outbox: write a message in a running transaction, deliver what is due, send again what a person asks for.

    claim (committed) -> hand to the channel -> accepted, postponed or rejected (committed)

If the process dies at an arrow the claim stands; after CLAIM_LIFETIME it counts as uncertain and is not repeated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict
from ca_service.domain.messages import (
    CLAIM_LIFETIME,
    MESSAGE,
    Channel,
    Letter,
    Message,
    MessageEvent,
    MessageStatus,
    wait_after,
)
from ca_service.domain.person_text import mask_email, mask_phone
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.ports import Before, Courier, Postponed, Rejected, Services, UnitOfWork, Unsure

_PAGE = 100


def post(services: Services, uow: UnitOfWork, channel: Channel, letter: Letter, *, unit: str) -> Message:
    """Put a message into the outbox, in the transaction that causes it."""
    now = services.clock()
    message = Message(services.new_id("M"), channel, letter, MessageStatus.PENDING, unit, now, now)
    uow.messages.add(message)
    return message


def notify(services: Services, uow: UnitOfWork, letter: Letter, *, unit: str) -> None:
    """Put an e-mail into the outbox, in the transaction that causes it, if the person has an address."""
    if letter.to:
        post(services, uow, Channel.EMAIL, letter, unit=unit)


def deliver(services: Services, couriers: Mapping[Channel, Courier]) -> int:
    """Hand over what is due, a page of each channel; return how many were accepted. Several workers may do so at once.

    So a code by SMS does not wait until all the e-mails of a large approval have gone out.
    """
    pending: dict[str, Any] = {"status": MessageStatus.PENDING, "due_at": Before(services.clock())}
    with services.read() as uow:
        pages = [uow.messages.find(channel=channel, order="due_at", limit=_PAGE, **pending) for channel in couriers]
    due = [message for page in pages for message in page]
    return sum(_deliver(services, couriers[message.channel], message) for message in due)


def _deliver(services: Services, courier: Courier, message: Message) -> bool:
    try:
        claimed = _move(services, message, MessageEvent.CLAIM, claimed_at=services.clock())
    except Conflict:
        return False  # another worker has it
    try:
        courier.send(claimed)
    except Postponed as failure:
        _postpone(services, claimed, str(failure))
    except Rejected as failure:
        _move(services, claimed, MessageEvent.REJECT, failure=str(failure))
    except Unsure as failure:
        _move(services, claimed, MessageEvent.LOSE, failure=str(failure))
    else:
        _move(services, claimed, MessageEvent.ACCEPT, failure="")
        return True
    return False


def _postpone(services: Services, claimed: Message, failure: str) -> None:
    attempts = claimed.attempts + 1
    wait = wait_after(attempts)
    if wait is None:
        _move(services, claimed, MessageEvent.REJECT, attempts=attempts, failure=failure)
    else:
        due = services.clock() + wait
        _move(services, claimed, MessageEvent.POSTPONE, attempts=attempts, due_at=due, failure=failure)


def _move(services: Services, message: Message, event: MessageEvent, **changed: Any) -> Message:
    with services.begin() as uow:
        return uow.messages.change(message, status=MESSAGE.after(message.status, event), **changed)


def notice_lost(services: Services) -> int:
    """Mark claims of workers that died as uncertain; return how many."""
    with services.begin() as uow:
        old = uow.messages.find(
            status=MessageStatus.SENDING, claimed_at=Before(services.clock() - CLAIM_LIFETIME), limit=_PAGE
        )
        for message in old:
            status = MESSAGE.after(message.status, MessageEvent.LOSE)
            uow.messages.change(message, status=status, failure="the worker ended while sending")
        return len(old)


def list_messages(
    services: Services, actor: Actor, window: Window = ALL, *, status: MessageStatus | None = None
) -> Listing[Message]:
    """The messages about the actor's subtree, newest first: addresses masked, texts left out."""
    wanted: dict[str, Any] = {} if status is None else {"status": status}
    with services.read() as uow:
        authorise(actor, Action.MESSAGE_READ, lineage=uow.units.lineage(actor.unit_code))
        found = listing(uow.messages, window, order="-created_at", within=actor.unit_code, **wanted)
    return Listing([_masked(message) for message in found.rows], found.total)


def resend(services: Services, actor: Actor, ids: Sequence[str]) -> Sequence[Message]:
    """Send failed or uncertain messages once more, at the risk that one arrives twice; all of them or none."""
    with services.begin() as uow:
        moved = []
        for message_id in ids:
            message = uow.messages.get(message_id)
            authorise(actor, Action.MESSAGE_RESEND, lineage=uow.units.lineage(message.unit_code))
            status = MESSAGE.after(message.status, MessageEvent.RESEND)
            moved.append(uow.messages.change(message, status=status, attempts=0, due_at=services.clock()))
            uow.audit.append(actor, Tag.MESSAGE_RESENT, message.id, unit=message.unit_code)
        return [_masked(message) for message in moved]


def _masked(message: Message) -> Message:
    mask = mask_phone if message.channel is Channel.SMS else mask_email
    return replace(message, letter=Letter(mask(message.letter.to), ""))
