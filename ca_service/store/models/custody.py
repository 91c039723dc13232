"""Tokens, parcels, their history, and the downloads onto them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.domain.enrolments import EnrolmentStatus
from ca_service.domain.media import MediumEvent, MediumStatus, ParcelStatus
from ca_service.store.models.base import Base


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
