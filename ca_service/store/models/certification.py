"""Our CA certificates, every serial taken, the status log."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.domain.certificates import CertificateEvent, CertificateStatus, RevocationReason
from ca_service.domain.orders import OrderAct, OrderStatus
from ca_service.store.columns import EnumText
from ca_service.store.models.base import Base


class IssuerRow(Base):
    """Our CA certificates and their counters."""

    __tablename__ = "issuer"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    certificate: Mapped[bytes]
    key_label: Mapped[str] = mapped_column(String(60))
    signed_by: Mapped[str] = mapped_column(String(40))
    status_version: Mapped[int] = mapped_column(BigInteger)
    crl_number: Mapped[int] = mapped_column(BigInteger)
    waiting: Mapped[bool] = mapped_column(server_default=false())


class CertificateRow(Base):
    """Every serial we ever took, also those never handed out."""

    __tablename__ = "certificate"
    serial: Mapped[str] = mapped_column(String(40), primary_key=True)
    issuer: Mapped[str] = mapped_column(ForeignKey("issuer.name"))
    profile: Mapped[str] = mapped_column(String(40))
    unit_code: Mapped[str] = mapped_column(String(20), index=True)
    subject: Mapped[str] = mapped_column(String(200))
    status: Mapped[CertificateStatus]
    key_sha256: Mapped[str] = mapped_column(String(64), index=True)
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(index=True)
    tbs: Mapped[bytes]
    der: Mapped[bytes | None]
    holder_id: Mapped[str | None] = mapped_column(String(40))
    medium_serial: Mapped[str | None] = mapped_column(String(40))
    revoked_at: Mapped[datetime | None]
    reason: Mapped[RevocationReason | None]
    crl_entry: Mapped[bytes | None]
    confirmed_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    outdated_at: Mapped[datetime | None]
    outdated_by: Mapped[str] = mapped_column(String(40), server_default="")
    end_notice_at: Mapped[datetime | None] = mapped_column(index=True)
    shard: Mapped[int | None] = mapped_column(Integer)
    der_sha256: Mapped[str] = mapped_column(String(64), server_default="")


# What a CRL is joined from, and what the start-up looks for after a crash: never a scan of all certificates.
Index("ix_certificate_status", CertificateRow.issuer, CertificateRow.status)
Index("ix_certificate_shard", CertificateRow.issuer, CertificateRow.shard, CertificateRow.status)
# A person's certificates; with the next two columns all that the campaign board counts of them.
Index("ix_certificate_board", CertificateRow.holder_id, CertificateRow.status, CertificateRow.created_at)
_OUTDATED = text("outdated_at IS NOT NULL")
Index(
    "ix_certificate_outdated", CertificateRow.outdated_at, sqlite_where=_OUTDATED, postgresql_where=_OUTDATED
)  # fmt: skip


class StatusEventRow(Base):
    """The history of each certificate."""

    __tablename__ = "certificate_event"
    serial: Mapped[str] = mapped_column(ForeignKey("certificate.serial"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    event: Mapped[CertificateEvent] = mapped_column(EnumText(CertificateEvent))
    status: Mapped[CertificateStatus]
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    ground: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(300))
    crl_reason: Mapped[RevocationReason | None]
    version: Mapped[int] = mapped_column(BigInteger)


class StatusOrderRow(Base):
    """Orders of one officer, and the second who confirmed them."""

    __tablename__ = "status_order"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    serial: Mapped[str] = mapped_column(ForeignKey("certificate.serial"), index=True)
    unit_code: Mapped[str] = mapped_column(String(20), index=True)
    act: Mapped[OrderAct] = mapped_column(EnumText(OrderAct))
    reason: Mapped[str] = mapped_column(String(300))
    ordered_by: Mapped[str] = mapped_column(String(80))
    ordered_at: Mapped[datetime]
    confirm_by: Mapped[datetime]
    status: Mapped[OrderStatus] = mapped_column(EnumText(OrderStatus))
    confirmed_by: Mapped[str | None] = mapped_column(String(60))
    confirmed_at: Mapped[datetime | None]


Index("ix_status_order_waiting", StatusOrderRow.status, StatusOrderRow.confirm_by)


class StatusLogRow(Base):
    """The change log of each issuer, which OCSP caches follow."""

    __tablename__ = "status_log"
    issuer: Mapped[str] = mapped_column(ForeignKey("issuer.name"), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    serial: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime | None]
