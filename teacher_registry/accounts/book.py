"""The accounts of a unit: each act is one transaction with its log entry in it."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from teacher_registry.accounts.actor import Actor
from teacher_registry.accounts.chain import append
from teacher_registry.accounts.codes import new_code
from teacher_registry.accounts.errors import AccountConflictError, AccountNotFoundError, TooManyResetsError
from teacher_registry.accounts.journal import entry
from teacher_registry.accounts.models import Account, AccountKind, AccountStatus, Act, LogEntry, PersonSession
from teacher_registry.accounts.passwords import ONE_TIME_LIFE, PasswordHash, one_time_password
from teacher_registry.accounts.standings import Standings
from teacher_registry.accounts.wishes import Condition, NewAccount, Search
from teacher_registry.clock import Clock
from teacher_registry.refusal import RefusalError, RefusalKind

PAGE_SIZE = 50
_HOUR = timedelta(hours=1)
_NOT_HERE = "本单位没有这个账号"


@dataclass(frozen=True)
class Transition:
    """When an act is allowed, what it sets, and what to tell the person when it is not."""

    guard: ColumnElement[bool]
    values: Mapping[str, Any]
    otherwise: str


_UNLOCKED: Mapping[str, Any] = MappingProxyType({"locked_at": None, "wrong_tries": 0})
# The guard is repeated inside the UPDATE, so that of two acts at once exactly one succeeds.
TRANSITIONS: Mapping[Act, Transition] = MappingProxyType(
    {
        Act.STOP: Transition(
            Account.status == AccountStatus.ACTIVE, {"status": AccountStatus.STOPPED}, "该账号已经停用"
        ),
        Act.RESTORE: Transition(
            Account.status == AccountStatus.STOPPED,
            {"status": AccountStatus.ACTIVE},
            "该账号没有停用，无需恢复",
        ),
        Act.UNLOCK: Transition(Account.locked_at.is_not(None), _UNLOCKED, "该账号没有锁定，无需解锁"),
        Act.RESET: Transition(
            Account.status == AccountStatus.ACTIVE,
            {"must_change": True, **_UNLOCKED},
            "该账号已停用，请先恢复再重置密码",
        ),
    }
)
_CONDITIONS: Mapping[Condition, ColumnElement[bool]] = MappingProxyType(
    {
        Condition.ACTIVE: Account.status == AccountStatus.ACTIVE,
        Condition.STOPPED: Account.status == AccountStatus.STOPPED,
        Condition.LOCKED: Account.locked_at.is_not(None),
        Condition.WAITING: Account.must_change.is_(True),
    }
)


@dataclass(frozen=True)
class WithPassword:
    """An account and the password that is shown or sent this once and kept nowhere."""

    account: Account
    password: str


@dataclass(frozen=True)
class AccountPage:
    """One page of a unit's accounts, by login name; `number` counts from 1."""

    accounts: list[Account]
    number: int
    pages: int
    total: int


class AccountBook:
    """All access to accounts. Every method takes the actor and sees the actor's unit only."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        *,
        clock: Clock,
        password_hash: PasswordHash,
        resets_per_hour: int,
        standings: Standings,
        randbelow: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._hash = password_hash
        self._resets_per_hour = resets_per_hour
        self._standings = standings
        self._randbelow = randbelow

    def page(self, actor: Actor, number: int, search: Search | None = None) -> AccountPage:
        """A page past the end is the last page."""
        wanted = _wanted(actor, search or Search())
        with self._sessions() as session:
            total = session.scalar(select(func.count()).select_from(Account).where(wanted)) or 0
            pages = max(1, -(-total // PAGE_SIZE))
            number = min(max(1, number), pages)
            query = select(Account).where(wanted).order_by(Account.login)
            rows = session.scalars(query.offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE)).all()
        return AccountPage(list(rows), number, pages, total)

    def one(self, actor: Actor, account_id: str) -> Account:
        """An account of the own unit. Raises `AccountNotFoundError`."""
        with self._sessions() as session:
            own = select(Account).where(Account.id == account_id, Account.unit_code == actor.unit_code)
            account = session.scalars(own).one_or_none()
        if account is None:
            raise AccountNotFoundError(_NOT_HERE)
        return account

    def create(self, actor: Actor, wish: NewAccount) -> WithPassword:
        """A new active account of the actor's unit. Raises `AccountConflictError` if the login name is taken
        there.
        """
        (made,) = self.create_all(actor, [wish])
        return made

    def create_all(self, actor: Actor, wishes: Sequence[NewAccount], **imported: Any) -> list[WithPassword]:
        """All of them or none; `imported` says of what sheet, for the log."""
        made = [self._new(actor, wish) for wish in wishes]
        at = self._clock()
        entries = [entry(Act.CREATE, actor, at, account_id=one.account.id) for one in made]
        if imported:
            entries.append(entry(Act.IMPORT, actor, at, accounts=len(made), **imported))
        try:
            with self._sessions.begin() as session:
                session.add_all([one.account for one in made])
                append(session, entries)
        except IntegrityError as error:
            raise AccountConflictError("本单位已有这个登录名，请换一个") from error
        return made

    def taken(self, actor: Actor, logins: Sequence[str]) -> set[str]:
        """Which of these login names the own unit has already."""
        with self._sessions() as session:
            own = select(Account.login).where(Account.unit_code == actor.unit_code, Account.login.in_(logins))
            return set(session.scalars(own))

    def act(self, actor: Actor, account_id: str, act: Act) -> Account:
        """Stop, restore or unlock. Raises `AccountNotFoundError` or `AccountConflictError`."""
        with self._sessions.begin() as session:
            moved = self._move(session, actor, account_id, act, {})
            append(session, [entry(act, actor, self._clock(), account_id=account_id)])
        return moved

    def reset_password(self, actor: Actor, account_id: str, *, delivery: str = "shown") -> WithPassword:
        """Replace the hash at once (the old password is dead, whoever is signed in is out), end a lock, demand a
        change at the next sign-in. `delivery` is a word for the log.

        So many in an hour that no person does it: nothing is reset, the administrator is locked out, and the
        refusal `account-locked` is raised. A stolen token with its PIN cannot take over a whole unit.
        """
        at = self._clock()
        try:
            return self._reset(actor, account_id, at, delivery)
        except TooManyResetsError as error:
            self._standings.lock(actor, at, "resets")
            raise RefusalError(RefusalKind.ACCOUNT_LOCKED, "too many resets in an hour") from error

    def _reset(self, actor: Actor, account_id: str, at: datetime, delivery: str) -> WithPassword:
        password = one_time_password(self._randbelow)
        values = {"password_hash": self._hash.hash(password), "password_until": at + ONE_TIME_LIFE}
        with self._sessions.begin() as session:
            moved = self._move(session, actor, account_id, Act.RESET, values)
            append(session, [entry(Act.RESET, actor, at, account_id=account_id, delivery=delivery)])
            # Counted after the append, which all writers pass one by one.
            if _resets_since(session, actor, at - _HOUR) > self._resets_per_hour:
                raise TooManyResetsError
        return WithPassword(moved, password)

    def _new(self, actor: Actor, wish: NewAccount) -> WithPassword:
        at = self._clock()
        password = one_time_password(self._randbelow)
        code = new_code(self._randbelow) if wish.kind is AccountKind.TEACHER else None
        account = Account(
            id=f"{self._randbelow(1 << 128):032x}",
            unit_code=actor.unit_code,
            login=wish.login or code,
            code=code,
            name=wish.name,
            kind=wish.kind,
            status=AccountStatus.ACTIVE,
            wrong_tries=0,
            password_hash=self._hash.hash(password),
            must_change=True,
            password_until=at + ONE_TIME_LIFE,
            created_at=at,
            changed_at=at,
        )
        return WithPassword(account, password)

    def _move(self, session: Session, actor: Actor, account_id: str, act: Act, values: Mapping[str, Any]) -> Account:
        transition = TRANSITIONS[act]
        own = and_(Account.id == account_id, Account.unit_code == actor.unit_code)
        moved = session.scalars(
            update(Account)
            .where(own, transition.guard)
            .values(changed_at=self._clock(), **transition.values, **values)
            .returning(Account)
        ).one_or_none()
        if moved is None:
            self._why_not(session, own, transition)
        if act in (Act.STOP, Act.RESET):
            session.execute(delete(PersonSession).where(PersonSession.account_id == account_id))
        return moved

    @staticmethod
    def _why_not(session: Session, own: ColumnElement[bool], transition: Transition) -> NoReturn:
        if session.scalar(select(exists().where(own))):
            raise AccountConflictError(transition.otherwise)
        raise AccountNotFoundError(_NOT_HERE)


def _wanted(actor: Actor, search: Search) -> ColumnElement[bool]:
    """The unit comes first and always: a search only narrows it."""
    wanted = [Account.unit_code == actor.unit_code]
    if search.text:
        text = search.text.lower()
        wanted.append(
            or_(
                Account.name.contains(search.text, autoescape=True),
                Account.login.contains(text, autoescape=True),
                Account.code == text,
            )
        )
    if search.kind:
        wanted.append(Account.kind == search.kind)
    if search.condition:
        wanted.append(_CONDITIONS[search.condition])
    return and_(*wanted)


def _resets_since(session: Session, actor: Actor, since: datetime) -> int:
    resets = (
        select(func.count())
        .select_from(LogEntry)
        .where(
            LogEntry.unit_code == actor.unit_code,
            LogEntry.at > since,
            LogEntry.act == Act.RESET,
            LogEntry.holder_id == actor.holder_id,
        )
    )
    return session.scalar(resets) or 0


def all_accounts(sessions: sessionmaker[Session], unit_code: str | None) -> list[Account]:
    """For the operator at the machine: every unit's accounts, or one unit's."""
    query = select(Account).order_by(Account.unit_code, Account.login)
    if unit_code is not None:
        query = query.where(Account.unit_code == unit_code)
    with sessions() as session:
        return list(session.scalars(query))
