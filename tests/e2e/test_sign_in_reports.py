"""The registry reports first sign-ins to the real CA over TLS; no sign-in waits for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ca_service.config import Config
from ca_service.domain.certificates import Certificate
from ca_service.domain.holders import SignIn
from teacher_registry.accounts.models import FirstSignIn
from teacher_registry.publications.fetch import UnavailableError
from teacher_registry.sign_ins.reporter import SignInReporter
from teacher_registry.wiring import Registry
from tests.ca_service.conftest import TestClock
from tests.e2e.real_ca import RealCa, running

pytestmark = pytest.mark.e2e


class AwayThenBack:
    """In place of the way to the CA: away until told otherwise, or the answer gets lost."""

    def __init__(self, registry: Registry) -> None:
        assert registry.reporter is not None
        self._inner = registry.reporter._fetch
        self.away = self.answer_lost = False
        self.tries = 0
        self.get = self._inner.get

    def post(self, url: str, content_type: str, body: bytes) -> bytes:
        self.tries += 1
        if self.away:
            raise UnavailableError("away")
        answer = self._inner.post(url, content_type, body)
        if self.answer_lost:
            raise UnavailableError("lost")
        return answer


@pytest.fixture
def ca(founded: Config, tmp_path: Path) -> Iterator[RealCa]:
    with running(founded, tmp_path) as served:
        yield served


@pytest.fixture
def registry(ca: RealCa) -> Registry:
    return ca.registry()[1]


def _sign_in(registry: Registry, certificate: Certificate) -> None:
    registry.journal.signed_in(registry.gate.admit(certificate.der), registry.clock())


def _known(ca: RealCa) -> list[SignIn]:
    with ca.wiring.services.read() as uow:
        return list(uow.sign_ins.find())


def test_a_first_sign_in_reaches_the_campaign_board_once(ca: RealCa, registry: Registry) -> None:
    certificate = ca.office.enrolled()
    assert registry.reporter is not None
    assert registry.reporter.send()
    assert _known(ca) == []
    for _ in range(2):
        _sign_in(registry, certificate)
        assert registry.reporter.send()
    assert [(one.holder_id, one.system) for one in _known(ca)] == [(certificate.holder_id, "relying:teacher-registry")]
    assert registry.reporter.waiting() == 0
    with registry.sessions() as session:
        (row,) = session.query(FirstSignIn)
    assert row.certificate_serial == certificate.serial
    assert abs((_known(ca)[0].at - row.at).total_seconds()) < 1


def test_what_the_ca_did_not_hear_is_told_again_and_counted_once(ca: RealCa, registry: Registry) -> None:
    way, clock = AwayThenBack(registry), TestClock()
    reporter = SignInReporter(_url(registry), fetch=way, sessions=registry.sessions, clock=clock)
    way.away = True
    _sign_in(registry, ca.office.enrolled())
    assert [reporter.send() for _ in range(3)] == [False] * 3
    assert (way.tries, reporter.waiting(), _known(ca)) == (1, 1, [])
    way.away, way.answer_lost = False, True
    clock.pass_time(seconds=61)
    assert not reporter.send()
    assert (reporter.waiting(), len(_known(ca))) == (1, 1)
    way.answer_lost = False
    clock.pass_time(seconds=61)
    assert reporter.send()
    assert (reporter.waiting(), len(_known(ca))) == (0, 1)


def _url(registry: Registry) -> str:
    assert registry.reporter is not None
    return registry.reporter._url
