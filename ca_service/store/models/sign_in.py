"""Sessions, second factors and counted tries of the staff."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.domain.sign_in import Method
from ca_service.store.columns import EnumText
from ca_service.store.models.base import Base


class SessionRow(Base):
    """Signed-in browsers, by the keyed hash of the session's identifier."""

    __tablename__ = "staff_session"
    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    login: Mapped[str] = mapped_column(ForeignKey("staff.login"), index=True)
    method: Mapped[Method] = mapped_column(EnumText(Method))
    started_at: Mapped[datetime] = mapped_column(index=True)
    seen_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(60))
    agent: Mapped[str] = mapped_column(String(120))
    challenge: Mapped[bytes | None] = mapped_column(LargeBinary())
    certificate: Mapped[str | None] = mapped_column(String(40))


class TotpKeyRow(Base):
    """Authenticators; `sealed` is the encrypted TotpSecret."""

    __tablename__ = "staff_totp"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    login: Mapped[str] = mapped_column(ForeignKey("staff.login"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary())
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger)


class RecoveryCodeRow(Base):
    """Recovery codes as keyed hashes."""

    __tablename__ = "staff_recovery_code"
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    login: Mapped[str] = mapped_column(ForeignKey("staff.login"), index=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class PasskeyRow(Base):
    """WebAuthn credentials."""

    __tablename__ = "staff_passkey"
    id: Mapped[str] = mapped_column(String(400), primary_key=True)
    login: Mapped[str] = mapped_column(ForeignKey("staff.login"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    public_key: Mapped[bytes] = mapped_column(LargeBinary())
    sign_count: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class TryRow(Base):
    """How many tries there were since when; the key is a keyed hash of what is limited and for whom."""

    __tablename__ = "sign_in_try"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    tries: Mapped[int] = mapped_column(Integer)
    since: Mapped[datetime] = mapped_column(index=True)
