"""The accounts of a unit: each act is one transaction with its log entry in it."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, and_, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from teacher_registry.accounts.errors import AccountConflictError, AccountNotFoundError
from teacher_registry.accounts.journal import entry
from teacher_registry.accounts.models import Account, AccountStatus, Act
from teacher_registry.accounts.passwords import PasswordHash, one_time_password
from teacher_registry.accounts.wishes import NewAccount
from teacher_registry.clock import Clock
from teacher_registry.verification.subject import VerifiedAdministrator

PAGE_SIZE = 50


@dataclass(frozen=True)
class Transition:
    """When an act is allowed, what it sets, and what to tell the person when it is not."""

    guard: ColumnElement[bool]
    values: Mapping[str, Any]
    otherwise: str


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
        Act.UNLOCK: Transition(Account.locked_at.is_not(None), {"locked_at": None}, "该账号没有锁定，无需解锁"),
        Act.RESET: Transition(
            Account.status == AccountStatus.ACTIVE, {"must_change": True}, "该账号已停用，请先恢复再重置密码"
        ),
    }
)


@dataclass(frozen=True)
class WithPassword:
    """An account and the password that is shown this once and kept nowhere."""

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
        randbelow: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._hash = password_hash
        self._randbelow = randbelow

    def page(self, actor: VerifiedAdministrator, number: int) -> AccountPage:
        """A page past the end is the last page."""
        own = Account.unit_code == actor.unit_code
        with self._sessions() as session:
            total = session.scalar(select(func.count()).select_from(Account).where(own)) or 0
            pages = max(1, -(-total // PAGE_SIZE))
            number = min(max(1, number), pages)
            query = select(Account).where(own).order_by(Account.login)
            rows = session.scalars(query.offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE)).all()
        return AccountPage(list(rows), number, pages, total)

    def create(self, actor: VerifiedAdministrator, wish: NewAccount) -> WithPassword:
        """A new active account of the actor's unit. Raises `AccountConflictError` if the login name is taken
        there.
        """
        at = self._clock()
        password = one_time_password(self._randbelow)
        account = Account(
            id=f"{self._randbelow(1 << 128):032x}",
            unit_code=actor.unit_code,
            login=wish.login,
            name=wish.name,
            kind=wish.kind,
            status=AccountStatus.ACTIVE,
            password_hash=self._hash.hash(password),
            must_change=True,
            created_at=at,
            changed_at=at,
        )
        try:
            with self._sessions.begin() as session:
                session.add(account)
                session.flush()
                session.add(entry(Act.CREATE, actor, at, account_id=account.id))
        except IntegrityError as error:
            raise AccountConflictError("本单位已有这个登录名，请换一个") from error
        return WithPassword(account, password)

    def act(self, actor: VerifiedAdministrator, account_id: str, act: Act) -> Account:
        """Stop, restore or unlock. Raises `AccountNotFoundError` or `AccountConflictError`."""
        return self._move(actor, account_id, act, {})

    def reset_password(self, actor: VerifiedAdministrator, account_id: str) -> WithPassword:
        """Replace the hash at once (the old password is dead), end a lock, demand a change at the next
        sign-in.
        """
        password = one_time_password(self._randbelow)
        values = {"password_hash": self._hash.hash(password), "locked_at": None}
        return WithPassword(self._move(actor, account_id, Act.RESET, values), password)

    def _move(self, actor: VerifiedAdministrator, account_id: str, act: Act, values: Mapping[str, Any]) -> Account:
        transition = TRANSITIONS[act]
        at = self._clock()
        own = and_(Account.id == account_id, Account.unit_code == actor.unit_code)
        with self._sessions.begin() as session:
            moved = session.scalars(
                update(Account)
                .where(own, transition.guard)
                .values(changed_at=at, **transition.values, **values)
                .returning(Account)
            ).one_or_none()
            if moved is None:
                self._why_not(session, own, transition)
            session.add(entry(act, actor, at, account_id=account_id))
        return moved

    @staticmethod
    def _why_not(session: Session, own: ColumnElement[bool], transition: Transition) -> NoReturn:
        if session.scalar(select(exists().where(own))):
            raise AccountConflictError(transition.otherwise)
        raise AccountNotFoundError("本单位没有这个账号")


def all_accounts(sessions: sessionmaker[Session], unit_code: str | None) -> list[Account]:
    """For the operator at the machine: every unit's accounts, or one unit's."""
    query = select(Account).order_by(Account.unit_code, Account.login)
    if unit_code is not None:
        query = query.where(Account.unit_code == unit_code)
    with sessions() as session:
        return list(session.scalars(query))
