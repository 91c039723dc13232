"""Tokens, parcels, their history, and the downloads onto them."""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.domain.enrolments import EnrolmentStatus
from ca_service.domain.media import Arrival, MediumEvent, MediumStatus, ParcelStatus, SheetStatus
from ca_service.store.columns import EnumText
from ca_service.store.models.base import Base


class ParcelRow(Base):
    """Shipments of tokens; which tokens stands in `ParcelItemRow`."""

    __tablename__ = "parcel"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    from_unit: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    to_unit: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    courier_number: Mapped[str] = mapped_column(String(60))
    seal_number: Mapped[str] = mapped_column(String(60))
    status: Mapped[ParcelStatus]
    sent_by: Mapped[str] = mapped_column(String(60))
    sent_at: Mapped[datetime]
    received_by: Mapped[str | None] = mapped_column(String(60))
    received_at: Mapped[datetime | None]
    receipt_note: Mapped[str] = mapped_column(String(300))


class ParcelItemRow(Base):
    """What became of each token of a parcel."""

    __tablename__ = "parcel_item"
    parcel_id: Mapped[str] = mapped_column(ForeignKey("parcel.id"), primary_key=True)
    serial: Mapped[str] = mapped_column(ForeignKey("medium.serial"), primary_key=True)
    arrival: Mapped[Arrival] = mapped_column(EnumText(Arrival))


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
    firmware: Mapped[str] = mapped_column(String(60))


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
    status: Mapped[MediumStatus]
    at_unit: Mapped[str] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(String(300))


class DispatchSheetRow(Base):
    """Printed sheets of hand-overs, and the signed ones that came back."""

    __tablename__ = "dispatch_sheet"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    status: Mapped[SheetStatus] = mapped_column(EnumText(SheetStatus))
    prepared_by: Mapped[str] = mapped_column(String(60))
    prepared_at: Mapped[datetime]
    scan_sha256: Mapped[str] = mapped_column(String(64))
    signed_at: Mapped[datetime | None]


class HandOverRow(Base):
    """The dispatch record."""

    __tablename__ = "hand_over"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    serial: Mapped[str] = mapped_column(ForeignKey("medium.serial"), index=True)
    holder_id: Mapped[str] = mapped_column(ForeignKey("holder.id"), index=True)
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    from_unit: Mapped[str] = mapped_column(ForeignKey("unit.code"))
    by: Mapped[str] = mapped_column(String(60))
    prepared_at: Mapped[datetime]
    handed_over_at: Mapped[datetime | None]
    sheet_id: Mapped[str | None] = mapped_column(ForeignKey("dispatch_sheet.id"), index=True)
    cancelled: Mapped[bool] = mapped_column(Boolean)


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
    renews: Mapped[str | None] = mapped_column(String(40), index=True)
