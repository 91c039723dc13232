"""Hand-overs between two information administrators of a unit."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.domain.transfers import TransferStatus
from ca_service.store.columns import EnumText
from ca_service.store.models.base import Base


class TransferRow(Base):
    """One row a hand-over; its two papers are rows of their own."""

    __tablename__ = "transfer_case"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    holder_id: Mapped[str] = mapped_column(ForeignKey("holder.id"), index=True)
    change_id: Mapped[str] = mapped_column(ForeignKey("change_case.id"), index=True)
    application_id: Mapped[str | None] = mapped_column(ForeignKey("application.id"), index=True)
    status: Mapped[TransferStatus] = mapped_column(EnumText(TransferStatus), index=True)
    opened_by: Mapped[str] = mapped_column(String(80))
    opened_at: Mapped[datetime]
    ended_by: Mapped[str] = mapped_column(String(80))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(Text)


_OPEN = text("status IN ('seeking', 'paired')")
# Of two who open one for the same person at once, one succeeds.
Index("ix_transfer_open", TransferRow.holder_id, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
