"""What the service measures of itself: how long changes took, which processes live."""

from datetime import datetime

from sqlalchemy import Float, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.domain.propagation import Reach
from ca_service.store.columns import EnumText
from ca_service.store.models.base import Base


class LagRow(Base):
    """Changes that arrived somewhere together; pruned after a week."""

    __tablename__ = "lag"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    issuer: Mapped[str] = mapped_column(ForeignKey("issuer.name"))
    reach: Mapped[Reach] = mapped_column(EnumText(Reach))
    seen_at: Mapped[datetime] = mapped_column(index=True)
    seconds: Mapped[float] = mapped_column(Float)
    changes: Mapped[int] = mapped_column(Integer)


class LeaseRow(Base):
    """What one process does for all, and until when."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    holder: Mapped[str] = mapped_column(String(40))
    taken_at: Mapped[datetime]
    until: Mapped[datetime]


class PulseRow(Base):
    """Processes that said lately that they live."""

    __tablename__ = "pulse"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    part: Mapped[str] = mapped_column(String(20))
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    place: Mapped[str] = mapped_column(String(120))
