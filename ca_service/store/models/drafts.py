"""Uploads that were examined and not yet taken, with their bytes: they leave no trace in the document store."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.store.columns import UtcDateTime
from ca_service.store.models.base import Base


class DraftRow(Base):
    """Uploads that wait for a choice: names of files and who uploaded; the contents are in `DraftPartRow`."""

    __tablename__ = "draft"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"))
    sheet_name: Mapped[str] = mapped_column(String(100))
    scan_name: Mapped[str] = mapped_column(String(100))
    uploaded_by: Mapped[str] = mapped_column(String(60), index=True)
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime(), index=True)


class DraftPartRow(Base):
    """The bytes of a draft, encrypted: they are personal data that nobody has taken yet."""

    __tablename__ = "draft_part"
    draft_id: Mapped[str] = mapped_column(ForeignKey("draft.id"), primary_key=True)
    part: Mapped[str] = mapped_column(String(20), primary_key=True)
    sealed: Mapped[bytes]
