"""`educa drill` as an operator runs it, on SQLite and PostgreSQL. EDUCA_DRILL=all: every fault at every place."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from ca_service.backup import databases
from ca_service.config import Config
from ca_service.drill.drilling import names, sampled

_ALL = os.environ.get("EDUCA_DRILL") == "all"
# Each blow and each act at a place or two; nothing that waits for the disk more often than it must.
_SHORT: Mapping[str, Sequence[str]] = {
    "sqlite": ("kill-issue", "token-publish", "database-freeze", "disk-renew", "clock-back"),
    "postgresql": ("kill-publish", "database-issue", "disk-revoke"),
}

pytestmark = pytest.mark.timeout(3600 if _ALL else 600)


def educa(config: Config, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command in a process of its own, as at a terminal."""
    program = [sys.executable, "-m", "ca_service.cli.main", *arguments, "--config", str(config.folder / "config.toml")]
    return subprocess.run(program, capture_output=True, text=True, check=False)


def _rows(config: Config, query: str) -> list[tuple[object, ...]]:
    engine = create_engine(config.database_url)
    with engine.connect() as view:
        found = [tuple(row) for row in view.execute(text(query))]
    engine.dispose()
    return found


def test_every_fault_leaves_all_invariants_standing_and_the_original_as_it_was(
    original: Config, tmp_path: Path
) -> None:
    before = _rows(original, "SELECT serial FROM certificate"), _rows(original, "SELECT number FROM crl")
    tokens = {file: file.read_bytes() for file in sorted((original.folder / "tokens").rglob("*")) if file.is_file()}
    short = _SHORT[databases.kind_of(original.database_url)]
    chosen = [] if _ALL else [option for name in short for option in ("--only", name)] + ["--sample", "1"]
    done = educa(original, "drill", "--work", str(tmp_path / "work"), "--seed", "7", *chosen, "--json")
    assert done.returncode == 0, (done.stdout[-3000:], done.stderr)
    told = json.loads(done.stdout)
    assert (told["violations"], json.loads((tmp_path / "work" / "report.json").read_text())) == (0, told)
    assert {one["scenario"] for one in told["outcomes"]} == set(names() if _ALL else short)
    struck = [one for one in told["outcomes"] if one["scenario"].startswith("kill") and ": " in one["place"]]
    assert {one["seen"] for one in struck} == {"killed"}
    assert (_rows(original, "SELECT serial FROM certificate"), _rows(original, "SELECT number FROM crl")) == before
    assert {file: file.read_bytes() for file in tokens} == tokens
    assert _rows(original, "SELECT tag FROM audit_entry ORDER BY seq DESC LIMIT 1") == [("ca:drill:copied",)]
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["report.json"]
    if original.database_url.startswith("postgresql"):
        assert _rows(original, "SELECT datname FROM pg_database WHERE datname LIKE 'educa_drill_%'") == []


def test_the_same_seed_chooses_the_same_places_and_another_one_others() -> None:
    first, again, other = (sampled(17, 5, random.Random(seed)) for seed in (3, 3, 4))
    assert first == again != other
    assert (len(first), list(first)) == (5, sorted(first))
    assert sampled(3, None, random.Random(3)) == sampled(3, 5, random.Random(3)) == [1, 2, 3]


def test_a_backup_is_drilled_without_the_ca_it_is_of(on_sqlite: Config, tmp_path: Path) -> None:
    identity, sealed, work = tmp_path / "key.txt", tmp_path / "ca.age", tmp_path / "work"
    subprocess.run(["age-keygen", "-o", str(identity)], check=True, capture_output=True)
    public = subprocess.run(["age-keygen", "-y", str(identity)], check=True, capture_output=True, text=True).stdout
    assert educa(on_sqlite, "backup", str(sealed), "--recipient", public.strip()).returncode == 0
    (on_sqlite.folder / "config.toml").unlink()
    options = ["--work", str(work), "--from", str(sealed), "--identity", str(identity), "--keep"]
    done = educa(on_sqlite, "drill", *options, "--only", "kill-freeze", "--sample", "1", "--json")
    assert (done.returncode, json.loads(done.stdout)["violations"]) == (0, 0), done.stderr
    assert sorted(path.name for path in work.iterdir()) == ["ca", "report.json"]
