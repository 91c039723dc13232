"""Pre-signed OCSP answers and the runs that made them."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.domain.presigned import RunStatus
from ca_service.store.columns import EnumText
from ca_service.store.models.base import Base


class PresignRunRow(Base):
    """Few rows: the run that is served, perhaps the next one, and dropped ones whose answers are still there."""

    __tablename__ = "presign_run"
    # Random: after a restore from a copy no run of the time in between has the number of one that is served.
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    issuer: Mapped[str] = mapped_column(ForeignKey("issuer.name"))
    number: Mapped[int] = mapped_column(Integer)
    signer: Mapped[str] = mapped_column(ForeignKey("certificate.serial"))
    scope: Mapped[str] = mapped_column(String(80))
    version: Mapped[int] = mapped_column(BigInteger)
    reached: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[str] = mapped_column(String(40))
    answers: Mapped[int] = mapped_column(BigInteger)
    holder: Mapped[str] = mapped_column(String(40))
    started_at: Mapped[datetime]
    touched_at: Mapped[datetime]
    next_update: Mapped[datetime]
    status: Mapped[RunStatus] = mapped_column(EnumText(RunStatus))

    # Two processes that begin the next run at once: one of them is told.
    __table_args__ = (UniqueConstraint("issuer", "number", name="uq_presign_run_number"),)


class OcspAnswerRow(Base):
    """An answer without its signer's certificate. Times in seconds since 1970: read and written as they are."""

    __tablename__ = "ocsp_answer"
    cert_id: Mapped[bytes] = mapped_column(primary_key=True)
    # No foreign key and no index: checked or kept up a million times a run, for a sweep that walks along the key.
    run: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(BigInteger)
    this_update: Mapped[int] = mapped_column(BigInteger)
    next_update: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[bytes]

    __table_args__ = ({"sqlite_with_rowid": False},)
