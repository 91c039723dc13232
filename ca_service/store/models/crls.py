"""CRL numbers with their lists, the shards that were opened, overrides of the gate, alarms."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.domain.crl_alarms import AlarmKind
from ca_service.domain.crl_overrides import OverrideStatus
from ca_service.domain.crls import CrlStatus
from ca_service.store.columns import EnumText, JsonText
from ca_service.store.models.base import Base


class CrlRow(Base):
    """Reserved and published CRL numbers; `name` is the line they belong to."""

    __tablename__ = "crl"
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    issuer: Mapped[str] = mapped_column(ForeignKey("issuer.name"))
    shard: Mapped[int | None] = mapped_column(Integer)
    status: Mapped[CrlStatus] = mapped_column(EnumText(CrlStatus))
    status_version: Mapped[int] = mapped_column(BigInteger)
    this_update: Mapped[datetime]
    next_update: Mapped[datetime]
    settled: Mapped[datetime | None]
    scheduled: Mapped[bool]
    tbs: Mapped[bytes]
    der: Mapped[bytes | None]
    delta_tbs: Mapped[bytes | None]
    delta: Mapped[bytes | None]
    refusal: Mapped[str] = mapped_column(String(300), server_default="")


# The newest list of a line, and the oldest that is still current: never a scan of all that there were.
Index("ix_crl_status", CrlRow.name, CrlRow.status, CrlRow.number)
Index("ix_crl_current", CrlRow.name, CrlRow.next_update)


class CrlShardRow(Base):
    """The parts of a split CRL."""

    __tablename__ = "crl_shard"
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    issuer: Mapped[str] = mapped_column(ForeignKey("issuer.name"), index=True)
    shard: Mapped[int] = mapped_column(Integer)
    url: Mapped[str] = mapped_column(String(1000))
    number: Mapped[int] = mapped_column(BigInteger)


class CrlOverrideRow(Base):
    """Differences without a cause that two people let pass."""

    __tablename__ = "crl_override"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(60), index=True)
    status: Mapped[OverrideStatus] = mapped_column(EnumText(OverrideStatus))
    differences: Mapped[Mapping[str, Any]] = mapped_column(JsonText)
    reason: Mapped[str] = mapped_column(String(300))
    proposed_by: Mapped[str] = mapped_column(String(80))
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(80))
    decided_at: Mapped[datetime | None]
    number: Mapped[int | None] = mapped_column(BigInteger)
    status_version: Mapped[int | None] = mapped_column(BigInteger)


class CrlAlarmRow(Base):
    """What was told to the staff already: each thing once."""

    __tablename__ = "crl_alarm"
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[AlarmKind] = mapped_column(EnumText(AlarmKind), primary_key=True)
    at: Mapped[datetime]
