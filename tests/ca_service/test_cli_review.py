"""Review, conflicts and change forms by command."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ca_service.cli.main import main
from ca_service.config import Config
from ca_service.domain.roles import Role
from ca_service.domain.staff import Staff
from ca_service.wiring import Wiring
from tests.ca_service.desk import CENTRE, Desk
from tests.ca_service.office import BANNER, LEAGUE, Office

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)
Educa = Callable[..., Any]


@pytest.fixture
def desk(office: Office) -> Desk:
    """People at three levels under their units' codes."""
    people = [("clerk", LEAGUE, Role.CLERK), *[(f"r{unit}", unit, Role.REVIEWER) for unit in (BANNER, LEAGUE, CENTRE)]]
    assert office.school
    with office.services.begin() as uow:
        for login, unit, role in people:
            uow.staff.add(Staff(login, "某人", unit, frozenset({role}), "-", False, True, office.services.clock()))
    return Desk(office)


@pytest.fixture
def educa(desk: Desk, config: Config, wiring: Wiring, monkeypatch: pytest.MonkeyPatch) -> Educa:
    """Run a command as somebody; the document it prints, or the line that refuses it."""
    monkeypatch.setattr("ca_service.cli.base.Call.wiring", wiring)

    def run(*arguments: str, by: str) -> Any:
        result = CliRunner().invoke(main, [*arguments, "--as", by, "--json"])
        assert result.exit_code in (0, 1), result.output
        return json.loads(result.stdout) if result.exit_code == 0 else result.stderr.strip()

    return run


def test_a_batch_is_forwarded_but_for_an_exception_that_goes_back_with_its_reason(desk: Desk, educa: Educa) -> None:
    first, second = (desk.enter(person, unit=unit) for person, unit in enumerate(desk.schools()[:2]))
    refused = educa("registrations", "forward", first.id, "--except", second.id, "缺少公章", by=f"r{BANNER}")
    assert second.id in refused
    done = educa("registrations", "forward", first.id, second.id, "--except", second.id, "缺少公章", by=f"r{BANNER}")
    assert [(a["id"], a["status"], a["at_unit"]) for a in done["applications"]] == [
        (first.id, "submitted", LEAGUE),
        (second.id, "returned", second.unit_code),
    ]


def test_a_conflict_is_listed_and_settled(desk: Desk, educa: Educa) -> None:
    for unit in desk.schools()[:2]:
        desk.enter(1, unit=unit)
    (case,) = educa("registrations", "conflicts", "--status", "undecided", by=f"r{BANNER}")
    settled = educa(
        "registrations", "settle", case["id"], "--decision", "keep-both", "--reason", "兼任", by=f"r{BANNER}"
    )
    assert (settled["status"], settled["decided_by"]) == ("kept", f"r{BANNER}")


def test_an_information_change_goes_its_way_by_command(
    desk: Desk, office: Office, educa: Educa, tmp_path: Path
) -> None:
    holder, scan, after = desk.confirmed(desk.enter()), tmp_path / "form.pdf", tmp_path / "after.json"
    scan.write_bytes(office.scan)
    form = ("--holder", holder, "--kind", "information-change", "--scan", str(scan), "--explanation", "换了号码")
    for wrong in ("no json", '["mobile"]', '{"id_number": "1"}', '{"mobile": 1}'):
        after.write_text(wrong, encoding="utf-8")
        assert "after.json" in educa("changes", "submit", *form, "--after", str(after), by="clerk")
    after.write_text('{"mobile": "19900004321"}', encoding="utf-8")
    signed = ("--signed", "unit-stamp", "2026-01-05", "--account", "js001")
    case = educa("changes", "submit", *form, "--after", str(after), *signed, by="clerk")
    assert (case["changes"], case["at_unit"]) == ("mobile", BANNER)
    assert [c["id"] for c in educa("changes", "list", "--here", by=f"r{BANNER}")] == [case["id"]]
    assert educa("changes", "list", "--here", by=f"r{LEAGUE}") == []
    assert educa("changes", "return", case["id"], "--reason", "说明不清", by=f"r{BANNER}")["status"] == "returned"
    assert educa("changes", "resubmit", case["id"], by="clerk")["at_unit"] == BANNER
    assert educa("changes", "forward", case["id"], by=f"r{BANNER}")["at_unit"] == LEAGUE
    assert "信息中心" in educa("changes", "decide", case["id"], "--approve", by=f"r{LEAGUE}")
    assert educa("changes", "decide", case["id"], "--approve", by=f"r{CENTRE}")["status"] == "approved"
    assert educa("changes", "execute", case["id"], by=f"r{CENTRE}")["status"] == "executed"
    with office.services.read() as uow:
        assert uow.holders.get(holder).contact.mobile == "19900004321"
