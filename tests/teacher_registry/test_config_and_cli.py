"""The configuration refuses what it does not know; the command line says in one line what is wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from teacher_registry.cli import main
from teacher_registry.config import Config, ConfigError, load_config
from teacher_registry.wiring import build_registry
from tests.teacher_registry.authority import Authority, Identity
from tests.teacher_registry.conftest import Browser
from tests.teacher_registry.publication import Clock


def edit(path: Path, pattern: str, replacement: str) -> None:
    """Change the file; a pattern that is not there is a mistake of the test."""
    text, count = re.subn(pattern, replacement, path.read_text(), flags=re.MULTILINE)
    assert count == 1
    path.write_text(text)


def test_relative_paths_start_at_the_file(config: Config, tmp_path: Path) -> None:
    assert config.anchor == tmp_path / "root.pem"
    assert config.database == f"sqlite:///{tmp_path}/registry.db"


@pytest.mark.parametrize(
    ("pattern", "replacement", "complaint"),
    [
        (r"^listen = .*", 'lisen = "127.0.0.1:1"', "unknown key"),
        (r"^listen = .*", 'listen = "localhost"', "listen"),
        (r"^listen = .*", 'listen = "127.0.0.1:70000"', "listen"),
        (r"^listen = .*", "listen = 9443", "listen"),
        (r"^anchor = .*", 'anchor = "missing.pem"', "anchor"),
        (r"^anchor = .*", f'anchor = "{"a" * 300}.pem"', "anchor: .*File name too long"),
        (r"^anchor = .*", "", "anchor"),
        (r"^crl_url = .*", 'crl_url = ""', "crl_url"),
        (r"^crl_url = .*", 'crl_url = "file:///etc/passwd"', "crl_url"),
        (r"^crl_url = .*", 'crl_url = "http://[x"', "crl_url"),
        (r"^policy_oid = .*", 'policy_oid = "any"', "policy_oid"),
        (r"^max_status_age_seconds = .*", "max_status_age_seconds = 3600", "max_status_age_seconds"),
        (r"^max_status_age_seconds = .*", "max_status_age_seconds = true", "max_status_age_seconds"),
        (r"^max_status_age_seconds = .*", "max_status_age_seconds = nan", "max_status_age_seconds"),
        (r"^max_status_age_seconds = .*", 'ocsp_nonce_required = "no"', "ocsp_nonce_required"),
        (r"^database = .*", 'database = "sqlite://"', "database"),
        (r"^database = .*", 'database = "registry"', "database"),
        (r"^\[registry\]", "[other]", "registry"),
        (r"^\[registry\]", "[registry", "not TOML"),
    ],
)
def test_an_unsafe_configuration_does_not_start(
    config_file: Path, pattern: str, replacement: str, complaint: str
) -> None:
    edit(config_file, pattern, replacement)
    with pytest.raises(ConfigError, match=complaint):
        load_config(config_file)


def test_an_issuing_ca_that_the_anchor_did_not_make_does_not_start(config: Config, stranger: Authority) -> None:
    config.issuing.write_bytes(stranger.issuing.pem)
    with pytest.raises(ConfigError, match="was not issued by"):
        build_registry(config, Clock())


def test_a_file_that_is_no_certificate_does_not_start(config: Config) -> None:
    config.anchor.write_text("not PEM")
    with pytest.raises(ConfigError, match="not a PEM certificate"):
        build_registry(config, Clock())


def test_without_a_responder_the_list_decides(config_file: Path, browser: Browser, admin: Identity) -> None:
    edit(config_file, r"^ocsp_url = .*", 'ocsp_url = ""')
    registry = build_registry(load_config(config_file), Clock())
    assert registry.gate.ocsp is None
    assert registry.gate.admit(admin.der).unit_code == "150102001"


def test_accounts_list_prints_all_or_one_unit(config_file: Path, browser: Browser, neighbour: Identity) -> None:
    browser.create()
    browser.as_(neighbour).create("lihe", name="李荷")
    runner = CliRunner()
    plain = runner.invoke(main, ["accounts", "list", "--config", str(config_file)])
    assert plain.output.splitlines() == [
        "150102001  wangfang  王芳  信息查询员  active",
        "150102002  lihe  李荷  信息查询员  active",
    ]
    as_json = ["accounts", "list", "--json", "--unit", "150102002", "--config", str(config_file)]
    (account,) = json.loads(runner.invoke(main, as_json).output)
    assert (account["unit"], account["login"]) == ("150102002", "lihe")
    assert "hash" not in json.dumps(account)


def test_the_environment_names_the_file_when_none_lies_here(
    config_file: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    runner = CliRunner()
    failed = runner.invoke(main, ["accounts", "list"], env={"EDUCA_CONFIG": None})
    assert (failed.exit_code, failed.stderr.count("\n")) == (1, 1)
    assert "cannot read config.toml" in failed.stderr
    found = runner.invoke(main, ["accounts", "list"], env={"EDUCA_CONFIG": str(config_file)})
    assert found.exit_code == 0


def test_serve_says_in_one_line_why_it_cannot(config_file: Path) -> None:
    edit(config_file, r"^listen = .*", 'listen = "203.0.113.1:9443"')
    result = CliRunner().invoke(main, ["serve", "--config", str(config_file)])
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert result.stderr.startswith("teacher-registry: cannot serve")


def test_a_wrong_option_is_usage() -> None:
    assert CliRunner().invoke(main, ["serve", "--nonsense"]).exit_code == 2


def test_serve_prints_its_address_answers_and_ends_on_sigterm(config_file: Path) -> None:
    command = [sys.executable, "-m", "teacher_registry.cli", "serve", "--config", str(config_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as server:
        assert server.stdout is not None
        try:
            line = server.stdout.readline()
            address = line.removeprefix("teacher registry: ").strip()
            page = subprocess.run(["curl", "-sk", address], capture_output=True, text=True, check=True)
            assert "请用证书登录" in page.stdout
        finally:
            server.terminate()
        assert server.wait(timeout=20) == 0
