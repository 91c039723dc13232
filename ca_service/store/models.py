"""The tables. Columns are named like the fields of the domain records; `sealed` holds encrypted personal fields."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ca_service.domain.applications import ApplicationStatus
from ca_service.domain.certificates import CertificateStatus, RevocationReason
from ca_service.domain.changes import CertificateAct, ChangeKind, ChangeStatus
from ca_service.domain.enrolments import EnrolmentStatus
from ca_service.domain.holders import HolderStatus
from ca_service.domain.media import MediumEvent, MediumStatus, ParcelStatus
from ca_service.domain.messages import Channel, MessageStatus
from ca_service.domain.roles import Role
from ca_service.domain.units import UnitKind
from ca_service.store.columns import EnumNumber, EnumText, RoleSet, UtcDateTime


class Base(DeclarativeBase):
    """All tables of the service."""

    type_annotation_map: ClassVar[dict[type, object]] = {
        datetime: UtcDateTime(),
        UnitKind: EnumText(UnitKind),
        ApplicationStatus: EnumText(ApplicationStatus),
        HolderStatus: EnumText(HolderStatus),
        MediumStatus: EnumText(MediumStatus),
        MediumEvent: EnumText(MediumEvent),
        ParcelStatus: EnumText(ParcelStatus),
        EnrolmentStatus: EnumText(EnrolmentStatus),
        CertificateStatus: EnumText(CertificateStatus),
        RevocationReason: EnumNumber(RevocationReason),
        ChangeKind: EnumText(ChangeKind),
        ChangeStatus: EnumText(ChangeStatus),
        CertificateAct: EnumText(CertificateAct),
        Channel: EnumText(Channel),
        MessageStatus: EnumText(MessageStatus),
        bytes: LargeBinary(),
    }


class UnitRow(Base):
    """The tree of units."""

    __tablename__ = "unit"
    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), index=True)
    kind: Mapped[UnitKind]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("unit.code"), index=True)
    area_code: Mapped[str] = mapped_column(String(12))
    school_type: Mapped[str | None] = mapped_column(String(3))


class StaffRow(Base):
    """Staff accounts."""

    __tablename__ = "staff"
    login: Mapped[str] = mapped_column(String(60), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"))
    roles: Mapped[frozenset[Role]] = mapped_column(RoleSet())
    password_hash: Mapped[str] = mapped_column(String(200))
    must_change_password: Mapped[bool] = mapped_column(Boolean)
    active: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime]


class BatchRow(Base):
    """Uploads; the same sheet of the same unit is one batch however often it is sent."""

    __tablename__ = "batch"
    __table_args__ = (UniqueConstraint("unit_code", "sheet_sha256"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"))
    sheet_sha256: Mapped[str] = mapped_column(String(64))
    scan_sha256: Mapped[str] = mapped_column(String(64))
    uploaded_by: Mapped[str] = mapped_column(String(60))
    uploaded_at: Mapped[datetime]


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


Index("ix_application_queue", ApplicationRow.at_unit, ApplicationRow.status)


class HolderRow(Base):
    """Persons known to the CA; `sealed` is the encrypted Contact."""

    __tablename__ = "holder"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(80), unique=True)
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    user_type: Mapped[str] = mapped_column(String(40))
    sealed: Mapped[bytes]
    id_number_hash: Mapped[str] = mapped_column(String(64), index=True)
    status: Mapped[HolderStatus]
    registered_at: Mapped[datetime]
    pushed_sha256: Mapped[str] = mapped_column(String(64))


class ParcelRow(Base):
    """Parcels of tokens."""

    __tablename__ = "parcel"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    from_unit: Mapped[str] = mapped_column(ForeignKey("unit.code"))
    to_unit: Mapped[str] = mapped_column(ForeignKey("unit.code"))
    courier_number: Mapped[str] = mapped_column(String(60))
    status: Mapped[ParcelStatus]
    sent_by: Mapped[str] = mapped_column(String(60))
    sent_at: Mapped[datetime]
    received_by: Mapped[str | None] = mapped_column(String(60))
    received_at: Mapped[datetime | None]


class MediumRow(Base):
    """Tokens and where each one is."""

    __tablename__ = "medium"
    serial: Mapped[str] = mapped_column(String(40), primary_key=True)
    model: Mapped[str] = mapped_column(String(60))
    status: Mapped[MediumStatus]
    at_unit: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    registered_at: Mapped[datetime]
    holder_id: Mapped[str | None] = mapped_column(ForeignKey("holder.id"), index=True)
    parcel_id: Mapped[str | None] = mapped_column(ForeignKey("parcel.id"), index=True)
    binding_key: Mapped[bytes | None]


class CustodyRow(Base):
    """The history of each token."""

    __tablename__ = "custody"
    serial: Mapped[str] = mapped_column(ForeignKey("medium.serial"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    event: Mapped[MediumEvent]
    from_place: Mapped[str] = mapped_column(String(60))
    to_place: Mapped[str] = mapped_column(String(60))
    by: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]


class EnrolmentRow(Base):
    """Downloads; codes and sessions as keyed hashes only."""

    __tablename__ = "enrolment"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder_id: Mapped[str] = mapped_column(ForeignKey("holder.id"), index=True)
    medium_serial: Mapped[str] = mapped_column(ForeignKey("medium.serial"))
    reference_hash: Mapped[str] = mapped_column(String(64), unique=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[EnrolmentStatus]
    tries_left: Mapped[int] = mapped_column(Integer)
    issued_by: Mapped[str] = mapped_column(String(60))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    session_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    session_expires_at: Mapped[datetime | None]
    nonce: Mapped[bytes | None]
    challenge: Mapped[bytes | None]
    key_sha256: Mapped[str | None] = mapped_column(String(64))
    certificate_serial: Mapped[str | None] = mapped_column(String(40))


class IssuerRow(Base):
    """Our CA certificates and their counters."""

    __tablename__ = "issuer"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    certificate: Mapped[bytes]
    key_label: Mapped[str] = mapped_column(String(60))
    signed_by: Mapped[str] = mapped_column(String(40))
    status_version: Mapped[int] = mapped_column(BigInteger)
    crl_number: Mapped[int] = mapped_column(BigInteger)


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
    holder_id: Mapped[str | None] = mapped_column(String(40), index=True)
    medium_serial: Mapped[str | None] = mapped_column(String(40))
    revoked_at: Mapped[datetime | None]
    reason: Mapped[RevocationReason | None]
    crl_entry: Mapped[bytes | None]


# What a CRL is joined from, and what the start-up looks for after a crash: never a scan of all certificates.
Index("ix_certificate_status", CertificateRow.issuer, CertificateRow.status)


class StatusLogRow(Base):
    """The change log of each issuer, which OCSP caches follow."""

    __tablename__ = "status_log"
    issuer: Mapped[str] = mapped_column(ForeignKey("issuer.name"), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    serial: Mapped[str] = mapped_column(String(40))


class CrlRow(Base):
    """Reserved and published CRL numbers."""

    __tablename__ = "crl"
    issuer: Mapped[str] = mapped_column(ForeignKey("issuer.name"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    status_version: Mapped[int] = mapped_column(BigInteger)
    this_update: Mapped[datetime]
    next_update: Mapped[datetime]
    tbs: Mapped[bytes]
    der: Mapped[bytes | None]


class ChangeRow(Base):
    """Change cases."""

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


class AccountEventRow(Base):
    """The feed for relying systems."""

    __tablename__ = "account_event"
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[ChangeKind]
    holder_id: Mapped[str] = mapped_column(String(40))
    unit_code: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    change_id: Mapped[str] = mapped_column(String(40))


class MessageRow(Base):
    """The outbox; `sealed` is the encrypted Letter."""

    __tablename__ = "message"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    channel: Mapped[Channel]
    sealed: Mapped[bytes]
    status: Mapped[MessageStatus] = mapped_column(index=True)
    created_at: Mapped[datetime]


class AuditRow(Base):
    """The hash chain; text and octets exactly as they are hashed."""

    __tablename__ = "audit_entry"
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(String(32))
    tag: Mapped[str] = mapped_column(String(60))
    actor: Mapped[str] = mapped_column(String(80))
    via: Mapped[str] = mapped_column(String(20))
    unit_code: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(120), index=True)
    detail: Mapped[str] = mapped_column(Text)
    previous: Mapped[bytes]
    hash: Mapped[bytes]


class HeadRow(Base):
    """The last number and hash of each gapless sequence; its row lock puts writers in order."""

    __tablename__ = "head"
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer)
    hash: Mapped[bytes]
