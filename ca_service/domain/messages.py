"""A message to a person (SMS or e-mail): written in the transaction that causes it, delivered by the worker."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Channel(StrEnum):
    """By which way a message goes out."""

    SMS = "sms"
    EMAIL = "email"


class MessageStatus(StrEnum):
    """Whether a message has been given to its channel."""

    PENDING = "pending"
    SENT = "sent"


@dataclass(frozen=True)
class Letter:
    """The personal part of a message, encrypted at rest: address (a mobile number or an e-mail address) and text."""

    to: str
    text: str


@dataclass(frozen=True)
class Message:
    """One message of the outbox."""

    id: str
    channel: Channel
    letter: Letter
    status: MessageStatus
    created_at: datetime
