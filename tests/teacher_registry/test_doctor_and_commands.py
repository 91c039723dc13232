"""doctor, accounts import, log verify: each says what it saw, in one document with --json, and exits as it must."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from openpyxl import load_workbook
from sqlalchemy import text

from teacher_registry.accounts.database import open_database
from teacher_registry.cli import main
from teacher_registry.config import load_config
from tests.teacher_registry.authority import OCSP_SIGNER, Authority, Wish, certify, shared_authority
from tests.teacher_registry.books import GOOD, xlsx
from tests.teacher_registry.conftest import Rows
from tests.teacher_registry.publication import Clock, Publication, published


class RealTime(Clock):
    """Commands look at the machine's clock."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def publication() -> Iterator[Publication]:
    """A CA that lives today, in the place of the one that stands still."""
    known, now = shared_authority(), datetime.now(UTC)
    responder = replace(OCSP_SIGNER, not_before=now - timedelta(days=1), not_after=now + timedelta(days=9))
    authority = Authority(known.root, known.issuing, certify(responder, known.issuing))
    with published(Publication(authority, RealTime())) as publication:
        yield publication


@pytest.fixture
def rows(config_file: Path) -> Rows:
    """What was written."""
    return Rows(load_config(config_file).database)


def run(config_file: Path, *arguments: str) -> Result:
    """One command."""
    return CliRunner().invoke(main, [*arguments, "--config", str(config_file)])


def checks(config_file: Path) -> dict[str, dict[str, Any]]:
    """What doctor finds, by name."""
    document = json.loads(run(config_file, "doctor", "--json").stdout)
    assert document["well"] == all(check["well"] for check in document["checks"])
    return {check["check"]: check for check in document["checks"]}


def test_a_well_registry_is_well(config_file: Path) -> None:
    result = run(config_file, "doctor")
    assert (result.exit_code, result.stderr) == (0, ""), result.stdout
    assert result.stdout.count("✓") == 10


def test_doctor_names_each_thing_that_is_wrong_and_how_to_mend_it(config_file: Path, publication: Publication) -> None:
    publication.ocsp_up = publication.crl_up = publication.root_crl_up = False
    found = checks(config_file)
    assert [name for name, check in found.items() if not check["well"]] == ["根CRL", "签发CRL", "OCSP"]
    assert all(found[name]["mend"] for name in ("根CRL", "签发CRL", "OCSP"))
    result = run(config_file, "doctor")
    assert (result.exit_code, result.stderr.count("\n"), "处理：" in result.stdout) == (1, 1, True)


def test_doctor_sees_a_tls_certificate_near_its_end_and_one_of_another_key(config_file: Path) -> None:
    pem = config_file.parent / "tls.pem"
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    soon = Wish(not_after=datetime.now(UTC) + timedelta(days=20), usages=(ExtendedKeyUsageOID.SERVER_AUTH,))
    server = certify(replace(soon, policies=(), extra=((names, False),)))
    pem.write_bytes(server.pem)
    assert "不属于" in checks(config_file)["服务器TLS证书"]["seen"] or not checks(config_file)["服务器TLS证书"]["well"]
    (config_file.parent / "tls.key").write_bytes(server.key_pem)
    check = checks(config_file)["服务器TLS证书"]
    assert (check["well"], "更换" in check["mend"]) == (False, True)


def test_doctor_sees_a_damaged_log_and_messages_that_wait(config_file: Path, rows: Rows, tmp_path: Path) -> None:
    config_file.write_text(config_file.read_text() + 'outbox = "outbox"\n')
    assert checks(config_file)["短信待发"]["well"]
    message = tmp_path / "outbox" / "1.json"
    message.write_text("{}")
    os.utime(message, (0, 0))
    with open_database(rows.url).begin() as session:
        session.execute(text("UPDATE log_head SET hash = 'x'"))
    found = checks(config_file)
    assert (found["短信待发"]["well"], found["数据库与日志"]["well"]) == (False, False)


def test_doctor_sees_a_clock_that_is_off(config_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys.modules["teacher_registry.cli.doctor"], "system_clock", lambda: datetime.now(UTC) + timedelta(days=2)
    )
    found = checks(config_file)
    assert not found["时钟"]["well"]
    assert "NTP" in found["时钟"]["mend"]
    # Two days ahead every list is out of date, so nobody enters either.
    assert not found["签发CRL"]["well"]


def test_import_makes_accounts_and_writes_the_passwords_for_one_reader(
    config_file: Path, tmp_path: Path, rows: Rows
) -> None:
    sheet, out = tmp_path / "s.xlsx", tmp_path / "passwords.xlsx"
    sheet.write_bytes(xlsx(GOOD))
    arguments = ("accounts", "import", str(sheet), "--unit", "150102001", "--passwords-out", str(out), "--json")
    result = run(config_file, *arguments)
    assert result.exit_code == 0
    made = json.loads(result.stdout)["made"]
    written = [[cell.value for cell in row] for row in load_workbook(out).worksheets[0].rows]
    assert {account["name"] for account in made} == {"王芳", "李强", "赵敏"}
    assert not any(str(row[5]) in result.stdout for row in written)
    assert ([row[0] for row in written], out.stat().st_mode & 0o777) == (["姓名", "王芳", "李强", "赵敏"], 0o600)
    assert {account.unit_code for account in rows.accounts().values()} == {"150102001"}
    assert str(rows.log()[-1].holder_id).startswith("operator:")
    again = run(config_file, *arguments)
    assert (again.exit_code, "cannot be made" in again.stderr) == (1, True)


def test_import_that_takes_nothing_leaves_no_file(config_file: Path, tmp_path: Path, rows: Rows) -> None:
    sheet, out = tmp_path / "s.xlsx", tmp_path / "passwords.xlsx"
    command = ("accounts", "import", str(sheet), "--unit", "1", "--passwords-out", str(out))
    for content, told in [(b"nothing", "不是 xlsx"), (xlsx([("王芳", "x", "信息查询员")]), "mend the cells")]:
        sheet.write_bytes(content)
        result = run(config_file, *command)
        assert (result.exit_code, told in result.stderr, out.exists()) == (1, True, False)
    sheet.write_bytes(xlsx([*GOOD, ("周杰", "x", "信息查询员")]))
    assert run(config_file, *command, "--partial").exit_code == 0
    assert len(rows.accounts()) == 3


def test_log_verify_prints_the_head_and_names_what_was_changed(config_file: Path, tmp_path: Path, rows: Rows) -> None:
    sheet = tmp_path / "s.xlsx"
    sheet.write_bytes(xlsx(GOOD))
    run(config_file, "accounts", "import", str(sheet), "--unit", "1", "--passwords-out", str(tmp_path / "p.xlsx"))
    result = run(config_file, "log", "verify", "--json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["entries"], document["wrong"]) == (0, 4, None)
    head = f"4:{document['head']}"
    assert head in run(config_file, "log", "verify", "--head", head).stdout
    assert run(config_file, "log", "verify", "--head", "nonsense").exit_code == 2
    with open_database(rows.url).begin() as session:
        session.execute(text("UPDATE log SET unit_code = '2' WHERE seq = 3"))
    wrong = run(config_file, "log", "verify")
    assert (wrong.exit_code, "entry 3" in wrong.stderr, wrong.stderr.count("\n")) == (1, True, 1)


def test_a_database_that_cannot_be_reached_is_one_line(config_file: Path) -> None:
    config_file.write_text(config_file.read_text().replace("sqlite:///registry.db", "sqlite:////no/such/folder/x.db"))
    for command in (("accounts", "list"), ("log", "verify"), ("doctor",)):
        result = run(config_file, *command)
        assert (result.exit_code, result.stderr.count("\n"), "database" in result.stderr) == (1, 1, True)
