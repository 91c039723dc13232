"""After a roll-over two CAs publish, each with its shards: nothing that looks after lists forgets one of them."""

from datetime import timedelta
from pathlib import Path

import pytest

from ca_service.app import missing
from ca_service.cli import doctor
from ca_service.config import Config, MirrorTable
from ca_service.domain.crls import CrlLine
from ca_service.periodic import tasks
from ca_service.signing.pkcs11_key import Pkcs11Key, generate, labels
from ca_service.wiring import Wiring
from ca_service.workflows import crl_override, health, roll_over
from ca_service.workflows.crl_alarms import concerns
from ca_service.workflows.crl_lines import all_lines
from ca_service.workflows.mirror import Mirroring
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office

_LINES = ["issuing", "issuing-s0", "issuing-s1", "issuing-2", "issuing-2-s0", "issuing-2-s1"]


@pytest.fixture
def rolled(config: Config, clock: TestClock, tmp_path: Path) -> Wiring:
    """A CA with a second issuing CA, both of two shards, and a mirror."""
    ca = config.ca.model_copy(update={"crl_shards": 2})
    mirror = MirrorTable(directory=str(tmp_path / "www"))
    wiring = Wiring(config.model_copy(update={"ca": ca, "mirror": mirror}), clock=clock)
    sessions, label = wiring.issuing_sessions, "issuing-2"
    # The tests share one token.
    found = label in labels(sessions)
    key = (Pkcs11Key(sessions, label) if found else generate(sessions, label=label, curve="p256")).public_key
    operator = Office(wiring.services).operator
    founding = roll_over.Founding("issuing-2", "issuing")
    roll_over.found(wiring.services, operator, founding, subject=(ca.organization, ca.issuing_name), key=key)
    return wiring


def test_the_worker_publishes_and_everybody_watches_every_list_of_every_issuer(
    rolled: Wiring, clock: TestClock, tmp_path: Path
) -> None:
    publish = tasks(rolled)["crl"]
    publish()
    with rolled.database.read() as uow:
        assert [line.name for line in all_lines(uow, clock())] == [*_LINES, "root"]
        assert all(uow.crls.latest(name) for name in _LINES)
        operator = Office(rolled.services).operator
    for name in _LINES:
        assert crl_override.examine(rolled.services, operator, name).differences == {}
    assert {one.name for one in health.health(rolled.services).lists} == {*_LINES, "root"}
    mirror = rolled.mirror()
    assert mirror is not None
    Mirroring(rolled.services, mirror).refresh()
    assert all((tmp_path / f"www/crl/{name}.crl").exists() for name in _LINES)
    assert not doctor._crl(rolled).mend
    assert not doctor._mirror(rolled).mend
    assert missing(rolled) == ""
    clock.pass_time(hours=rolled.config.ca.crl_lifetime_hours, minutes=1)
    assert set(concerns(rolled.services)) == set(_LINES)
    assert missing(rolled) == "no fresh CRL"
    publish()
    assert concerns(rolled.services) == {}
    assert missing(rolled) == ""


def test_one_expired_list_of_an_earlier_issuer_is_no_fresh_crl(rolled: Wiring, clock: TestClock) -> None:
    tasks(rolled)["crl"]()
    with rolled.database.begin() as uow:
        old = uow.crls.latest(CrlLine("issuing", 1).name)
        assert old is not None
        uow.crls.change(old, next_update=clock() - timedelta(minutes=1))
    assert missing(rolled) == "no fresh CRL"
    finding = doctor._crl(rolled)
    assert "issuing-s1" in finding.found
    assert "--issuer issuing" in finding.mend
