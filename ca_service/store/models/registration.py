"""Uploads, applications, change cases and the feed of what was decided."""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.domain.applications import ApplicationStatus, BatchStatus, Source
from ca_service.domain.changes import AccountEventKind, CertificateAct, ChangeKind, ChangeStatus
from ca_service.domain.units import CENTRE_CODE
from ca_service.store.columns import EnumText, UtcDateTime
from ca_service.store.models.base import Base


class BatchRow(Base):
    """Uploads; the same sheet of the same unit is one batch however often it is sent, until it is undone."""

    __tablename__ = "batch"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"))
    sheet_sha256: Mapped[str] = mapped_column(String(64))
    scan_sha256: Mapped[str] = mapped_column(String(64))
    uploaded_by: Mapped[str] = mapped_column(String(60))
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime(), index=True)
    status: Mapped[BatchStatus] = mapped_column(EnumText(BatchStatus))
    source: Mapped[Source] = mapped_column(EnumText(Source))
    sheet_name: Mapped[str] = mapped_column(String(100))
    report_sha256: Mapped[str] = mapped_column(String(64))


_STANDS = text("status = 'taken'")
Index(
    "ix_batch_sheet",
    BatchRow.unit_code,
    BatchRow.sheet_sha256,
    unique=True,
    sqlite_where=_STANDS,
    postgresql_where=_STANDS,
)


class ApplicationRow(Base):
    """Applications; `sealed` is the encrypted Contact."""

    __tablename__ = "application"
    __table_args__ = (UniqueConstraint("batch_id", "row_number"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("batch.id"))
    row_number: Mapped[int] = mapped_column(Integer)
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    user_type: Mapped[str] = mapped_column(String(40))
    school_type: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(String(300))
    sealed: Mapped[bytes]
    id_number_hash: Mapped[str] = mapped_column(String(64), index=True)
    status: Mapped[ApplicationStatus]
    at_unit: Mapped[str] = mapped_column(String(20))
    entered_by: Mapped[str] = mapped_column(String(60))
    submitted_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text)
    approved_sha256: Mapped[str] = mapped_column(String(64))
    approved_path: Mapped[str] = mapped_column(Text, server_default="")
    wants_certificate: Mapped[bool] = mapped_column(Boolean)
    existing_account: Mapped[str] = mapped_column(String(60))
    remarks: Mapped[str] = mapped_column(Text)
    mended_by: Mapped[str] = mapped_column(String(60))
    scan_sha256: Mapped[str] = mapped_column(String(64))


Index("ix_application_queue", ApplicationRow.at_unit, ApplicationRow.status)
# All that the campaign board counts of them: the rows themselves, wide with their sealed contacts, are not read.
Index(
    "ix_application_board",
    ApplicationRow.user_type,
    ApplicationRow.status,
    ApplicationRow.unit_code,
    ApplicationRow.at_unit,
    ApplicationRow.submitted_at,
)


class ReceiptRow(Base):
    """Receipts of pushes; the same body of the same directory has one."""

    __tablename__ = "push_receipt"
    __table_args__ = (UniqueConstraint("directory", "sha256"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    directory: Mapped[str] = mapped_column(String(80))
    sha256: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime]
    registered: Mapped[int] = mapped_column(Integer)
    unchanged: Mapped[int] = mapped_column(Integer)
    refused: Mapped[int] = mapped_column(Integer)


class ChangeRow(Base):
    """Change cases; `sealed` is the encrypted Paper, absent in cases from before it was kept."""

    __tablename__ = "change_case"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[ChangeKind]
    holder_id: Mapped[str] = mapped_column(ForeignKey("holder.id"), index=True)
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"))
    explanation: Mapped[str] = mapped_column(Text)
    opinion: Mapped[str] = mapped_column(Text)
    transferred: Mapped[bool] = mapped_column(Boolean)
    scan_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[ChangeStatus]
    submitted_by: Mapped[str] = mapped_column(String(60))
    submitted_at: Mapped[datetime]
    certificate_act: Mapped[CertificateAct | None]
    decided_by: Mapped[str | None] = mapped_column(String(60))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str] = mapped_column(Text)
    executed_by: Mapped[str | None] = mapped_column(String(60))
    executed_at: Mapped[datetime | None]
    at_unit: Mapped[str] = mapped_column(String(20), server_default=CENTRE_CODE)
    approved_sha256: Mapped[str] = mapped_column(String(64), server_default="")
    sealed: Mapped[bytes | None]


Index("ix_change_queue", ChangeRow.at_unit, ChangeRow.status)


class AccountEventRow(Base):
    """The feed for relying systems."""

    __tablename__ = "account_event"
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[AccountEventKind] = mapped_column(EnumText(AccountEventKind))
    holder_id: Mapped[str] = mapped_column(String(40))
    unit_code: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    change_id: Mapped[str] = mapped_column(String(40))
    from_unit: Mapped[str] = mapped_column(String(20), server_default="")
