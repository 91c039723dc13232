"""Another release code in place of one that was lost, expired or blocked: asked for by one, given by another person.

And what an unlock form says of a token that it cannot unlock.
"""

import pytest

from ca_service.domain import errors
from ca_service.domain.audit import Tag
from ca_service.domain.messages import Channel
from ca_service.domain.roles import Actor, Role
from ca_service.domain.unblocks import Release, ReleaseStatus
from ca_service.domain.units import CENTRE_CODE
from ca_service.wiring import Wiring
from ca_service.workflows import incidents, releases
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import LEAGUE, Office, actor
from tests.ca_service.test_unblock import Locked, locked
from tests.ca_service.web.test_custody_pages import Desk


@pytest.fixture
def mine(office: Office) -> Locked:
    person = locked(office, "1")
    person.code = office.released(person.holder)
    return person


def newest(office: Office) -> Release:
    return releases.list_releases(office.services, office.reviewer).rows[0]


def again(mine: Locked) -> str:
    """Both people do their part; the code that the person gets."""
    office, before = mine.office, newest(mine.office)
    releases.ask_again(office.services, office.clerk, before.id)
    releases.release_again(office.services, office.reviewer, before.id)
    return office.told(Channel.SMS, "解锁码为")[-1].partition("解锁码为 ")[2][:10]


@pytest.mark.parametrize("fate", ["blocked", "expired", "lost"])
def test_another_code_opens_the_token_and_the_first_is_void(mine: Locked, clock: TestClock, fate: str) -> None:
    if fate == "blocked":
        for _ in range(5):
            with pytest.raises(errors.DomainError):
                mine.begin(code="AAAAAAAAAA")
        assert newest(mine.office).status is ReleaseStatus.BLOCKED
    if fate == "expired":
        clock.pass_time(hours=25)
    first, code = newest(mine.office), again(mine)

    assert code != mine.code
    with pytest.raises(errors.CodeWrong):
        mine.begin()
    mine.hand_out(begun := mine.begin(code=code), mine.seal("33334444"))
    assert mine.confirm(begun) is ReleaseStatus.CONFIRMED
    with mine.office.services.read() as uow:
        assert uow.releases.get(first.id).status is ReleaseStatus.VOIDED
        tags = [entry.tag for entry in uow.audit.entries()]
    assert (tags.count(Tag.UNBLOCK_ASKED_AGAIN), tags.count(Tag.UNBLOCK_RELEASED)) == (1, 2)
    assert newest(mine.office).change_id == first.change_id


def test_who_asks_does_not_give(mine: Locked) -> None:
    office, release = mine.office, newest(mine.office)
    both = Actor("both", CENTRE_CODE, frozenset({Role.CLERK, Role.REVIEWER}), "cli")
    with pytest.raises(errors.Conflict, match="还没有人申请"):
        releases.release_again(office.services, both, release.id)
    releases.ask_again(office.services, both, release.id)
    with pytest.raises(errors.Forbidden, match="不能审核自己"):
        releases.release_again(office.services, both, release.id)
    with pytest.raises(errors.Conflict, match="both 已申请"):
        releases.ask_again(office.services, office.clerk, release.id)
    with pytest.raises(errors.Forbidden):
        releases.release_again(office.services, actor(Role.REVIEWER, LEAGUE), release.id)
    assert newest(office).id == release.id


def test_what_is_unblocked_or_replaced_or_gone_is_not_released_again(mine: Locked) -> None:
    office, release = mine.office, newest(mine.office)
    releases.ask_again(office.services, office.clerk, release.id)
    incidents.report_lost(office.services, office.custodian, mine.token.serial, reason="x")
    with pytest.raises(errors.Conflict, match="不再是已锁定"):
        releases.release_again(office.services, office.reviewer, release.id)

    other = locked(office, "2")
    other.code = office.released(other.holder)
    other.hand_out(begun := other.begin(), other.seal("33334444"))
    other.confirm(begun)
    with pytest.raises(errors.Conflict, match="已完成"):
        releases.ask_again(office.services, office.clerk, newest(office).id)


def test_the_form_says_whose_token_cannot_be_unblocked_and_what_to_do(office: Office, wiring: Wiring) -> None:
    with_so_pin, (bare, token) = locked(office, "1"), office.handed_over("2")
    form = Desk(wiring, Role.CLERK, LEAGUE)

    assert "管理 PIN" not in form.get(f"/changes/new/{with_so_pin.holder}")
    assert f"介质 {token.serial} 没有登记管理 PIN（SO PIN），不能在线解锁" in form.get(f"/changes/new/{bare}")
    case = office.unlock_asked(bare)
    assert "请改办补办" in form.get(f"/changes/{case}")


def test_a_token_that_nobody_reported_as_locked_is_named_too(office: Office) -> None:
    person = locked(office, "1")
    assert releases.obstacle(office.services, office.reviewer, person.holder) == ""
    person.code = office.released(person.holder)
    person.hand_out(begun := person.begin(), person.seal("33334444"))
    person.confirm(begun)
    assert "没有登记为已锁定" in releases.obstacle(office.services, office.reviewer, person.holder)
    assert releases.obstacle(office.services, office.reviewer, office.holder("A9")) == ""


def test_the_page_lists_releases_and_two_people_give_another_code(mine: Locked, wiring: Wiring) -> None:
    release = newest(mine.office)
    clerk, reviewer = Desk(wiring, Role.CLERK, LEAGUE), Desk(wiring, Role.REVIEWER)
    page = reviewer.get("/media/unblocks")
    assert all(text in page for text in (release.serial, release.change_id, "待解锁", mine.office.reviewer.login))
    assert (mine.code not in page, "重新发放解锁码</button>" not in page) == (True, True)

    asked = clerk.post("/media/unblocks", f"/media/unblocks/{release.id}/ask")
    assert "申请重新发放" in asked.text
    given = reviewer.post("/media/unblocks", f"/media/unblocks/{release.id}/release")
    assert (given.text.count("已作废"), given.text.count("待解锁")) == (1, 1)
