"""What is kept beside the audit log so that a checkpoint costs what is new, and the checkpoints themselves."""

from datetime import datetime

from sqlalchemy import Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.store.models.base import Base


class AuditTileRow(Base):
    """The hash of a complete subtree of 2^(8 * level) entries; `position` counts those of one level from 0."""

    __tablename__ = "audit_tile"
    level: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    hash: Mapped[bytes]


class AuditCheckpointRow(Base):
    """A checkpoint as it was handed out."""

    __tablename__ = "audit_checkpoint"
    size: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text)
