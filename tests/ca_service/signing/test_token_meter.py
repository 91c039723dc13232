"""What a token's sessions tell the meter: opened, failed, opened again."""

from collections import Counter
from dataclasses import replace

import pytest

from ca_service.config import Config
from ca_service.domain.errors import Unavailable
from ca_service.signing.token_sessions import TokenSessions
from ca_service.wiring import Wiring
from ca_service.workflows.ports import Unmeasured

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


class Told(Unmeasured):
    """A meter that remembers what tokens did."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[str, str]] = Counter()

    def token_opened(self, token: str) -> None:
        self.seen["opened", token] += 1

    def token_failed(self, token: str) -> None:
        self.seen["failed", token] += 1


def test_a_session_that_died_is_a_failure_and_a_reconnect(config: Config) -> None:
    told = Told()
    sessions = Wiring(config, meter=told).issuing_sessions
    label = sessions.address.label
    sessions.retrying(lambda session: session.generate_random(8))
    sessions.retrying(lambda session: session.close())
    sessions.retrying(lambda session: session.generate_random(8))
    assert told.seen == {("opened", label): 2, ("failed", label): 1}
    sessions.drop()


def test_a_token_that_is_not_there_is_a_failure(config: Config) -> None:
    told = Told()
    address = replace(Wiring(config).issuing_sessions.address, module="/nonexistent/module.so")
    sessions = TokenSessions(address, meter=told)
    with pytest.raises(Unavailable):
        sessions.retrying(str)
    assert told.seen == {("failed", address.label): 1}
