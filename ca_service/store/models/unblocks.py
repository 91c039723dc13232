"""Releases of locked tokens, and their sealed SO PINs."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.domain.unblocks import ReleaseStatus
from ca_service.store.columns import EnumText
from ca_service.store.models.base import Base


class ReleaseRow(Base):
    """Releases; codes and sessions as keyed hashes only."""

    __tablename__ = "unblock_release"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    serial: Mapped[str] = mapped_column(ForeignKey("medium.serial"), index=True)
    holder_id: Mapped[str] = mapped_column(ForeignKey("holder.id"), index=True)
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    change_id: Mapped[str] = mapped_column(String(40))
    code_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[ReleaseStatus] = mapped_column(EnumText(ReleaseStatus))
    tries_left: Mapped[int] = mapped_column(Integer)
    released_by: Mapped[str] = mapped_column(String(80))
    released_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    session_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    session_expires_at: Mapped[datetime | None]
    nonce: Mapped[bytes | None]
    confirmed_at: Mapped[datetime | None]
    asked_by: Mapped[str | None] = mapped_column(String(80))
    asked_at: Mapped[datetime | None]


class SoPinRow(Base):
    """SO PINs sealed for the custody key."""

    __tablename__ = "so_pin"
    serial: Mapped[str] = mapped_column(ForeignKey("medium.serial"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    sealed: Mapped[bytes]
    session_hash: Mapped[str] = mapped_column(String(64))
