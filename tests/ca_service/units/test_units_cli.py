"""`educa units`: an act from its preview to its end by command line, and what the reading commands print as JSON."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ca_service.cli.main import main
from ca_service.config import Config
from ca_service.domain.roles import Role
from ca_service.wiring import Wiring
from ca_service.workflows.staff_proposals import NewStaff
from tests.ca_service.desk import id_number
from tests.ca_service.office import LEAGUE
from tests.ca_service.second_person import appoint
from tests.road.roster import make_units

UNITS = make_units(schools=12, league_code=LEAGUE)
SCHOOL = next(unit for unit in UNITS.units if unit.kind.value == "school")


@pytest.fixture
def place(founded: Config, tmp_path: Path) -> Path:
    """A folder with a configuration and a database in which the units are registered."""
    shutil.copy(founded.path(Path("educa.db")), tmp_path / "educa.db")
    shutil.copy(founded.folder / "config.toml", tmp_path / "config.toml")
    shutil.copytree(founded.folder / "secrets", tmp_path / "secrets")
    (tmp_path / "units.csv").write_bytes(UNITS.csv)
    services = Wiring(founded.model_copy(update={"folder": tmp_path})).services
    for person, (login, role) in enumerate((("sysadmin", Role.CA_ADMIN), ("secadmin", Role.SECURITY_ADMIN))):
        new = NewStaff(login, "示范人员", "150000", frozenset({role}), id_number(person))
        appoint(services, new)
    assert _run(tmp_path, "import", str(tmp_path / "units.csv")).exit_code == 0
    return tmp_path


def _run(place: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["units", *arguments, "--config", str(place / "config.toml")])


def _json(place: Path, *arguments: str) -> Any:
    result = _run(place, *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_school_is_renamed_by_two_people(place: Path) -> None:
    order = ("rename", SCHOOL.code, "示范第一实验小学", "--as", "sysadmin")
    seen = _json(place, *order)
    assert (seen["obstacles"], seen["counts"]) == ([], {"unit": 1})
    assert _run(place, *order).stdout.strip().endswith(seen["version"])
    case = _json(place, *order, "--seen", seen["version"], "--ground", "示范发〔2026〕1号")
    shown = _json(place, "confirm", case["id"], "--as", "secadmin")
    done = _json(place, "confirm", case["id"], "--seen", shown["version"], "--as", "secadmin")
    assert (done["status"], done["decided_by"]) == ("done", "secadmin")
    assert [event["event"] for event in _json(place, "history", SCHOOL.code)] == ["registered", "renamed"]
    assert _json(place, "show", SCHOOL.code)["name"] == "示范第一实验小学"
    assert [row["code"] for row in _json(place, "list", "--search", "第一实验")] == [SCHOOL.code]


def test_the_other_acts_show_what_they_would_touch(place: Path) -> None:
    for order in (
        ("move", SCHOOL.code, "150304"),
        ("close", SCHOOL.code, "--stop-people", "--return-applications"),
        ("merge", "150302", "150304"),
    ):
        plan = _json(place, *order, "--as", "sysadmin")
        assert plan["obstacles"] == []
        assert plan["steps"][0]["effect"] == "unit"
    refused = _run(place, "reopen", SCHOOL.code, "--as", "sysadmin")
    assert (refused.exit_code, refused.stderr) == (1, "educa: 该单位没有撤销或合并，不需要恢复。\n")
    assert "不能办理：还有" in _run(place, "close", "150302", "--as", "sysadmin").stdout


def test_a_case_is_withdrawn_or_refused(place: Path) -> None:
    order = ("close", SCHOOL.code, "--as", "sysadmin")
    ids = []
    for end in (("withdraw", "--as", "sysadmin"), ("refuse", "--reason", "不同意", "--as", "secadmin")):
        version = _json(place, *order)["version"]
        ids.append(_json(place, *order, "--seen", version, "--ground", "示范")["id"])
        assert _run(place, end[0], ids[-1], *end[1:]).exit_code == 0
    assert {case["id"]: case["status"] for case in _json(place, "cases")} == {ids[0]: "withdrawn", ids[1]: "refused"}
    assert "已经办结" in _run(place, "confirm", ids[0], "--as", "secadmin").stdout


def test_an_import_can_be_checked_first_and_take_the_good_rows_only(place: Path) -> None:
    rows = ["code,name,kind,parent,area_code,school_type,credit_code", "2115900001,示范新校,school,150302,150302,211,"]
    rows += ["2115900002,示范坏校,school,150302,150302,311,", f"{SCHOOL.code},另一名称,school,150302,150302,211,"]
    file = place / "new.csv"
    file.write_text("\n".join(rows), encoding="utf-8")
    checked = _json(place, "import", str(file), "--check")
    assert (checked["added"], [error["row"] for error in checked["errors"]]) == (1, [3, 4])
    assert _run(place, "import", str(file)).exit_code == 1
    assert _run(place, "show", "2115900001").exit_code == 1
    assert _json(place, "import", str(file), "--good-rows")["added"] == 1
    assert _json(place, "show", "2115900001")["name"] == "示范新校"
