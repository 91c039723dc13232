"""Giving roles and resetting accounts take two administrators: nothing has any effect before the second one's word."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from ca_service.domain import errors
from ca_service.domain.audit import Tag
from ca_service.domain.proposals import OPEN, WAITS, Proposal, ProposalStatus
from ca_service.domain.roles import Actor, Role
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE
from ca_service.passwords import hash_password, verify_password
from ca_service.periodic import tasks
from ca_service.wiring import Wiring
from ca_service.workflows.confirm_proposal import confirm
from ca_service.workflows.ports import Services
from ca_service.workflows.proposals import list_proposals, refuse, view, withdraw
from ca_service.workflows.staff import disable_staff
from ca_service.workflows.staff_proposals import (
    NewStaff,
    Post,
    Reset,
    change_post,
    propose_account,
    propose_enabling,
    propose_reset,
)
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import LEAGUE, Office, actor
from tests.ca_service.second_person import FIRST_PASSWORD, appoint

BOSS = actor(Role.SECURITY_ADMIN, login="security-admin")
CA_ADMIN = actor(Role.CA_ADMIN, login="ca-admin")
OPERATOR = actor(Role.OPERATOR, login="local:root")
OTHER_BOSS = actor(Role.SECURITY_ADMIN, login="boss-2")
PERSON = "150302198505051232"
pytestmark = pytest.mark.usefixtures("quick_hashes")
on_sqlite = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


@pytest.fixture
def services(office: Office) -> Services:
    return office.services


def _propose(services: Services, login: str, *roles: Role, person: str = "", by: Actor = BOSS) -> Proposal:
    new = NewStaff(login, "示范人", CENTRE_CODE, frozenset(roles or {Role.REVIEWER}), person)
    return propose_account(services, by, new, first_password=FIRST_PASSWORD, hasher=hash_password, ground="批文")


def _reset(services: Services, login: str, by: Actor = BOSS) -> Proposal:
    return propose_reset(services, by, login, Reset("another first one", second_factor=True), hasher=hash_password)


def _account(services: Services, login: str) -> Staff | None:
    with services.read() as uow:
        return next(iter(uow.staff.find(login=login)), None)


def _second_boss(services: Services) -> None:
    appoint(services, NewStaff("boss-2", "示范人", CENTRE_CODE, frozenset({Role.SECURITY_ADMIN}), PERSON))


def _tags(services: Services) -> list[str]:
    with services.read() as uow:
        return [entry.tag for entry in uow.audit.entries()]


def test_an_account_is_there_only_once_a_second_administrator_has_confirmed_it(services: Services) -> None:
    made = _propose(services, "zhang")
    assert made.secret_hash
    assert _account(services, "zhang") is None
    done = confirm(services, CA_ADMIN, made.id)
    assert (done.status, done.decided_by) == (ProposalStatus.DONE, "ca-admin")
    account = _account(services, "zhang")
    assert account is not None
    assert verify_password(account.password_hash, FIRST_PASSWORD)
    assert account.must_change_password
    assert view(services, BOSS, made.id).secret_hash == ""
    with services.read() as uow:
        *_, word, added = uow.audit.entries()
    assert (word.tag, word.actor, added.tag, added.actor) == (
        Tag.PROPOSAL_CONFIRMED, "ca-admin", Tag.STAFF_ADDED, "ca-admin",
    )  # fmt: skip
    assert '"proposed_by":"security-admin"' in added.detail


def test_roles_are_taken_at_once_and_given_by_two(services: Services) -> None:
    appoint(services, NewStaff("zhang", "示范人", LEAGUE, frozenset({Role.CLERK, Role.REVIEWER})))
    assert change_post(services, BOSS, "zhang", Post(LEAGUE, frozenset({Role.CLERK}))) is None
    for post in (Post(LEAGUE, frozenset({Role.REVIEWER})), Post(CENTRE_CODE, frozenset({Role.CLERK}))):
        before = _account(services, "zhang")
        made = change_post(services, BOSS, "zhang", post)
        assert made is not None
        assert _account(services, "zhang") == before
        confirm(services, CA_ADMIN, made.id)
        after = _account(services, "zhang")
        assert after is not None
        assert (after.unit_code, after.roles) == (post.unit_code, post.roles)


def test_a_closed_account_stays_closed_and_a_lost_factor_lost_until_the_second_word(services: Services) -> None:
    appoint(services, NewStaff("zhang", "示范人", LEAGUE, frozenset({Role.CLERK})))
    before = _account(services, "zhang")
    made = _reset(services, "zhang")
    assert _account(services, "zhang") == before
    confirm(services, CA_ADMIN, made.id)
    reset = _account(services, "zhang")
    assert reset is not None
    assert verify_password(reset.password_hash, "another first one")
    disable_staff(services, BOSS, "zhang")
    opening = propose_enabling(services, BOSS, "zhang")
    closed = _account(services, "zhang")
    assert closed is not None
    assert not closed.active
    confirm(services, CA_ADMIN, opening.id)
    opened = _account(services, "zhang")
    assert opened is not None
    assert opened.active


@on_sqlite
@pytest.mark.parametrize(
    ("who", "refusal", "why"),
    [
        (BOSS, errors.Forbidden, "提出人"),
        (CA_ADMIN, errors.Conflict, "boss-2"),
        (actor(Role.AUDITOR, login="auditor"), errors.Forbidden, "角色"),
        (OPERATOR, errors.Forbidden, "角色"),
        (actor(Role.REVIEWER), errors.Forbidden, "角色"),
        (actor(Role.SECURITY_ADMIN, LEAGUE), errors.Forbidden, "本单位"),
    ],
    ids=["who proposed", "the stand-in", "auditor", "operator", "reviewer", "from a league"],
)
def test_the_second_word_is_another_security_administrators(
    services: Services, who: Actor, refusal: type[errors.DomainError], why: str
) -> None:
    _second_boss(services)
    made = _propose(services, "zhang")
    with pytest.raises(refusal, match=why):
        confirm(services, who, made.id)
    assert _account(services, "zhang") is None
    confirm(services, OTHER_BOSS, made.id)
    assert _account(services, "zhang") is not None


@on_sqlite
def test_nobody_confirms_what_concerns_the_own_account(services: Services) -> None:
    rescue = _reset(services, "security-admin", OPERATOR)
    with pytest.raises(errors.Forbidden, match="自己的账号"):
        confirm(services, BOSS, rescue.id)
    confirm(services, CA_ADMIN, rescue.id)
    of_the_stand_in = _reset(services, "ca-admin", OPERATOR)
    with pytest.raises(errors.Forbidden, match="自己的账号"):
        confirm(services, CA_ADMIN, of_the_stand_in.id)
    confirm(services, BOSS, of_the_stand_in.id)


@on_sqlite
def test_a_second_security_administrator_who_is_closed_does_not_stand_in_the_way(services: Services) -> None:
    _second_boss(services)
    disable_staff(services, BOSS, "boss-2")
    confirm(services, CA_ADMIN, _propose(services, "zhang").id)


@on_sqlite
def test_what_was_proposed_by_somebody_dismissed_since_is_not_carried_out(services: Services) -> None:
    _second_boss(services)
    made = _propose(services, "zhang", by=OTHER_BOSS)
    disable_staff(services, BOSS, "boss-2")
    with pytest.raises(errors.Conflict, match="boss-2 已停用"):
        confirm(services, BOSS, made.id)
    assert _account(services, "zhang") is None


@on_sqlite
def test_the_rules_are_asked_again_by_the_word_that_carries_it_out(services: Services) -> None:
    first = _propose(services, "auditor-2", Role.AUDITOR, person=PERSON)
    second = _propose(services, "clerk-2", Role.CLERK, person=PERSON)
    confirm(services, CA_ADMIN, first.id)
    with pytest.raises(errors.Conflict, match="auditor-2"):
        confirm(services, CA_ADMIN, second.id)
    assert (_account(services, "clerk-2"), view(services, BOSS, second.id).status) == (None, ProposalStatus.PROPOSED)


@on_sqlite
def test_a_post_that_changed_since_is_not_given_over_it(services: Services) -> None:
    appoint(services, NewStaff("zhang", "示范人", LEAGUE, frozenset({Role.CLERK, Role.CUSTODIAN})))
    made = change_post(services, BOSS, "zhang", Post(LEAGUE, frozenset({Role.CLERK, Role.REVIEWER})))
    assert made is not None
    change_post(services, BOSS, "zhang", Post(LEAGUE, frozenset({Role.CLERK})))
    with pytest.raises(errors.Conflict, match="已有变化"):
        confirm(services, CA_ADMIN, made.id)
    now = _account(services, "zhang")
    assert now is not None
    assert now.roles == {Role.CLERK}


def test_after_its_time_nothing_can_be_confirmed_and_the_worker_notes_it(
    services: Services, wiring: Wiring, clock: TestClock
) -> None:
    made = _propose(services, "zhang")
    with pytest.raises(errors.Conflict, match=made.id):
        _propose(services, "zhang")
    clock.pass_time(seconds=WAITS.total_seconds() + 60)
    with pytest.raises(errors.Conflict, match="过期"):
        confirm(services, CA_ADMIN, made.id)
    assert view(services, BOSS, made.id).status is ProposalStatus.PROPOSED
    assert [tasks(wiring)["proposals"]() for _ in range(2)] == [1, 0]
    ended = view(services, BOSS, made.id)
    assert (ended.status, ended.secret_hash) == (ProposalStatus.EXPIRED, "")
    again = _propose(services, "zhang")
    clock.pass_time(days=8)
    assert _propose(services, "zhang").id != again.id  # without a worker too
    assert _tags(services).count(Tag.PROPOSAL_EXPIRED) == 2


@on_sqlite
@pytest.mark.parametrize(
    ("end", "status"),
    [
        (lambda services, made: refuse(services, CA_ADMIN, made.id, reason="不认识此人"), ProposalStatus.REFUSED),
        (lambda services, made: withdraw(services, BOSS, made.id), ProposalStatus.WITHDRAWN),
        (lambda services, made: confirm(services, CA_ADMIN, made.id), ProposalStatus.DONE),
    ],
    ids=["refused", "withdrawn", "done"],
)
def test_what_is_decided_is_decided(
    services: Services, end: Callable[[Services, Proposal], Proposal], status: ProposalStatus
) -> None:
    made = _propose(services, "zhang", person=PERSON)
    with pytest.raises(errors.Invalid, match="原因"):
        refuse(services, CA_ADMIN, made.id, reason=" ")
    assert end(services, made).status is status
    ended = view(services, BOSS, made.id)
    assert (ended.secret_hash, "person" in ended.content) == ("", False)
    assert list_proposals(services, BOSS, waiting=True).total == 0
    later: list[Callable[[], object]] = [
        lambda: confirm(services, OTHER_BOSS, made.id),
        lambda: refuse(services, OTHER_BOSS, made.id, reason="x"),
        lambda: withdraw(services, BOSS, made.id),
    ]
    for act in later:
        with pytest.raises(errors.Conflict, match="已经办结"):
            act()
    assert (_account(services, "zhang") is not None) is (status is ProposalStatus.DONE)


@on_sqlite
@pytest.mark.parametrize(
    "ask",
    [
        lambda services: _propose(services, "security-admin", Role.REVIEWER),
        lambda services: _propose(services, "a b"),
        lambda services: _propose(services, "zhang", Role.AUDITOR),
        lambda services: change_post(services, BOSS, "auditor", Post(CENTRE_CODE, frozenset({Role.CLERK}))),
        lambda services: propose_enabling(services, BOSS, "auditor"),
    ],
    ids=["login taken", "no login", "no ID number", "one of the three", "not closed"],
)
def test_what_would_be_refused_later_is_refused_before_it_waits(
    services: Services, ask: Callable[[Services], object]
) -> None:
    with pytest.raises(errors.DomainError):
        ask(services)
    assert list_proposals(services, BOSS).total == 0


def _at_once(*acts: Callable[[], object]) -> list[str]:
    def told(act: Callable[[], object]) -> str:
        try:
            act()
        except errors.Conflict as error:
            return error.detail
        return ""

    with ThreadPoolExecutor(len(acts)) as crowd:
        return [detail for detail in crowd.map(told, acts) if detail]


def test_of_several_who_decide_at_once_one_succeeds(services: Services) -> None:
    crowd = [actor(Role.SECURITY_ADMIN, login=f"boss-{number}") for number in range(3)]
    confirmed = _propose(services, "zhang")
    assert len(_at_once(*(partial(confirm, services, who, confirmed.id) for who in crowd))) == 2
    assert _tags(services).count(Tag.STAFF_ADDED) == 4  # the three of the ceremony and this one
    either = _propose(services, "li-4")
    told = _at_once(partial(confirm, services, crowd[0], either.id), partial(withdraw, services, BOSS, either.id))
    assert len(told) == 1
    done = view(services, BOSS, either.id).status is ProposalStatus.DONE
    assert (_account(services, "li-4") is not None) is done


def test_of_several_who_propose_the_same_at_once_one_succeeds(services: Services) -> None:
    told = _at_once(*(partial(_propose, services, "zhang") for _ in range(3)))
    assert len(told) == 2
    with services.read() as uow:
        assert len(uow.proposals.find(subject="zhang", status=OPEN)) == 1
