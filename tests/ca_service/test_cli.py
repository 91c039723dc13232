"""The command line: exit codes, --json, one clear line for whatever is wrong."""

import json
import shutil
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from ca_service import config as configuration
from ca_service.cli.main import main
from ca_service.config import Config
from ca_service.domain.roles import Role
from ca_service.passwords import hash_password, verify_password
from ca_service.wiring import Wiring
from ca_service.workflows.staff_proposals import NewStaff
from tests.ca_service.office import LEAGUE
from tests.ca_service.second_person import appoint
from tests.road.roster import make_roster, make_scan_pdf, make_units

CONFIG = "config.toml"


@pytest.fixture
def place(founded: Config, tmp_path: Path) -> Path:
    """A folder with a configuration, its own database, and files to import."""
    shutil.copy(founded.path(Path("educa.db")), tmp_path / "educa.db")
    shutil.copy(founded.folder / "config.toml", tmp_path / "config.toml")
    shutil.copytree(founded.folder / "secrets", tmp_path / "secrets")
    for name in ("softhsm2.conf", "root.pem"):
        (tmp_path / name).symlink_to(founded.folder / name)
    (tmp_path / "form.pdf").write_bytes(make_scan_pdf())
    units = make_units(schools=60, league_code=LEAGUE)
    (tmp_path / "units.csv").write_bytes(units.csv)
    (tmp_path / "roster.xlsx").write_bytes(make_roster(units.units, rows=40).xlsx)
    services = Wiring(founded.model_copy(update={"folder": tmp_path})).services
    clerk = NewStaff("clerk-1", "示范人员", LEAGUE, frozenset({Role.CLERK}))
    appoint(services, clerk)
    return tmp_path


def _run(place: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--config", str(place / CONFIG)])


def _refused(result: Result) -> str:
    assert result.exit_code == 1, (result.exit_code, result.output, result.exception)
    assert "Traceback" not in result.output
    assert result.stderr.startswith("educa: ")
    return result.stderr


def _import(place: Path, sheet: str, scan: str = "form.pdf") -> Result:
    files = (str(place / sheet), "--unit", LEAGUE, "--scan", str(place / scan))
    return _run(place, "registrations", "import", *files, "--as", "clerk-1")


def test_units_and_a_roster_are_imported_and_listed_as_json(place: Path) -> None:
    assert _run(place, "units", "import", str(place / "units.csv")).exit_code == 0
    assert _import(place, "roster.xlsx").exit_code == 0
    listed = json.loads(_run(place, "registrations", "list", "--json").stdout)
    assert len(listed) > 25
    assert all("*" in row["name"] and "*" in row["id_number"] for row in listed)


def test_the_configuration_may_be_named_before_the_command(place: Path) -> None:
    result = CliRunner().invoke(main, ["--config", str(place / CONFIG), "certs", "list", "--json"])
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])


@pytest.mark.parametrize("arguments", [("nonsense",), ("certs", "freeze"), ("certs", "list", "--nonsense")])
def test_wrong_usage_is_exit_code_two(place: Path, arguments: tuple[str, ...]) -> None:
    assert _run(place, *arguments).exit_code == 2


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("\n[service.x]\ny = 1\n", "service.x"),
        ("\n[nonsense]\na = 1\n", "nonsense"),
        ("\n[mail]\nport = 100000\n", "mail.port"),
        ("\nthis is not toml", "config.toml"),
    ],
)
def test_an_unknown_or_unsafe_key_refuses_to_start(place: Path, change: str, named: str) -> None:
    with (place / CONFIG).open("a", encoding="utf-8") as file:
        file.write(change)
    assert named in _refused(_run(place, "certs", "list"))


def test_a_secret_that_others_can_read_refuses_to_start(place: Path) -> None:
    (place / "secrets" / "field.key").chmod(0o644)
    assert "chmod 600" in _refused(_run(place, "certs", "list"))


def test_a_missing_configuration_says_what_to_do(tmp_path: Path) -> None:
    assert "educa init" in _refused(_run(tmp_path, "certs", "list"))


def test_a_read_only_database_is_told_and_nothing_is_done(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (place / CONFIG).read_text(encoding="utf-8")
    url = f"sqlite:///file:{place / 'educa.db'}?mode=ro&uri=true"
    (place / CONFIG).write_text(text.replace("sqlite:///educa.db", url), encoding="utf-8")
    monkeypatch.chdir(place)
    assert "数据库" in _refused(_run(place, "units", "import", str(place / "units.csv")))


def test_a_second_ceremony_is_refused(place: Path) -> None:
    assert "CA 已经存在" in _refused(_run(place, "init"))


def test_a_dry_run_registers_nothing_and_writes_the_marked_sheet_for_its_owner_only(place: Path) -> None:
    assert _run(place, "units", "import", str(place / "units.csv")).exit_code == 0
    marked = place / "marked.xlsx"
    files = (str(place / "roster.xlsx"), "--unit", LEAGUE, "--scan", str(place / "form.pdf"))
    arguments = ("registrations", "import", *files, "--dry-run", "--marked", str(marked), "--json", "--as", "clerk-1")
    report = json.loads(_run(place, *arguments).stdout)
    assert (report["dry_run"], report["batch"], report["taken"]) == (True, "", [])
    assert report["fit"] > 20
    assert report["bad"]
    assert marked.stat().st_mode & 0o777 == 0o600
    assert any(cell.comment for row in load_workbook(marked).worksheets[0].iter_rows() for cell in row)
    assert json.loads(_run(place, "registrations", "list", "--json").stdout) == []


def test_a_batch_is_listed_given_back_marked_and_undone(place: Path) -> None:
    assert _run(place, "units", "import", str(place / "units.csv")).exit_code == 0
    assert _import(place, "roster.xlsx").exit_code == 0
    (batch,) = json.loads(_run(place, "registrations", "batches", "--json", "--as", "clerk-1").stdout)
    out = place / "again.xlsx"
    assert _run(place, "registrations", "marked", batch["id"], str(out), "--as", "clerk-1").exit_code == 0
    assert out.read_bytes()[:2] == b"PK"
    undo = ("registrations", "undo", batch["id"], "--reason", "传错了文件", "--as", "clerk-1")
    assert _run(place, *undo).exit_code == 0
    assert "批次" in _refused(_run(place, *undo))
    statuses = {row["status"] for row in json.loads(_run(place, "registrations", "list", "--json").stdout)}
    assert statuses == {"withdrawn"}


def test_the_template_is_written_and_a_bad_choice_told(place: Path) -> None:
    out = place / "template.xlsx"
    assert _run(place, "registrations", "template", str(out)).exit_code == 0
    assert load_workbook(out).sheetnames == ["用户CA信息", "填写说明"]
    assert "无法写出" in _refused(_run(place, "registrations", "template", str(place / "no" / "where.xlsx")))
    files = (str(place / "roster.xlsx"), "--unit", LEAGUE, "--scan", str(place / "form.pdf"))
    assert "--choose" in _refused(_run(place, "registrations", "import", *files, "--choose", "x", "--as", "clerk-1"))


def _bomb() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 300_000_000)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["text", "empty", "truncated", "bomb", "unit-list", "picture"])
def test_a_file_that_is_no_roster_is_refused_in_one_line(place: Path, kind: str) -> None:
    whole = (place / "roster.xlsx").read_bytes()
    contents = {
        "text": b"hello",
        "empty": b"",
        "truncated": whole[: len(whole) // 2],
        "bomb": _bomb(),
        "unit-list": (place / "units.csv").read_bytes(),
        "picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    }
    (place / "bad.xlsx").write_bytes(contents[kind])
    assert len(_refused(_import(place, "bad.xlsx")).strip().splitlines()) == 1


def test_a_scan_that_is_no_picture_or_pdf_is_refused(place: Path) -> None:
    assert "form" not in _refused(_import(place, "roster.xlsx", "roster.xlsx"))[:6]


def test_a_serial_that_does_not_exist_and_a_staff_member_that_is_unknown(place: Path) -> None:
    assert "证书" in _refused(_run(place, "certs", "freeze", "abcdef", "--reason", "x"))
    assert "人员账号" in _refused(_run(place, "certs", "list", "--as", "nobody"))


def test_the_operator_holds_no_tokens_and_a_clerk_publishes_no_crl(place: Path) -> None:
    assert "角色" in _refused(_run(place, "crl", "publish", "--as", "clerk-1"))
    assert "角色" in _refused(_run(place, "media", "register", "T1"))


def test_passwords_are_argon2id_and_a_missing_account_never_matches() -> None:
    stored = hash_password("correct horse battery")
    assert stored.startswith("$argon2id$")
    assert verify_password(stored, "correct horse battery")
    assert not verify_password(stored, "wrong")
    assert not verify_password("", "nobody")


def _confirmed(place: Path, made: dict[str, str]) -> None:
    done = _run(place, "proposals", "confirm", made["proposal"], "--as", "ca-admin", "--json")
    assert json.loads(done.stdout)["status"] == "done", done.output


def test_staff_are_added_changed_closed_and_reset(place: Path) -> None:
    boss = ("--as", "security-admin", "--json")
    (place / "id.txt").write_text("150302198505051232\n", encoding="ascii")
    auditor = ("staff", "add", "auditor-2", "--name", "示范人员", "--unit", "150000", "--role", "auditor")
    assert "身份证号码" in _refused(_run(place, *auditor, *boss))
    added = json.loads(_run(place, *auditor, "--id-number-file", str(place / "id.txt"), *boss).stdout)
    assert set(added) == {"login", "password", "proposal", "expires_at"}
    assert [row["subject"] for row in json.loads(_run(place, "proposals", "list", "--json").stdout)] == ["auditor-2"]
    assert "提出人" in _refused(_run(place, "proposals", "confirm", added["proposal"], *boss))
    _confirmed(place, added)
    moved = ("roles", "clerk-1", "--role", "reviewer", "--role", "clerk", "--unit", "150302")
    for words in (moved, ("reset", "clerk-1")):
        _confirmed(place, json.loads(_run(place, "staff", *words, *boss).stdout))
    taken = json.loads(_run(place, "staff", "roles", "clerk-1", "--role", "reviewer", *boss).stdout)
    assert (taken["roles"], taken["unit"]) == ("reviewer", "150302")
    assert _run(place, "staff", "disable", "clerk-1", *boss).exit_code == 0
    _confirmed(place, json.loads(_run(place, "staff", "enable", "clerk-1", *boss).stdout))
    assert "角色" in _refused(_run(place, "staff", "reset", "auditor-2", *boss))
    rescue = json.loads(_run(place, "staff", "reset", "auditor-2", "--second-factor", "--json").stdout)
    assert "由另一名安全管理员" in _refused(_run(place, "proposals", "confirm", rescue["proposal"], "--as", "ca-admin"))
    refused = _run(place, "proposals", "refuse", rescue["proposal"], "--reason", "未核实本人", *boss)
    assert json.loads(refused.stdout)["status"] == "refused"
    listed = json.loads(_run(place, "staff", "list", "--named", "示范", "--json").stdout)
    assert [row["login"] for row in listed] == ["auditor-2", "clerk-1"]
    assert "150302198505051232" not in str(listed)


def test_a_refused_command_is_recorded_without_its_arguments(place: Path) -> None:
    _refused(_run(place, "certs", "list", "--as", "nobody"))
    _refused(_run(place, "units", "import", str(place / "units.csv"), "--as", "clerk-1"))
    config = configuration.load(place / CONFIG)
    with Wiring(config).services.read() as uow:
        entry = list(uow.audit.entries())[-1]
    assert (entry.tag, entry.actor, entry.subject) == ("ra:act:refused", "clerk-1", "units import")
    assert json.loads(entry.detail) == {"action": "units.import"}


def test_ocsp_answers_are_signed_ahead_by_command_and_again_by_two_processes(place: Path) -> None:
    first = _run(place, "ocsp", "presign", "--workers", "1", "--json")
    assert first.exit_code == 0, first.output
    facts = json.loads(first.stdout)
    assert (facts["issuer"], facts["run"], facts["runs_swept"]) == ("issuing", 1, 0)
    assert facts["answers"] == facts["signed_now"] > 0
    second = _run(place, "ocsp", "presign", "--workers", "2")
    assert second.exit_code == 0, second.output
    assert f"issuing 已有 {facts['answers']} 份预签的 OCSP 应答" in second.stdout
    third = json.loads(_run(place, "ocsp", "presign", "--workers", "1", "--json").stdout)
    assert (third["run"], third["runs_swept"]) == (3, 1)


@pytest.mark.parametrize("hashes", ["[]", '["sha1", "sha1"]', '["md5"]'])
def test_hashes_that_no_answer_can_be_signed_for_refuse_to_start(place: Path, hashes: str) -> None:
    config = place / CONFIG
    config.write_text(config.read_text(encoding="utf-8").replace("[ca]", f"[ca]\nocsp_presigned_hashes = {hashes}"))
    assert "ca.ocsp_presigned_hashes" in _refused(_run(place, "ocsp", "presign"))
