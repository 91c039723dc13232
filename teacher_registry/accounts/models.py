"""The registry's own small database: accounts and the log."""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import DateTime, Dialect, ForeignKey, Index, String, TypeDecorator, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python; SQLite forgets the zone, so it is put back when reading. A naive value is a
    ValueError.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Store UTC."""
        if value is not None and value.utcoffset() is None:
            raise ValueError("a naive time")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Read UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.utcoffset() is None else value.astimezone(UTC)


class AccountKind(StrEnum):
    """The kinds that an information administrator makes; 信息管理员 itself comes with a certificate, never
    from here.
    """

    VIEWER = "viewer"
    TRAINING = "training"
    TEACHER = "teacher"


class AccountStatus(StrEnum):
    """Whether the account may sign in at all; the lock after wrong passwords stands beside it."""

    ACTIVE = "active"
    STOPPED = "stopped"


class Act(StrEnum):
    """What the log can say: a closed set, `subject:action`."""

    SIGN_IN = "administrator:sign-in"
    REFUSED = "administrator:refused"
    # retired: "administrator:tls-refused" (a handshake that ended in an alert)
    CREATE = "account:create"
    STOP = "account:stop"
    RESTORE = "account:restore"
    UNLOCK = "account:unlock"
    RESET = "account:reset"


class Base(DeclarativeBase):
    """The registry's tables."""


class Account(Base):
    """One account of one unit. `id` is random, so that it says nothing about other units' accounts."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("unit_code", "login"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    unit_code: Mapped[str] = mapped_column(String(64))
    login: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16), default=AccountStatus.ACTIVE)
    locked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    password_hash: Mapped[str] = mapped_column(String(255))
    must_change: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LogEntry(Base):
    """Who did or was refused what, when. Never a password, a hash, a person's number or an unverified
    name.
    """

    __tablename__ = "log"
    __table_args__ = (Index("log_unit_at", "unit_code", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    act: Mapped[str] = mapped_column(String(32))
    holder_id: Mapped[str | None] = mapped_column(String(128))
    certificate_serial: Mapped[str | None] = mapped_column(String(40))
    unit_code: Mapped[str | None] = mapped_column(String(64))
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    refusal: Mapped[str | None] = mapped_column(String(32))
