"""Units, staff accounts, and the persons known to the CA."""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, SmallInteger, String, false
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.domain.holders import HolderStatus
from ca_service.domain.roles import Role
from ca_service.domain.units import UnitKind, UnitStatus
from ca_service.store.columns import EnumText, RoleSet
from ca_service.store.models.base import Base


class UnitRow(Base):
    """The tree of units; `name_key` is the form in which two spellings of a name are equal."""

    __tablename__ = "unit"
    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), index=True)
    name_key: Mapped[str] = mapped_column(String(300), index=True)
    kind: Mapped[UnitKind]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("unit.code"), index=True)
    area_code: Mapped[str] = mapped_column(String(12))
    school_type: Mapped[str | None] = mapped_column(String(3))
    credit_code: Mapped[str | None] = mapped_column(String(18))
    status: Mapped[UnitStatus] = mapped_column(EnumText(UnitStatus), server_default=UnitStatus.OPEN.value)
    successor_code: Mapped[str | None] = mapped_column(String(20))
    closed_at: Mapped[datetime | None]


class LineageRow(Base):
    """Each unit with itself (depth 0) and every unit above it: a subtree is one look-up, however large the tree."""

    __tablename__ = "unit_lineage"
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"), primary_key=True)
    above_code: Mapped[str] = mapped_column(ForeignKey("unit.code"), primary_key=True)
    depth: Mapped[int] = mapped_column(SmallInteger)


Index("ix_unit_lineage_above", LineageRow.above_code, LineageRow.unit_code)


class StaffRow(Base):
    """Who may sign in to the console; a disabled account stays, since the audit log names its login."""

    __tablename__ = "staff"
    login: Mapped[str] = mapped_column(String(60), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"))
    roles: Mapped[frozenset[Role]] = mapped_column(RoleSet())
    password_hash: Mapped[str] = mapped_column(String(200))
    must_change_password: Mapped[bool] = mapped_column(Boolean)
    active: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime]
    person_hash: Mapped[str] = mapped_column(String(64), server_default="", index=True)
    must_identify: Mapped[bool] = mapped_column(Boolean, server_default=false())
    second_factor: Mapped[bool] = mapped_column(Boolean, server_default=false())
    password_set_at: Mapped[datetime | None]
    holder_id: Mapped[str | None] = mapped_column(String(40), unique=True, index=True)
    signed_in_at: Mapped[datetime | None]


class HolderRow(Base):
    """Persons known to the CA; `sealed` is the encrypted Contact."""

    __tablename__ = "holder"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(80), unique=True)
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    name: Mapped[str] = mapped_column(String(100), index=True)
    user_type: Mapped[str] = mapped_column(String(40))
    sealed: Mapped[bytes]
    id_number_hash: Mapped[str] = mapped_column(String(64), index=True)
    status: Mapped[HolderStatus]
    registered_at: Mapped[datetime]
    pushed_sha256: Mapped[str] = mapped_column(String(64))
    approved_sha256: Mapped[str] = mapped_column(String(64), server_default="")
    approved_in: Mapped[str] = mapped_column(String(40), server_default="")


# All that the campaign board counts of them, without the wide rows.
Index(
    "ix_holder_board",
    HolderRow.status,
    HolderRow.user_type,
    HolderRow.unit_code,
    HolderRow.id,
    HolderRow.registered_at,
)
