"""Acts on keys take a release by a second person at the console: one act, in its time, in the act's own transaction."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ca_service.config import Config
from ca_service.domain import errors
from ca_service.domain.audit import Tag
from ca_service.domain.proposals import RELEASE_LIFETIME, Proposal, ProposalKind, ProposalStatus
from ca_service.domain.roles import Actor, Role
from ca_service.wiring import Wiring
from ca_service.workflows import field_keys, roll_over
from ca_service.workflows.confirm_proposal import confirm
from ca_service.workflows.key_releases import propose_release
from ca_service.workflows.ports import Services
from ca_service.workflows.proposals import view, withdraw
from ca_service.workflows.restored import begin_anew
from tests.ca_service.conftest import TestClock
from tests.ca_service.field_keys.conftest import config  # noqa: F401  a key file of its own
from tests.ca_service.office import actor
from tests.ca_service.second_person import release

OPERATOR = actor(Role.OPERATOR, login="local:root")
BOSS = actor(Role.SECURITY_ADMIN, login="security-admin", via="web")
CHANGE, ROLL_OVER = ProposalKind.FIELD_KEY_CHANGE, ProposalKind.CA_ROLL_OVER
on_sqlite = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


@pytest.fixture
def services(wiring: Wiring) -> Services:
    return wiring.services


def _asked(services: Services, kind: ProposalKind = CHANGE, subject: str = "", by: Actor = OPERATOR) -> Proposal:
    return propose_release(services, by, kind, subject, ground="批文 2 号")


def _announce(wiring: Wiring) -> None:
    field_keys.announce(wiring.services, OPERATOR, wiring.field_keys)


def _status(services: Services, made: Proposal) -> ProposalStatus:
    return view(services, OPERATOR, made.id).status


def test_the_act_waits_for_the_second_persons_word_and_uses_it_up(wiring: Wiring, services: Services) -> None:
    for made in (None, _asked(services)):
        with pytest.raises(errors.Conflict, match="准许"):
            _announce(wiring)
        assert made is None or _status(services, made) is ProposalStatus.PROPOSED
    assert made is not None
    assert confirm(services, BOSS, made.id).status is ProposalStatus.RELEASED
    _announce(wiring)
    used = view(services, OPERATOR, made.id)
    assert (used.status, used.used_by) == (ProposalStatus.DONE, "local:root")
    with services.read() as uow:
        tags = [entry.tag for entry in uow.audit.entries()][-2:]
    assert tags == [Tag.PROPOSAL_USED, Tag.FIELD_KEY_ANNOUNCED]
    field_keys.rotate(services, OPERATOR, wiring.field_keys, wiring.sealed_data, told=lambda _: None)
    with pytest.raises(errors.Conflict, match="准许"):
        _announce(wiring)


@on_sqlite
def test_an_act_that_fails_leaves_its_release(wiring: Wiring, services: Services) -> None:
    made = release(services, CHANGE)
    before = wiring.field_keys.state()
    with wiring.field_keys.held(), pytest.raises(errors.Conflict, match="备份"):
        _announce(wiring)
    assert (_status(services, made), wiring.field_keys.state()) == (ProposalStatus.RELEASED, before)
    _announce(wiring)


@on_sqlite
def test_a_release_ends_with_its_time_or_is_taken_back(wiring: Wiring, services: Services, clock: TestClock) -> None:
    late = release(services, CHANGE)
    clock.pass_time(seconds=RELEASE_LIFETIME.total_seconds() + 60)
    with pytest.raises(errors.Conflict, match="准许"):
        _announce(wiring)
    back = release(services, CHANGE)
    assert _status(services, late) is ProposalStatus.EXPIRED
    withdraw(services, OPERATOR, back.id)
    with pytest.raises(errors.Conflict, match="准许"):
        _announce(wiring)
    assert wiring.field_keys.state().announced is None


@on_sqlite
@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        (OPERATOR, errors.Forbidden),
        (actor(Role.CA_ADMIN, login="ca-admin", via="web"), errors.Forbidden),
        (actor(Role.AUDITOR, via="web"), errors.Forbidden),
        (actor(Role.SECURITY_ADMIN, login="local:root", via="web"), errors.Forbidden),
        (actor(Role.SECURITY_ADMIN, login="security-admin", via="cli"), errors.Conflict),
    ],
    ids=["operator", "CA administrator", "auditor", "who proposed", "at the machine"],
)
def test_the_word_is_the_security_administrators_at_the_console(
    services: Services, who: Actor, refusal: type[errors.DomainError]
) -> None:
    made = _asked(services)
    with pytest.raises(refusal):
        confirm(services, who, made.id)
    assert _status(services, made) is ProposalStatus.PROPOSED


@on_sqlite
@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (ROLL_OVER, "issuing-9"), (ROLL_OVER, ""), (ProposalKind.CA_ACTIVATION, "issuing"),
        (ProposalKind.CA_ACTIVATION, "issuing-9"), (ProposalKind.FIELD_KEY_REMOVAL, ""), (CHANGE, "another"),
        (ProposalKind.STAFF_ADD, "zhang"),
    ],
)  # fmt: skip
def test_what_could_not_be_done_is_not_put_before_anybody(services: Services, kind: ProposalKind, subject: str) -> None:
    with pytest.raises(errors.DomainError):
        _asked(services, kind, subject)
    with pytest.raises(errors.Invalid, match="依据"):
        propose_release(services, OPERATOR, CHANGE, "", ground=" ")


@on_sqlite
def test_a_release_of_one_act_is_none_of_another(wiring: Wiring, services: Services) -> None:
    release(services, ROLL_OVER, "issuing")
    with pytest.raises(errors.Conflict, match="准许"):
        _announce(wiring)
    release(services, CHANGE)
    planned = roll_over.planned_successor(services, OPERATOR, "issuing", "换发")
    # Broken off here, the repeat goes on with what was used: a CA is followed once.
    assert roll_over.planned_successor(services, OPERATOR, "issuing", "换发") == planned


@on_sqlite
def test_a_roll_over_broken_off_is_not_gone_on_with_for_ever(services: Services, clock: TestClock) -> None:
    release(services, ROLL_OVER, "issuing")
    roll_over.planned_successor(services, OPERATOR, "issuing", "换发")
    clock.pass_time(seconds=RELEASE_LIFETIME.total_seconds() + 60)
    with pytest.raises(errors.Conflict, match="准许"):
        roll_over.planned_successor(services, OPERATOR, "issuing", "换发")


@on_sqlite
def test_a_release_from_a_backup_is_none(wiring: Wiring, services: Services, clock: TestClock) -> None:
    in_it, waiting = release(services, CHANGE), _asked(services, ROLL_OVER, "issuing")
    begin_anew(services, OPERATOR, clock())
    assert {_status(services, one) for one in (in_it, waiting)} == {ProposalStatus.EXPIRED}
    with pytest.raises(errors.Conflict, match="准许"):
        _announce(wiring)


def test_of_several_acts_at_once_one_has_the_release(wiring: Wiring, services: Services) -> None:
    release(services, CHANGE)

    def told(act: Callable[[Wiring], None]) -> bool:
        try:
            act(wiring)
        except errors.Conflict:
            return False
        return True

    with ThreadPoolExecutor(3) as crowd:
        assert sum(crowd.map(told, [_announce] * 3)) == 1
    with services.read() as uow:
        tags = [entry.tag for entry in uow.audit.entries()]
    assert (tags.count(Tag.PROPOSAL_USED), tags.count(Tag.FIELD_KEY_ANNOUNCED)) == (1, 1)


def test_the_key_file_of_these_tests_is_their_own(config: Config, founded: Config) -> None:  # noqa: F811
    assert config.secrets.field_key != founded.secrets.field_key
