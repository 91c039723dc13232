"""The session of a download: a bearer secret of 15 minutes, kept as its keyed hash."""

from collections.abc import Sequence
from dataclasses import dataclass

from ca_service.domain.enrolments import Enrolment
from ca_service.domain.errors import SessionUnknown
from ca_service.workflows.ports import Services, UnitOfWork


@dataclass(frozen=True)
class Session:
    """The secret, and for a renewal the serial of the certificate that the asker has shown."""

    secret: str
    renews: str | None = None


def session_hash(services: Services, secret: str) -> str:
    """What is kept of it."""
    return services.keyed_hash(f"session:{secret}")


def by_session(services: Services, uow: UnitOfWork, session: Session) -> Enrolment:
    """The download whose session it is; raise SessionUnknown."""
    return opened(services, session, uow.enrolments.find(session_hash=session_hash(services, session.secret)))


def opened(services: Services, session: Session, found: Sequence[Enrolment]) -> Enrolment:
    """The one of these downloads whose session it is; raise SessionUnknown."""
    hashed = session_hash(services, session.secret)
    for enrolment in found:
        until, names = enrolment.session_expires_at, (enrolment.session_hash, enrolment.renews)
        if names == (hashed, session.renews) and until is not None and services.clock() <= until:
            return enrolment
    raise SessionUnknown("下载会话不存在或已超过 15 分钟，请重新输入参考号和授权码（不会消耗下载码）。")
