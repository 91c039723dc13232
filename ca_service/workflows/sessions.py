"""Sessions of the console, in the database: all processes know them, and a change of the account ends them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict
from ca_service.domain.sign_in import LONGEST, NOTED_EVERY, Method, Origin, Session, half_way
from ca_service.domain.staff import Staff
from ca_service.workflows.ports import Before, Services, UnitOfWork

_SWEPT_AFTER = timedelta(days=2)


@dataclass(frozen=True)
class Opened:
    """A new session: its identifier is told to the browser here and kept nowhere."""

    identifier: str
    staff: Staff


def open_session(
    services: Services, uow: UnitOfWork, staff: Staff, method: Method, origin: Origin, *, certificate: str | None = None
) -> Opened:
    """Begin a session inside a running transaction; what has run out is swept away on the way.

    Raises Conflict where the account was closed or reset meanwhile: both write the account's row before they end its
    sessions, so that of the two transactions one sees the other.
    """
    now = services.clock()
    signed_in = uow.staff.change(staff, guard=("password_hash", "active", "second_factor"), signed_in_at=now)
    uow.sessions.remove(started_at=Before(now - LONGEST))
    uow.tries.sweep(before=now - _SWEPT_AFTER)
    identifier = services.random_bytes(32).hex()
    id_hash = _hash(services, identifier)
    uow.sessions.add(
        Session(
            id_hash, staff.login, method, now, now, origin.source[:60], origin.agent[:120], certificate=certificate
        )
    )  # fmt: skip
    return Opened(identifier, signed_in)


def replace_session(
    services: Services, uow: UnitOfWork, staff: Staff, session: Session, *, method: Method, origin: Origin
) -> Opened:
    """A new identifier for what is now known better; raise Conflict where the old one has ended meanwhile."""
    if uow.sessions.remove(id_hash=session.id_hash) == 0:
        raise Conflict("登录已结束，请重新登录。")
    return open_session(services, uow, staff, method, origin, certificate=session.certificate)


def resume(services: Services, identifier: str, *, noted: bool = True) -> tuple[Staff, Session] | None:
    """Whose session this is, noting the use; None when it has ended or its account is closed.

    A use that is not `noted` does not keep the session awake.
    """
    if not identifier:
        return None
    now = services.clock()
    with services.read() as uow:
        found = uow.sessions.find(id_hash=_hash(services, identifier))
        staff = uow.staff.get(found[0].login) if found else None
        shown = uow.certificates.get(found[0].certificate) if found and found[0].certificate else None
    if shown is not None and not shown.good_at(now):
        return None
    if staff is None or not staff.active or found[0].over(now, half_way=half_way(staff, found[0])):
        return None
    if noted and now - found[0].seen_at > NOTED_EVERY:
        # Two requests at once note the same use; the one that comes second has nothing to add.
        with suppress(Conflict), services.begin() as uow:
            uow.sessions.change(found[0], guard=("seen_at",), seen_at=now)
    return staff, found[0]


def end_session(services: Services, session: Session) -> None:
    """Delete it for good; that it is gone already is fine."""
    with services.begin() as uow:
        uow.sessions.remove(id_hash=session.id_hash)


def own_sessions(services: Services, staff: Staff) -> Sequence[Session]:
    """The live sessions of an account, the latest used first."""
    now = services.clock()
    with services.read() as uow:
        found = uow.sessions.find(login=staff.login, order="-seen_at")
    return [session for session in found if not session.over(now, half_way=half_way(staff, session))]


def end_other_sessions(services: Services, staff: Staff, session: Session) -> int:
    """Sign out everywhere else; return how many sessions that ended."""
    with services.begin() as uow:
        others = [s.id_hash for s in uow.sessions.find(login=staff.login) if s.id_hash != session.id_hash]
        ended = uow.sessions.remove(id_hash=others)
        detail: dict[str, str | int] = {"ended": ended}
        uow.audit.append(staff.actor("web"), Tag.STAFF_SESSIONS_ENDED, staff.login, unit=staff.unit_code, detail=detail)
    return ended


def _hash(services: Services, identifier: str) -> str:
    return services.keyed_hash(f"staff-session:{identifier}")
