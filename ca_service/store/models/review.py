"""What was done on the way up the tree, and who stands there twice."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.domain.conflicts import ConflictStatus
from ca_service.store.columns import EnumText
from ca_service.store.models.base import Base


class StepRow(Base):
    """Each act on an application or a change case, in order."""

    __tablename__ = "review_step"
    subject: Mapped[str] = mapped_column(String(40), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    event: Mapped[str] = mapped_column(String(40))
    from_unit: Mapped[str] = mapped_column(String(20))
    to_unit: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text)
    shown_sha256: Mapped[str] = mapped_column(String(64))


class ConflictRow(Base):
    """Two applications of one person."""

    __tablename__ = "conflict_case"
    __table_args__ = (UniqueConstraint("first_id", "second_id"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    id_number_hash: Mapped[str] = mapped_column(String(64), index=True)
    first_id: Mapped[str] = mapped_column(ForeignKey("application.id"))
    second_id: Mapped[str] = mapped_column(ForeignKey("application.id"), index=True)
    status: Mapped[ConflictStatus] = mapped_column(EnumText(ConflictStatus))
    at_unit: Mapped[str] = mapped_column(String(20))
    opened_at: Mapped[datetime]
    decided_by: Mapped[str] = mapped_column(String(60))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text)


Index("ix_conflict_queue", ConflictRow.at_unit, ConflictRow.status)
