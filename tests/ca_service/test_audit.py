"""The audit chain: one changed byte, a missing, a swapped, a cut-off entry is named."""

import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ca_service.cli.main import main
from ca_service.config import Config

_COLUMNS = ("at", "tag", "actor", "via", "unit_code", "subject", "detail", "previous", "hash")


@pytest.fixture
def database(founded: Config, tmp_path: Path) -> Path:
    """A copy of the founded CA with its own configuration file; returns the database file."""
    target = tmp_path / "educa.db"
    source, copy = sqlite3.connect(founded.path(Path("educa.db"))), sqlite3.connect(target)
    source.backup(copy)
    source.close()
    copy.close()
    text = (founded.folder / "config.toml").read_text(encoding="utf-8")
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    (tmp_path / "secrets").symlink_to(founded.folder / "secrets")
    return target


def _verify(database: Path) -> Result:
    return CliRunner().invoke(main, ["audit", "verify", "--config", str(database.parent / "config.toml")])


def _execute(database: Path, statement: str) -> None:
    connection = sqlite3.connect(database)
    with connection:
        connection.execute(statement)
    connection.close()


def test_an_untouched_chain_verifies(database: Path) -> None:
    result = _verify(database)
    assert result.exit_code == 0, result.stderr
    assert "审计链完整" in result.stdout


@pytest.mark.parametrize("column", _COLUMNS)
def test_one_changed_byte_in_any_column_names_the_entry(database: Path, column: str) -> None:
    value = f"zeroblob(length({column}))" if column in ("previous", "hash") else f"'X' || substr({column}, 2)"
    _execute(database, f"UPDATE audit_entry SET {column} = {value} WHERE seq = 4")
    result = _verify(database)
    assert result.exit_code == 1
    assert "第 4 条" in result.stderr


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("DELETE FROM audit_entry WHERE seq = 3", 3),
        ("UPDATE audit_entry SET seq = CASE seq WHEN 3 THEN -4 ELSE -3 END WHERE seq IN (3, 4)", -4),
        ("DELETE FROM audit_entry WHERE seq = (SELECT max(seq) FROM audit_entry)", None),
    ],
)
def test_a_missing_moved_or_cut_off_entry_is_noticed(database: Path, statement: str, named: int | None) -> None:
    _execute(database, statement)
    result = _verify(database)
    assert result.exit_code == 1
    assert "被破坏" in result.stderr
    if named == 3:
        assert "第 3 条" in result.stderr
