"""The outbox, the audit chain and the heads of the gapless sequences."""

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.domain.messages import Channel, MessageStatus
from ca_service.store.models.base import Base


class MessageRow(Base):
    """The outbox; `sealed` is the encrypted Letter."""

    __tablename__ = "message"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    channel: Mapped[Channel]
    sealed: Mapped[bytes]
    status: Mapped[MessageStatus]
    unit_code: Mapped[str] = mapped_column(String(20), index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer)
    claimed_at: Mapped[datetime | None]
    failure: Mapped[str] = mapped_column(String(200))


# What the worker asks for each round: the few that are pending among many that were sent.
Index("ix_message_due", MessageRow.status, MessageRow.due_at)


class AuditRow(Base):
    """The hash chain; text and octets exactly as they are hashed."""

    __tablename__ = "audit_entry"
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(String(32))
    tag: Mapped[str] = mapped_column(String(60))
    actor: Mapped[str] = mapped_column(String(80))
    via: Mapped[str] = mapped_column(String(20))
    unit_code: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(120))
    detail: Mapped[str] = mapped_column(Text)
    previous: Mapped[bytes]
    hash: Mapped[bytes]


# By what an auditor looks for entries, each with the number by which they are listed (store/audit_search.py).
for _column in (AuditRow.subject, AuditRow.actor, AuditRow.unit_code, AuditRow.tag, AuditRow.at):
    Index(f"ix_audit_entry_{_column.key}_seq", _column, AuditRow.seq)


class HeadRow(Base):
    """The last number and hash of each gapless sequence; its row lock puts writers in order."""

    __tablename__ = "head"
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer)
    hash: Mapped[bytes]
