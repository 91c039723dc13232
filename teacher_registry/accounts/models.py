"""The registry's own database: accounts, who may act on them, and the log."""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import DateTime, Dialect, ForeignKey, Index, String, Text, TypeDecorator, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python; SQLite forgets the zone, so it is put back when reading. A naive value is a
    ValueError.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """ValueError for a naive time."""
        if value is not None and value.utcoffset() is None:
            raise ValueError("a naive time")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """SQLite gives back naive times: they are UTC."""
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
    LOCKED = "administrator:locked"
    # retired: "administrator:tls-refused" (a handshake that ended in an alert)
    CREATE = "account:create"
    STOP = "account:stop"
    RESTORE = "account:restore"
    UNLOCK = "account:unlock"
    RESET = "account:reset"
    IMPORT = "accounts:import"
    EXPORT = "accounts:export"
    PERSON_SIGN_IN = "person:sign-in"
    PERSON_REFUSED = "person:refused"
    PERSON_LOCKED = "person:locked"
    PERSON_PASSWORD = "person:password"  # noqa: S105 - a word of the log, no password
    FEED_STOP = "feed:stop"
    FEED_RESTORE = "feed:restore"
    FEED_UNLOCK = "feed:unlock"
    FEED_RESET = "feed:reset-password"
    FEED_CHANGE = "feed:information-change"
    FEED_REGISTER = "feed:register"
    FEED_UNIT = "feed:unit-change"
    FEED_REFUSED = "feed:refused"


class Base(DeclarativeBase):
    """The registry's tables."""


class Account(Base):
    """One account of one unit. `id` is random, so that it says nothing about other units' accounts; so is `code`,
    the personal teacher code (教师编码), which only teachers have.
    """

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("unit_code", "login"), Index("accounts_code", "code", unique=True))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    unit_code: Mapped[str] = mapped_column(String(64))
    login: Mapped[str] = mapped_column(String(32))
    code: Mapped[str | None] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16), default=AccountStatus.ACTIVE)
    locked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    wrong_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    password_hash: Mapped[str] = mapped_column(String(255))
    must_change: Mapped[bool]
    password_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PersonSession(Base):
    """A person signed in by password. The cookie's token is not kept, only its SHA-256."""

    __tablename__ = "person_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SeenCertificate(Base):
    """A certificate that passed the gate once. While `used_at` is set its holder is signed in; a refusal ends that."""

    __tablename__ = "seen_certificates"

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder_id: Mapped[str] = mapped_column(String(128))
    unit_code: Mapped[str] = mapped_column(String(64))
    signed_in_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FirstSignIn(Base):
    """When a certificate signed in first. `reported_at` is None until the CA has taken it."""

    __tablename__ = "first_sign_ins"

    certificate_serial: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    reported_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class Standing(Base):
    """What the account feed said last of one holder, and the registry's own lock. No row: nothing was said.

    `former_units` (codes, with commas) became `unit_code` with their people: certificates that name one speak for it.
    """

    __tablename__ = "standings"

    holder_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    status: Mapped[str] = mapped_column(String(16), default=AccountStatus.ACTIVE)
    unit_code: Mapped[str | None] = mapped_column(String(64))
    former_units: Mapped[str] = mapped_column(Text, default="", server_default="")
    locked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pages_void_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
    event_seq: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FeedPosition(Base):
    """One row: the last event applied, the last head and page time seen, and when a good page last came."""

    __tablename__ = "feed_position"

    id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(default=0)
    head: Mapped[int] = mapped_column(default=0)
    page_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    polled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LogEntry(Base):
    """Who did or was refused what, when. Never a password, a hash of one, a person's number or an unverified
    name. `detail` is a JSON object of a few words; `hash` links to `previous` (accounts/chain.py).
    """

    __tablename__ = "log"
    __table_args__ = (Index("log_unit_at", "unit_code", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    seq: Mapped[int] = mapped_column(unique=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    act: Mapped[str] = mapped_column(String(32))
    holder_id: Mapped[str | None] = mapped_column(String(128))
    certificate_serial: Mapped[str | None] = mapped_column(String(40))
    unit_code: Mapped[str | None] = mapped_column(String(64))
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    refusal: Mapped[str | None] = mapped_column(String(32))
    detail: Mapped[str | None] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class LogHead(Base):
    """One row: the last entry's number and hash. Whoever appends locks it first, so entries have one order."""

    __tablename__ = "log_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
