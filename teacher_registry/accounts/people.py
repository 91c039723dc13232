"""Sign-in by password for those without a certificate: query and training staff, teachers.

A one-time password opens nothing but the page where it is exchanged for an own one. Five wrong tries lock the
account until the unit's administrator unlocks it. What is open ends with the account: each request asks.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from teacher_registry.accounts.chain import append
from teacher_registry.accounts.codes import is_code
from teacher_registry.accounts.errors import SignInRefusedError
from teacher_registry.accounts.journal import entry_of_person
from teacher_registry.accounts.models import Account, AccountStatus, Act, PersonSession
from teacher_registry.accounts.passwords import PasswordHash, matches, require_good_choice

MAX_TRIES = 5
_IDLE = timedelta(minutes=20)
_LIFE = timedelta(hours=8)
_NOTE_EVERY = timedelta(minutes=1)
# argon2 takes 64 MiB for each password: so many at once, the others wait.
_AT_ONCE = 4

_WRONG = "登录名或密码不正确。连续输错5次账号将锁定，锁定后请联系本单位信息管理员。"


@dataclass(frozen=True)
class Credentials:
    """As typed. With a teacher code the unit is not needed."""

    unit_code: str
    name: str
    password: str


class People:
    """The sessions of persons who sign in by password."""

    def __init__(
        self, sessions: sessionmaker[Session], *, password_hash: PasswordHash, new_token: Callable[[], str]
    ) -> None:
        self._sessions = sessions
        self._hash = password_hash
        self._new_token = new_token
        self._slots = threading.BoundedSemaphore(_AT_ONCE)
        # Compared against when there is no such account, so that the answer takes as long.
        self._nobody = password_hash.hash(new_token())

    def sign_in(self, credentials: Credentials, at: datetime) -> str:
        """The token of a new session. Raises `SignInRefusedError`; who has the wrong password learns nothing more."""
        with self._sessions() as session:
            account = session.scalars(select(Account).where(_named(credentials))).one_or_none()
        if account is None or not self.knows(account, credentials.password):
            # A one-time password is hashed lightly: without this, a quick answer would say that there is one.
            if account is None or account.must_change:
                self._spend_time(credentials.password)
            if account is not None:
                self._count_wrong(account, at)
            raise SignInRefusedError(_WRONG)
        _require_open(account, at)
        return self._begin(account, at)

    def who(self, token: str, at: datetime) -> Account | None:
        """The account of a session that goes on, or None: unknown, idle, or its account was stopped or locked."""
        with self._sessions() as session:
            found = session.get(PersonSession, _digest(token))
            if found is None or at - found.used_at > _IDLE or at - found.started_at > _LIFE:
                return None
            account = session.get_one(Account, found.account_id)
            if account.status != AccountStatus.ACTIVE or account.locked_at is not None:
                return None
            if at - found.used_at > _NOTE_EVERY:
                found.used_at = at
                session.commit()
            return account

    def choose_password(self, account: Account, token: str, password: str, at: datetime) -> None:
        """Exchange the password for an own one; the person's other sessions end. Raises `FieldError`, or
        `SignInRefusedError` if the account changed meanwhile."""
        require_good_choice(password, login=account.login, code=account.code)
        with self._slots:
            encoded = self._hash.hash(password)
        same = and_(Account.id == account.id, Account.password_hash == account.password_hash)
        with self._sessions.begin() as session:
            changed = session.execute(
                update(Account)
                .where(same, Account.status == AccountStatus.ACTIVE)
                .values(password_hash=encoded, must_change=False, password_until=None, changed_at=at)
                .returning(Account.id)
            ).one_or_none()
            if changed is None:
                raise SignInRefusedError("账号状态刚刚发生变化，请重新登录。")
            others = and_(PersonSession.account_id == account.id, PersonSession.token_hash != _digest(token))
            session.execute(delete(PersonSession).where(others))
            append(session, [entry_of_person(Act.PERSON_PASSWORD, account, at)])

    def knows(self, account: Account, password: str) -> bool:
        """Whether this is the account's present password; not counted, the session is proof enough to ask."""
        with self._slots:
            return matches(self._hash, account.password_hash, password)

    def _spend_time(self, password: str) -> None:
        with self._slots:
            matches(self._hash, self._nobody, password)

    def sign_out(self, token: str) -> None:
        """End the session, if there is one."""
        with self._sessions.begin() as session:
            session.execute(delete(PersonSession).where(PersonSession.token_hash == _digest(token)))

    def _begin(self, account: Account, at: datetime) -> str:
        token = self._new_token()
        same = and_(Account.id == account.id, Account.password_hash == account.password_hash)
        still = and_(same, Account.locked_at.is_(None))
        with self._sessions.begin() as session:
            opened = update(Account).where(still, Account.status == AccountStatus.ACTIVE).values(wrong_tries=0)
            if session.execute(opened.returning(Account.id)).one_or_none() is None:
                raise SignInRefusedError(_WRONG)
            old = and_(PersonSession.account_id == account.id, PersonSession.started_at < at - _LIFE)
            session.execute(delete(PersonSession).where(old))
            session.add(PersonSession(token_hash=_digest(token), account_id=account.id, started_at=at, used_at=at))
            append(session, [entry_of_person(Act.PERSON_SIGN_IN, account, at)])
        return token

    def _count_wrong(self, account: Account, at: datetime) -> None:
        """Only while it is open: who tries on at a locked account writes nothing."""
        is_open = and_(Account.id == account.id, Account.locked_at.is_(None), Account.status == AccountStatus.ACTIVE)
        with self._sessions.begin() as session:
            tries = session.scalar(
                update(Account)
                .where(is_open)
                .values(wrong_tries=Account.wrong_tries + 1)
                .returning(Account.wrong_tries)
            )
            if tries is None:
                return
            entries = [entry_of_person(Act.PERSON_REFUSED, account, at)]
            if tries >= MAX_TRIES:
                session.execute(update(Account).where(is_open).values(locked_at=at, changed_at=at))
                session.execute(delete(PersonSession).where(PersonSession.account_id == account.id))
                entries.append(entry_of_person(Act.PERSON_LOCKED, account, at))
            append(session, entries)


def _named(credentials: Credentials) -> ColumnElement[bool]:
    if is_code(credentials.name) and not credentials.unit_code:
        return Account.code == credentials.name
    return and_(Account.unit_code == credentials.unit_code, Account.login == credentials.name.lower())


def _require_open(account: Account, at: datetime) -> None:
    """After the right password only: whether an account exists or is locked is nobody else's business."""
    if account.status != AccountStatus.ACTIVE:
        raise SignInRefusedError("账号已停用，请联系本单位信息管理员。")
    if account.locked_at is not None:
        raise SignInRefusedError("账号已锁定，请联系本单位信息管理员解锁。")
    if account.password_until is not None and at > account.password_until:
        raise SignInRefusedError("一次性密码已过期，请联系本单位信息管理员重新设置。")


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
