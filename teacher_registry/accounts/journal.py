"""Writing the log: each entry goes into the transaction of the act it tells of, as its last step."""

import json
import threading
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, text, update
from sqlalchemy.orm import Session, sessionmaker

from teacher_registry.accounts.actor import Actor
from teacher_registry.accounts.chain import append
from teacher_registry.accounts.models import Account, Act, LogEntry, SeenCertificate, UtcDateTime
from teacher_registry.refusal import RefusalKind
from teacher_registry.verification.subject import VerifiedAdministrator

# After this silence the next page is a new sign-in in the log.
_SIGN_IN_GAP = timedelta(minutes=30)
# A page that reloads itself with a frozen certificate is one refusal a minute in the log.
_REFUSAL_GAP = timedelta(minutes=1)
_NOTE_EVERY = timedelta(minutes=1)
_MAX_REMEMBERED = 4096
# Of two connections that begin at once, the second finds the row in use and gets nothing back.
_BEGIN = text(
    "INSERT INTO seen_certificates (fingerprint, holder_id, unit_code, signed_in_at, used_at) "
    "VALUES (:fingerprint, :holder, :unit, :at, :at) "
    "ON CONFLICT (fingerprint) DO UPDATE SET signed_in_at = excluded.signed_in_at, used_at = excluded.used_at "
    "WHERE seen_certificates.used_at IS NULL OR seen_certificates.used_at < :silent RETURNING fingerprint"
).bindparams(bindparam("at", type_=UtcDateTime()), bindparam("silent", type_=UtcDateTime()))

_FIRST = text(
    "INSERT INTO first_sign_ins (certificate_serial, at) VALUES (:serial, :at) "
    "ON CONFLICT (certificate_serial) DO NOTHING"
).bindparams(bindparam("at", type_=UtcDateTime()))


def entry(act: Act, actor: Actor, at: datetime, *, account_id: str | None = None, **detail: Any) -> LogEntry:
    """An act of an administrator or operator; `detail` are a few words and numbers, never a name or a password."""
    return LogEntry(
        at=at,
        act=act,
        holder_id=actor.holder_id,
        certificate_serial=actor.serial,
        unit_code=actor.unit_code,
        account_id=account_id,
        detail=told(detail),
    )


def entry_of_person(act: Act, account: Account, at: datetime) -> LogEntry:
    """An act of, or about, a person who signs in by password; it stands in the log of the person's unit."""
    return LogEntry(at=at, act=act, unit_code=account.unit_code, account_id=account.id)


def told(detail: dict[str, Any]) -> str | None:
    """A JSON object with its keys in order, or nothing."""
    return json.dumps(detail, ensure_ascii=False, sort_keys=True) if detail else None


class Journal:
    """Entries that stand alone: sign-ins and refusals."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        self._lock = threading.Lock()
        self._refused: dict[tuple[str, RefusalKind], datetime] = {}

    def signed_in(self, actor: VerifiedAdministrator, at: datetime) -> None:
        """The administrator opened the page of the unit.

        The certificate is the session: it begins when the certificate passes after a silence or a refusal, and its
        beginning is logged once, however many connections the browser opens.
        """
        fingerprint = actor.fingerprint.hex()
        with self._sessions() as session:
            seen = session.get(SeenCertificate, fingerprint)
            used_at = None if seen is None else seen.used_at
            if used_at is not None and at - used_at <= _NOTE_EVERY:
                return
            if used_at is None or at - used_at > _SIGN_IN_GAP:
                self._begin(session, actor, at)
            else:
                going_on = update(SeenCertificate).where(SeenCertificate.fingerprint == fingerprint)
                session.execute(going_on.where(SeenCertificate.used_at.is_not(None)).values(used_at=at))
            session.commit()

    def _begin(self, session: Session, actor: VerifiedAdministrator, at: datetime) -> None:
        values = {"fingerprint": actor.fingerprint.hex(), "holder": actor.holder_id, "unit": actor.unit_code}
        begun = session.execute(_BEGIN, {**values, "at": at, "silent": at - _SIGN_IN_GAP}).one_or_none()
        if begun is not None:
            session.execute(_FIRST, {"serial": actor.serial, "at": at})
            append(session, [entry(Act.SIGN_IN, actor, at)])
            self._forget(values["fingerprint"])

    def refused(self, kind: RefusalKind, presented: bytes, unverified_serial: str | None, at: datetime) -> None:
        """A certificate was refused: what its holder had open ends, and the log says so once a minute.

        The serial (lower-case hex) is what the certificate says of itself; its names are not kept, since a foreign
        one may say anything. Only octets that passed before, bit by bit, are put into a unit's log.
        """
        fingerprint = sha256(presented).hexdigest()
        if not self._first_in_a_while(fingerprint, kind, at):
            return
        with self._sessions.begin() as session:
            seen = session.get(SeenCertificate, fingerprint)
            told_of = LogEntry(at=at, act=Act.REFUSED, refusal=kind, certificate_serial=unverified_serial)
            if seen is not None:
                seen.used_at = None
                told_of.unit_code, told_of.holder_id = seen.unit_code, seen.holder_id
            append(session, [told_of])

    def feed_refused(self, reason: str, at: datetime) -> None:
        """A page of the account feed could not be believed; `reason` is one word."""
        with self._sessions.begin() as session:
            append(session, [LogEntry(at=at, act=Act.FEED_REFUSED, detail=told({"reason": reason}))])

    def _forget(self, fingerprint: str) -> None:
        with self._lock:
            for kind in RefusalKind:
                self._refused.pop((fingerprint, kind), None)

    def _first_in_a_while(self, fingerprint: str, kind: RefusalKind, at: datetime) -> bool:
        with self._lock:
            last = self._refused.get((fingerprint, kind))
            if last is not None and timedelta(0) <= at - last < _REFUSAL_GAP:
                return False
            if len(self._refused) >= _MAX_REMEMBERED:
                self._refused.clear()
            self._refused[fingerprint, kind] = at
            return True
