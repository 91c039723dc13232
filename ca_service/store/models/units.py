"""What happened to units, the cases about them, and their responsible persons."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.domain.responsible import Duty
from ca_service.domain.unit_cases import Effect, UnitAct, UnitCaseStatus, UnitEventKind
from ca_service.store.columns import EnumText, JsonText
from ca_service.store.models.base import Base


class UnitCaseRow(Base):
    """Orders about units with their two people."""

    __tablename__ = "unit_case"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    act: Mapped[UnitAct] = mapped_column(EnumText(UnitAct))
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    target_code: Mapped[str] = mapped_column(String(20))
    area_code: Mapped[str] = mapped_column(String(12))
    stop_people: Mapped[bool] = mapped_column(Boolean)
    return_applications: Mapped[bool] = mapped_column(Boolean)
    ground: Mapped[str] = mapped_column(Text)
    plan_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[UnitCaseStatus] = mapped_column(EnumText(UnitCaseStatus), index=True)
    proposed_by: Mapped[str] = mapped_column(String(80))
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(80))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str] = mapped_column(Text)
    counts: Mapped[Mapping[str, Any]] = mapped_column(JsonText())


_OPEN_CASE = text("status = 'proposed'")
# Two open cases about one unit would each be about a unit that the other changes.
Index("ix_unit_case_open", UnitCaseRow.unit_code, unique=True, sqlite_where=_OPEN_CASE, postgresql_where=_OPEN_CASE)


class UnitEventRow(Base):
    """The history of each unit."""

    __tablename__ = "unit_event"
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[UnitEventKind] = mapped_column(EnumText(UnitEventKind))
    before: Mapped[Mapping[str, Any]] = mapped_column(JsonText())
    after: Mapped[Mapping[str, Any]] = mapped_column(JsonText())
    by: Mapped[str] = mapped_column(String(80))
    confirmed_by: Mapped[str] = mapped_column(String(80))
    ground: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    case_id: Mapped[str] = mapped_column(String(40))


class UnitStepRow(Base):
    """What a case touched, as it was carried out."""

    __tablename__ = "unit_step"
    case_id: Mapped[str] = mapped_column(ForeignKey("unit_case.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    effect: Mapped[Effect] = mapped_column(EnumText(Effect))
    subject: Mapped[str] = mapped_column(String(80), index=True)
    now: Mapped[str] = mapped_column(String(200))
    to: Mapped[str] = mapped_column(String(20))


class ResponsibleRow(Base):
    """Versions of the lines of the roster of responsible persons; `sealed` is the encrypted OfficeContact."""

    __tablename__ = "responsible_person"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    duty: Mapped[Duty] = mapped_column(EnumText(Duty))
    place: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(String(100))
    office: Mapped[str] = mapped_column(String(100))
    post: Mapped[str] = mapped_column(String(100))
    sealed: Mapped[bytes]
    entered_by: Mapped[str] = mapped_column(String(80))
    entered_at: Mapped[datetime]
    ended_by: Mapped[str | None] = mapped_column(String(80))
    ended_at: Mapped[datetime | None]


_CURRENT = text("ended_at IS NULL")
# One current line in each place: of two people who enter it at once, one succeeds.
Index(
    "ix_responsible_current", ResponsibleRow.unit_code, ResponsibleRow.duty, ResponsibleRow.place,
    unique=True, sqlite_where=_CURRENT, postgresql_where=_CURRENT,
)  # fmt: skip
