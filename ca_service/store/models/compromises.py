"""Declared compromises of issuing CAs."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.domain.compromises import CompromiseStatus
from ca_service.store.columns import EnumText
from ca_service.store.models.base import Base


class CompromiseRow(Base):
    """Reports that a key is compromised; withdrawn ones stay."""

    __tablename__ = "compromise"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    issuer: Mapped[str] = mapped_column(ForeignKey("issuer.name"))
    ground: Mapped[str] = mapped_column(Text)
    status: Mapped[CompromiseStatus] = mapped_column(EnumText(CompromiseStatus))
    declared_by: Mapped[str] = mapped_column(String(80))
    declared_at: Mapped[datetime]
    decided_by: Mapped[str] = mapped_column(String(80))
    decided_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(80))
    ended_at: Mapped[datetime | None]


_STANDS = text("status != 'withdrawn'")
# One that stands for each issuer.
Index("ix_compromise_standing", CompromiseRow.issuer, unique=True, sqlite_where=_STANDS, postgresql_where=_STANDS)
