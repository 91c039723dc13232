"""The last days of an issuing CA, and the time after: no signer in vain, no list, no alarm; its successor goes on."""

import pytest

from ca_service.app import missing
from ca_service.cli import doctor
from ca_service.domain.certificates import Certificate
from ca_service.domain.errors import Conflict, Forbidden, Invalid
from ca_service.domain.proposals import ProposalKind
from ca_service.domain.roles import Role
from ca_service.periodic import AUDIT_SIGNER, FEED_SIGNER, OCSP_SIGNER, cas, renew_signer, tasks
from ca_service.signing.pkcs11_key import Pkcs11Key, generate, labels
from ca_service.wiring import Wiring
from ca_service.workflows import health, roll_over
from ca_service.workflows.crl_alarms import concerns
from ca_service.workflows.crl_lines import all_lines
from ca_service.workflows.infrastructure import signers
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office, actor
from tests.ca_service.second_person import release

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)
_OPERATOR = actor(Role.OPERATOR)


def _rolled(wiring: Wiring) -> None:
    sessions, label = wiring.issuing_sessions, "issuing-2"
    # The tests share one token.
    found = label in labels(sessions)
    key = (Pkcs11Key(sessions, label) if found else generate(sessions, label=label, curve="p256")).public_key
    release(wiring.services, ProposalKind.CA_ROLL_OVER, "issuing")
    planned = roll_over.planned_successor(wiring.services, _OPERATOR, "issuing", "换发")
    roll_over.found(wiring.services, _OPERATOR, planned, subject=("北疆教育信息中心", "教育CA"), key=key)
    release(wiring.services, ProposalKind.CA_ACTIVATION, label)
    roll_over.activate(wiring.services, _OPERATOR, label)


def _signers(wiring: Wiring, issuer: str) -> list[Certificate]:
    return list(signers(wiring.services, "ocsp-signer", issuer=issuer))


def test_in_the_last_days_of_a_ca_one_signer_is_made_and_not_one_each_round(wiring: Wiring, clock: TestClock) -> None:
    before = len(_signers(wiring, "issuing"))
    clock.pass_time(days=3652 - 6)
    for delegated in (OCSP_SIGNER, FEED_SIGNER, AUDIT_SIGNER):
        assert [renew_signer(wiring, delegated, issuer="issuing") for _ in range(3)] == [True, False, False]
    assert len(_signers(wiring, "issuing")) == before + 1


def test_the_doctor_asks_for_a_successor_before_certificates_are_cut_short(wiring: Wiring, clock: TestClock) -> None:
    assert not doctor._issuing_key(wiring).mend
    clock.pass_time(days=365 * 6 + 10)
    assert "roll-over --planned" in doctor._issuing_key(wiring).mend
    _rolled(wiring)
    assert not doctor._issuing_key(wiring).mend


def test_after_its_end_a_ca_publishes_nothing_and_alarms_nobody(
    office: Office, wiring: Wiring, clock: TestClock
) -> None:
    clock.pass_time(days=365 * 7)
    _rolled(wiring)
    assert cas(wiring) == ["issuing", "issuing-2"]
    clock.pass_time(days=365 * 3 + 10)
    todo = tasks(wiring)
    for task in ("crl", "ocsp-signer", "feed-signer", "audit-signer"):
        todo[task]()
    with wiring.database.read() as uow:
        names = [line.name for line in all_lines(uow, clock())]
    assert (cas(wiring), names) == (["issuing-2"], ["issuing-2", "root"])
    assert missing(wiring) == ""
    assert "issuing" not in concerns(wiring.services)
    assert {one.name for one in health.health(wiring.services).lists} <= {"issuing-2", "root"}
    assert not renew_signer(wiring, OCSP_SIGNER, issuer="issuing")
    assert office.enrolled().issuer == "issuing-2"


def test_what_is_issued_comes_from_the_old_one_until_the_new_one_is_activated(office: Office, wiring: Wiring) -> None:
    _rolled(wiring)
    assert office.enrolled().issuer == "issuing-2"
    with pytest.raises(Conflict, match="当前的签发 CA 是 issuing-2"):
        roll_over.planned_successor(wiring.services, _OPERATOR, "issuing", "换发")
    with pytest.raises(Conflict, match="不是等待启用"):
        roll_over.activate(wiring.services, _OPERATOR, "issuing")


@pytest.mark.parametrize("role", [Role.CA_ADMIN, Role.SECURITY_ADMIN, Role.REVIEWER])
def test_only_the_operator_at_the_machine_founds_and_activates(wiring: Wiring, role: Role) -> None:
    with pytest.raises(Forbidden):
        roll_over.planned_successor(wiring.services, actor(role), "issuing", "换发")
    with pytest.raises(Forbidden):
        roll_over.activate(wiring.services, actor(role), "issuing")


@pytest.mark.parametrize("ground", ["", " ", "长" * 301])
def test_a_planned_roll_over_says_why(wiring: Wiring, ground: str) -> None:
    with pytest.raises(Invalid):
        roll_over.planned_successor(wiring.services, _OPERATOR, "issuing", ground)
