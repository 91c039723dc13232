"""What one administrator proposed and another one has to confirm."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.domain.proposals import ProposalKind, ProposalStatus
from ca_service.store.columns import EnumText, JsonText
from ca_service.store.models.base import Base


class ProposalRow(Base):
    """One row a proposal; `secret_hash` is empty once it is decided."""

    __tablename__ = "proposal"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[ProposalKind] = mapped_column(EnumText(ProposalKind))
    subject: Mapped[str] = mapped_column(String(80))
    unit_code: Mapped[str] = mapped_column(String(20))
    ground: Mapped[str] = mapped_column(Text)
    status: Mapped[ProposalStatus] = mapped_column(EnumText(ProposalStatus), index=True)
    proposed_by: Mapped[str] = mapped_column(String(80))
    proposed_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    content: Mapped[Mapping[str, Any]] = mapped_column(JsonText())
    secret_hash: Mapped[str] = mapped_column(String(200))
    decided_by: Mapped[str | None] = mapped_column(String(80))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str] = mapped_column(Text)
    used_by: Mapped[str | None] = mapped_column(String(80))
    used_at: Mapped[datetime | None]


_OPEN = text("status IN ('proposed', 'released')")
# Of two who propose the same act at once, one succeeds: nobody confirms one thing and means the other.
Index(
    "ix_proposal_open", ProposalRow.subject, ProposalRow.kind, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
)
