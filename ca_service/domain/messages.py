"""A message to a person (SMS or e-mail): written in the transaction that causes it, delivered by the worker.

No gateway can promise that a message arrives exactly once. Here it never goes out twice unless a person asks for that:
a message is claimed before it is handed to its channel, and a claim whose end nobody knows is shown to staff instead
of being repeated.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.lifecycle import Machine

# After each temporary failure the next try waits longer; then a person has to look.
WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=12))
CLAIM_LIFETIME = timedelta(minutes=10)
"""A claim older than this belongs to a worker that died: whether the message went out is not known."""


class Channel(StrEnum):
    """By which way a message goes out."""

    SMS = "sms"
    EMAIL = "email"


class MessageStatus(StrEnum):
    """Whether a message has been given to its channel."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


class MessageEvent(StrEnum):
    """What can happen to a message."""

    CLAIM = "claim"
    ACCEPT = "accept"
    POSTPONE = "postpone"
    REJECT = "reject"
    LOSE = "lose"
    RESEND = "resend"


_S, _E = MessageStatus, MessageEvent

MESSAGE = Machine(
    "消息",
    MappingProxyType(
        {
            (_S.PENDING, _E.CLAIM): _S.SENDING,
            (_S.SENDING, _E.ACCEPT): _S.SENT,
            (_S.SENDING, _E.POSTPONE): _S.PENDING,
            (_S.SENDING, _E.REJECT): _S.FAILED,
            (_S.SENDING, _E.LOSE): _S.UNCERTAIN,
            (_S.FAILED, _E.RESEND): _S.PENDING,
            (_S.UNCERTAIN, _E.RESEND): _S.PENDING,
        }
    ),
)


@dataclass(frozen=True)
class Letter:
    """The personal part of a message, encrypted at rest: a mobile number or e-mail address, the text, its subject."""

    to: str
    text: str
    subject: str = ""


@dataclass(frozen=True)
class Message:
    """One message of the outbox, about something of this unit. `due_at` is when it may be tried (again)."""

    id: str
    channel: Channel
    letter: Letter
    status: MessageStatus
    unit_code: str
    created_at: datetime
    due_at: datetime
    attempts: int = 0
    claimed_at: datetime | None = None
    failure: str = ""


def wait_after(attempts: int) -> timedelta | None:
    """How long to wait after this many temporary failures; None when a person has to look."""
    return WAITS[attempts - 1] if attempts <= len(WAITS) else None
