"""Staff accounts of the units that receive applications, and the rules that hold across accounts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ca_service.domain.errors import Conflict
from ca_service.domain.roles import ADMINISTRATORS, Actor, Role

FIRST_PASSWORD_LIFETIME = timedelta(days=14)


@dataclass(frozen=True)
class Staff:
    """One account. `password_hash` is argon2id in PHC form; a first password has to be changed within 14 days.

    `person_hash` is the keyed hash of the person's ID number ("" where it was not asked), `second_factor` whether one
    is enrolled, `holder_id` the opaque name that stands in the person's staff certificates.
    """

    login: str
    name: str
    unit_code: str
    roles: frozenset[Role]
    password_hash: str
    must_change_password: bool
    active: bool
    created_at: datetime
    person_hash: str = ""
    must_identify: bool = False
    second_factor: bool = False
    password_set_at: datetime | None = None
    holder_id: str | None = None
    signed_in_at: datetime | None = None

    def actor(self, via: str) -> Actor:
        """The same person as one who acts, by the way named."""
        return Actor(self.login, self.unit_code, self.roles, via)

    @property
    def is_administrator(self) -> bool:
        """Whether this is an account of one of the three administrators (三员)."""
        return bool(self.roles & ADMINISTRATORS)

    def first_password_expired(self, now: datetime) -> bool:
        """Whether the password is one that was told to the person, and too old to be theirs alone."""
        told = self.password_set_at or self.created_at
        return self.must_change_password and now > told + FIRST_PASSWORD_LIFETIME

    def gains(self, unit_code: str, roles: frozenset[Role]) -> bool:
        """Whether this post would give the account anything: a role it has not, or the people of another unit."""
        return unit_code != self.unit_code or not roles <= self.roles


def refuse_second_account(login: str, others: Iterable[Staff], *, administrator: bool) -> None:
    """Raise Conflict where a person would be one of the three administrators and anything else besides.

    `login` is the account in question, `administrator` whether it is one of the three's; `others` are the active
    accounts of the same person; who has no ID number on file is the same person as nobody.
    """
    besides = [other for other in others if other.login != login and other.active]
    if besides and (administrator or any(account.is_administrator for account in besides)):
        rule = "系统管理员、安全管理员、审计员必须由三个不同的人担任，且不得兼有其他账号。"
        raise Conflict(f"此人已有账号 {besides[0].login}。{rule}")


def refuse_last_administrator(leaving: Iterable[Role], others: Iterable[Staff]) -> None:
    """Raise Conflict where one of the three administrators' posts would be left with no active account."""
    held = frozenset(role for other in others if other.active for role in other.roles)
    if missing := sorted(ADMINISTRATORS.intersection(leaving) - held):
        raise Conflict(f"这是最后一个可用的 {missing[0]} 账号，不能停用或调整。请先任命接任者。")
