"""Cases of erasure, what was erased of whom, holds on records, what is left to do."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.domain.erasures import ChoreKind, ErasureStatus
from ca_service.store.columns import EnumText, JsonText
from ca_service.store.models.base import Base


class ErasureRow(Base):
    """Cases of erasure; the persons of each are rows of `ErasureLineRow`."""

    __tablename__ = "erasure"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    status: Mapped[ErasureStatus] = mapped_column(EnumText(ErasureStatus), index=True)
    ground: Mapped[str] = mapped_column(Text)
    seen: Mapped[str] = mapped_column(String(64))
    proposed_by: Mapped[str] = mapped_column(String(80))
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(80))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str] = mapped_column(Text)


class ErasureLineRow(Base):
    """The holders of each case; `facts` name rows by opaque keys and documents by keyed hashes only."""

    __tablename__ = "erasure_line"
    erasure_id: Mapped[str] = mapped_column(ForeignKey("erasure.id"), primary_key=True)
    holder_id: Mapped[str] = mapped_column(ForeignKey("holder.id"), primary_key=True, index=True)
    unit_code: Mapped[str] = mapped_column(String(20))
    erased_at: Mapped[datetime | None]
    facts: Mapped[Mapping[str, Any]] = mapped_column(JsonText)
    sha256: Mapped[str] = mapped_column(String(64))


class RecordsHoldRow(Base):
    """Who said that whose records are still needed, and who said that they are not any more."""

    __tablename__ = "records_hold"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder_id: Mapped[str] = mapped_column(ForeignKey("holder.id"), index=True)
    unit_code: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(300))
    set_by: Mapped[str] = mapped_column(String(80))
    set_at: Mapped[datetime]
    lifted_by: Mapped[str | None] = mapped_column(String(80))
    lifted_at: Mapped[datetime | None]
    lift_reason: Mapped[str] = mapped_column(String(300))


_STANDS = text("lifted_at IS NULL")
# One that stands for each person: of two who set it at once, one succeeds.
Index("ix_records_hold_standing", RecordsHoldRow.holder_id, unique=True, sqlite_where=_STANDS, postgresql_where=_STANDS)


class ErasureChoreRow(Base):
    """What the worker has still to take away; a row goes when that is done."""

    __tablename__ = "erasure_chore"
    kind: Mapped[ChoreKind] = mapped_column(EnumText(ChoreKind), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    erasure_id: Mapped[str] = mapped_column(String(40))
    since: Mapped[datetime]
