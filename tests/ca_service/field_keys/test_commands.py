"""The change of keys as the operator types it; keys are told by name, never themselves."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ca_service.cli.main import main
from ca_service.domain.proposals import ProposalKind, ProposalStatus
from ca_service.domain.roles import Role
from ca_service.wiring import Wiring
from ca_service.workflows.proposals import view
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office, actor
from tests.ca_service.second_person import release

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)
Educa = Callable[..., Result]


@pytest.fixture
def educa(wiring: Wiring, monkeypatch: pytest.MonkeyPatch) -> Educa:
    """`educa secrets ...` on this machine."""
    monkeypatch.setattr("ca_service.cli.base.Call.wiring", wiring)
    return lambda *words: CliRunner().invoke(main, ["secrets", *words])


def _facts(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_three_steps_with_their_refusals_on_the_way(educa: Educa, office: Office, clock: TestClock) -> None:
    office.holder()
    first = _facts(educa("show", "--json"))
    assert (first["announced"], first["retired"], first["left"]) == (None, [], 0)
    assert "须先由另一名管理员准许" in educa("announce").stderr
    release(office.services, ProposalKind.FIELD_KEY_CHANGE)
    announced = _facts(educa("announce", "--json"))
    assert announced["current"] == first["current"]
    assert "须先由另一名管理员准许" in educa("announce").stderr
    left = release(office.services, ProposalKind.FIELD_KEY_CHANGE)
    assert "请先运行 educa secrets rotate" in educa("announce").stderr
    assert view(office.services, actor(Role.OPERATOR), left.id).status is ProposalStatus.RELEASED
    rotated = _facts(educa("rotate", "--json"))
    assert (rotated["current"], rotated["retired"]) == (announced["announced"], [first["current"]])
    assert rotated["values"] > 0
    assert view(office.services, actor(Role.OPERATOR), left.id).status is ProposalStatus.DONE
    assert _facts(educa("rotate", "--json"))["values"] == 0
    assert educa("remove", first["current"], "--yes").exit_code == 1
    clock.pass_time(minutes=11)
    assert "须先由另一名管理员准许" in educa("remove", first["current"], "--yes").stderr
    release(office.services, ProposalKind.FIELD_KEY_REMOVAL, first["current"])
    refused = educa("remove", first["current"])  # not confirmed
    assert refused.exit_code == 1
    assert _facts(educa("show", "--json"))["retired"] == [first["current"]]
    assert _facts(educa("remove", first["current"], "--yes", "--json"))["retired"] == []


def test_no_command_prints_a_key(educa: Educa, wiring: Wiring) -> None:
    release(wiring.services, ProposalKind.FIELD_KEY_CHANGE)
    printed = "".join(educa(*words).output for words in (["announce"], ["rotate"], ["show"], ["show", "--json"]))
    file: Path = wiring.config.path(wiring.config.secrets.field_key)
    keys = [word for line in file.read_text().splitlines() for word in line.split()[1:2]]
    assert len(keys) == 3
    assert [key for key in keys if key in printed] == []
