"""What is drilled is a copy and nothing else: how it is told apart, and what of the original is not in it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509

from ca_service import config as configuration
from ca_service.config import Config, DatabaseTable
from ca_service.domain import errors
from ca_service.drill import copying
from ca_service.drill.acts import ACTS
from ca_service.drill.child import Job
from ca_service.drill.drilling import Drill, heard, names
from ca_service.drill.toml_text import toml_text
from ca_service.wiring import Wiring
from tests.ca_service.drill.test_drill import educa
from tests.ca_service.office import Office

_ACTOR = Office.operator


def test_a_ca_in_use_is_not_drilled(founded: Config) -> None:
    with pytest.raises(errors.Conflict, match="不是演练副本"):
        Drill(founded)
    with pytest.raises(errors.Conflict, match="不是演练副本"):
        copying.remove(founded)
    assert founded.folder.exists()


def test_nor_by_the_process_that_is_to_be_struck(founded: Config) -> None:
    from ca_service.drill import child

    assert list(heard(child.run, founded, Job("issue", "1"))) == []
    assert next(iter(heard(child.prepare_copy, founded)))[0] == "failed"


def test_a_marker_alone_makes_no_copy(copy: Config, founded: Config, tmp_path: Path) -> None:
    """Somebody has put the file beside a configuration, or has the copy's configuration name another database."""
    marker = json.loads((copy.folder / copying.MARKER).read_text())
    (tmp_path / copying.MARKER).write_text(json.dumps({**marker, "database": founded.database_url}))
    elsewhere = founded.model_copy(update={"folder": tmp_path, "database": DatabaseTable(url=founded.database_url)})
    with pytest.raises(errors.Conflict, match="不是演练副本"):
        copying.require_copy(elsewhere)
    misled = copy.model_copy(update={"database": DatabaseTable(url=founded.database_url)})
    with pytest.raises(errors.Conflict, match="不是演练副本"):
        copying.require_copy(misled)
    copying.require_copy(copy)


@pytest.mark.parametrize("damage", ["", "[]", '{"number": 1}', "{"])
def test_a_marker_that_cannot_be_read_makes_no_copy(founded: Config, tmp_path: Path, damage: str) -> None:
    (tmp_path / copying.MARKER).write_text(damage)
    with pytest.raises(errors.Conflict, match="不是演练副本"):
        copying.require_copy(founded.model_copy(update={"folder": tmp_path}))


def test_the_copy_has_neither_keys_nor_secrets_nor_ways_out_of_the_original(copy: Config, founded: Config) -> None:
    known = [file.read_bytes() for file in (founded.folder / "secrets").iterdir()]
    known += [file.read_bytes() for file in (founded.folder / "tokens").rglob("*.object")]
    for file in copy.folder.rglob("*"):
        if file.is_file() and file.name != "educa.db":
            assert file.read_bytes() not in known
    assert (copy.mail.host, copy.push.directories, copy.mirror.directory) == ("", {}, "mirror")
    certificates = [Wiring(config).ca_certificates()["issuing"] for config in (copy, founded)]
    mine, real = (asn1_x509.Certificate.load(der) for der in certificates)
    assert mine.subject == real.subject
    assert mine.public_key.dump() != real.public_key.dump()
    assert mine.authority_key_identifier != real.authority_key_identifier
    with closing(sqlite3.connect(copy.folder / "educa.db")) as reader:
        assert reader.execute("SELECT count(*) FROM staff").fetchone()[0] > 0


def test_a_folder_that_holds_something_is_left_alone(founded: Config, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("x")
    for work in (tmp_path, precious):
        with pytest.raises(errors.Conflict, match="不是空目录"):
            copying.make(copying.Source(config=founded), work, _ACTOR)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_copy_is_not_copied(copy: Config, tmp_path: Path) -> None:
    with pytest.raises(errors.Conflict, match="本身是演练副本"):
        copying.make(copying.Source(config=copy), tmp_path / "work", _ACTOR)


def test_a_folder_that_cannot_be_made_is_refused(founded: Config, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(errors.Invalid, match="无法建立目录"):
        copying.make(copying.Source(config=founded), tmp_path / "file" / "work", _ACTOR)


def test_no_copy_is_made_inside_the_original(founded: Config) -> None:
    with pytest.raises(errors.Invalid, match="正式 CA 的目录"):
        copying.make(copying.Source(config=founded), founded.folder / "drill", _ACTOR)
    assert not (founded.folder / "drill").exists()


def test_what_cannot_be_copied_leaves_nothing(founded: Config, tmp_path: Path) -> None:
    absent = founded.model_copy(update={"database": DatabaseTable(url=f"sqlite:///{tmp_path}/none/educa.db")})
    work = tmp_path / "work"
    with pytest.raises(errors.DomainError):
        copying.make(copying.Source(config=absent), work, _ACTOR)
    assert list(work.iterdir()) == []
    with pytest.raises(errors.Invalid, match="--identity"):
        copying.make(copying.Source(backup=tmp_path / "ca.age"), work, _ACTOR)
    assert list(work.iterdir()) == []


def test_an_unknown_drill_is_refused_with_the_names_of_all(founded: Config, tmp_path: Path) -> None:
    done = educa(founded.model_copy(update={"folder": tmp_path}), "drill", "--work", "w", "--from", "x", "--only", "y")
    assert done.returncode == 1
    assert "没有名为 y 的演练" in done.stderr
    assert all(name in done.stderr for name in names())


def test_every_act_is_struck_by_every_blow() -> None:
    assert {f"{blow}-{act}" for blow in ("kill", "token", "database", "disk") for act in ACTS} < set(names())


def test_a_configuration_written_anew_says_the_same(tmp_path: Path) -> None:
    table = {"ca": {"organization": '引号"与\\反斜线', "delta_crls": True, "ocsp_presigned_hashes": ["sha1", "sha256"]},
             "hsm": {"environment": {"SOFTHSM2_CONF": "softhsm2.conf"}}}  # fmt: skip
    path = tmp_path / "config.toml"
    path.write_text(toml_text(Config.model_validate(table).model_dump(mode="json", exclude={"registry"})))
    written = configuration.load(path)
    assert written == Config.model_validate({**table, "folder": tmp_path.resolve()})


@pytest.mark.parametrize("changed", [{"number": "0" * 32}, {"database": "sqlite:////elsewhere.db"}])
def test_folder_and_database_must_say_the_same(copy: Config, tmp_path: Path, changed: dict[str, str]) -> None:
    marker = json.loads((copy.folder / copying.MARKER).read_text())
    (tmp_path / copying.MARKER).write_text(json.dumps({**marker, **changed}))
    with pytest.raises(errors.Conflict, match="不是演练副本"):
        copying.require_copy(copy.model_copy(update={"folder": tmp_path}))
