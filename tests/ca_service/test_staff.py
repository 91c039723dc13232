"""Staff accounts: who may be what, across accounts; change, disable, enable, reset."""

from collections.abc import Callable

import pytest

from ca_service.domain import errors
from ca_service.domain.audit import Tag
from ca_service.domain.roles import Actor, Role
from ca_service.domain.second_factors import TotpKey, TotpSecret
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE
from ca_service.passwords import hash_password, verify_password
from ca_service.workflows.ports import Services
from ca_service.workflows.staff import disable_staff, list_staff
from ca_service.workflows.staff_proposals import NewStaff, Post, Reset, change_post, propose_enabling, propose_reset
from tests.ca_service.office import LEAGUE, Office, actor
from tests.ca_service.second_person import FIRST_PASSWORD, appoint, confirmed

_BOSS, _OPERATOR = actor(Role.SECURITY_ADMIN), actor(Role.OPERATOR)
_ONE, _OTHER = "150302198505051232", "150302197001010029"
pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def services(office: Office) -> Services:
    return office.services


def _add(services: Services, login: str, *roles: Role, unit: str = CENTRE_CODE, person: str = "") -> Staff:
    new = NewStaff(login, "示范人", unit, frozenset(roles), person)
    return appoint(services, new)


def _post(services: Services, login: str, *roles: Role, unit: str = CENTRE_CODE) -> Staff:
    made = change_post(services, _BOSS, login, Post(unit, frozenset(roles)))
    if made is not None:
        confirmed(services, made)
    return _account(services, login)


def _account(services: Services, login: str) -> Staff:
    with services.read() as uow:
        return uow.staff.get(login)


def _reset(services: Services, login: str, order: Reset, who: Actor = _BOSS) -> Staff:
    confirmed(services, propose_reset(services, who, login, order, hasher=hash_password))
    return _account(services, login)


def _tags(services: Services) -> list[str]:
    with services.read() as uow:
        return [entry.tag for entry in uow.audit.entries()]


def test_the_three_administrators_are_three_people_with_no_other_account(services: Services) -> None:
    with pytest.raises(errors.Invalid, match="身份证号码"):
        _add(services, "second-auditor", Role.AUDITOR)
    _add(services, "second-auditor", Role.AUDITOR, person=_ONE)
    for role in (Role.CA_ADMIN, Role.AUDITOR, Role.CLERK):
        before = len(_tags(services))
        with pytest.raises(errors.Conflict, match="second-auditor"):
            _add(services, "another", role, person=_ONE.replace("2", "2 ", 1))
        assert len(_tags(services)) == before
    _add(services, "another", Role.CA_ADMIN, person=_OTHER)
    disable_staff(services, _BOSS, "second-auditor")
    _add(services, "a-clerk", Role.CLERK, person=_ONE)
    with pytest.raises(errors.Conflict, match="a-clerk"):
        propose_enabling(services, _BOSS, "second-auditor")


def test_business_people_may_have_two_accounts_and_only_the_hash_of_the_number_is_kept(services: Services) -> None:
    clerk = _add(services, "a-clerk", Role.CLERK, person=_ONE)
    _add(services, "a-reviewer", Role.REVIEWER, unit=LEAGUE, person=_ONE)
    assert clerk.person_hash == services.keyed_hash(_ONE)
    assert _ONE not in str(clerk)
    with pytest.raises(errors.Invalid, match="校验位"):
        _add(services, "a-third", Role.CLERK, person=_ONE[:-1] + "7")


def test_the_last_of_each_administrator_stays(services: Services) -> None:
    for login in ("auditor", "ca-admin"):
        with pytest.raises(errors.Conflict, match="最后一个"):
            disable_staff(services, _BOSS, login)
    _add(services, "second-auditor", Role.AUDITOR, person=_ONE)
    disable_staff(services, _BOSS, "auditor")
    with pytest.raises(errors.Conflict):
        disable_staff(services, _BOSS, "second-auditor")


def test_no_account_becomes_one_of_the_three_or_ceases_to_be_one(services: Services) -> None:
    _add(services, "a-clerk", Role.CLERK, person=_ONE)
    _add(services, "second-auditor", Role.AUDITOR, person=_OTHER)
    for login, role in (("a-clerk", Role.AUDITOR), ("second-auditor", Role.CLERK), ("second-auditor", Role.CA_ADMIN)):
        with pytest.raises(errors.Conflict, match="新建账号"):
            _post(services, login, role)


def test_a_post_changes_with_its_trace_and_not_into_what_a_unit_may_not_have(services: Services) -> None:
    _add(services, "a-clerk", Role.CLERK)
    moved = _post(services, "a-clerk", Role.CLERK, Role.REVIEWER, unit=LEAGUE)
    assert (moved.unit_code, moved.roles) == (LEAGUE, frozenset({Role.CLERK, Role.REVIEWER}))
    with services.read() as uow:
        assert uow.staff.get("a-clerk") == moved
        entry = list(uow.audit.entries())[-1]
    assert entry.tag == Tag.STAFF_CHANGED
    assert '"roles-before":"clerk"' in entry.detail
    for wrong, kind in (((Role.AUDITOR,), errors.Invalid), ((), errors.Invalid)):
        with pytest.raises(kind):
            _post(services, "a-clerk", *wrong, unit=LEAGUE)
    with pytest.raises(errors.NotFound):
        _post(services, "a-clerk", Role.CLERK, unit="999999")


def test_nobody_keeps_the_own_account(services: Services) -> None:
    me = actor(Role.SECURITY_ADMIN, login="security-admin")
    acts: list[Callable[[], object]] = [
        lambda: disable_staff(services, me, "security-admin"),
        lambda: change_post(services, me, "security-admin", Post(CENTRE_CODE, frozenset({Role.CLERK}))),
    ]
    for act in acts:
        with pytest.raises(errors.Forbidden, match="自己"):
            act()


def _with_second_factor(services: Services, login: str) -> Staff:
    now = services.clock()
    with services.begin() as uow:
        uow.totp_keys.add(TotpKey("K1", login, TotpSecret("A" * 32), now, now))
        return uow.staff.change(uow.staff.get(login), second_factor=True, must_change_password=False)


@pytest.mark.parametrize("second_factor", [True, False])
def test_a_reset_gives_a_first_password_and_never_takes_the_second_factor_alone(
    services: Services, *, second_factor: bool
) -> None:
    _add(services, "a-clerk", Role.CLERK)
    _with_second_factor(services, "a-clerk")
    reset = _reset(services, "a-clerk", Reset("a new first one", second_factor))
    assert verify_password(reset.password_hash, "a new first one")
    assert not verify_password(reset.password_hash, FIRST_PASSWORD)
    assert reset.must_change_password
    assert reset.second_factor is not second_factor
    with services.read() as uow:
        assert uow.totp_keys.count(login="a-clerk") == (0 if second_factor else 1)
        assert list(uow.audit.entries())[-1].tag == Tag.STAFF_RESET


def test_the_three_are_reset_on_the_machine_only(services: Services) -> None:
    order = Reset("a new first one", second_factor=True)
    for login in ("auditor", "ca-admin", "security-admin"):
        with pytest.raises(errors.Forbidden):
            _reset(services, login, order)
        assert _reset(services, login, order, _OPERATOR).must_change_password
    _add(services, "a-clerk", Role.CLERK)
    with pytest.raises(errors.Forbidden):
        _reset(services, "a-clerk", order, _OPERATOR)


def test_accounts_are_found_by_a_part_of_login_or_name_in_the_own_subtree(services: Services) -> None:
    _add(services, "zhang-3", Role.CLERK)
    _add(services, "Li-4", Role.CLERK, unit=LEAGUE)
    _add(services, "w-5", Role.CLERK, unit="150400")

    def found(named: str, who: Role = Role.SECURITY_ADMIN, unit: str = CENTRE_CODE) -> list[str]:
        return [s.login for s in list_staff(services, actor(who, unit), named=named).rows]

    assert found("ZHANG") == ["zhang-3"]
    assert found("示范") == ["Li-4", "w-5", "zhang-3"]
    assert found("审计") == ["auditor"]
    assert found("%") == []
    assert found("_") == []
    assert found("", Role.AUDITOR, LEAGUE) == ["Li-4"]
    assert list_staff(services, _BOSS, named="示范").total == 3
