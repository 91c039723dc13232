"""A backup is sealed, whole or absent, and taken while people work; what is restored goes on where nobody has been."""

import json
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from ca_service import backup
from ca_service import config as configuration
from ca_service.backup import databases, restoring
from ca_service.config import Config, DatabaseTable
from ca_service.domain import errors
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import CertificateStatus
from ca_service.domain.roles import Role
from ca_service.wiring import Wiring
from ca_service.workflows.certificate_status import freeze, unfreeze
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service import postgres
from tests.ca_service.office import CONTACT, Office, actor

_OPERATOR = actor(Role.OPERATOR)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A recipient and the file of its private key."""
    path = tmp_path_factory.mktemp("keys") / "identity.txt"
    subprocess.run(["age-keygen", "-o", str(path)], check=True, capture_output=True)
    public = subprocess.run(["age-keygen", "-y", str(path)], check=True, capture_output=True, text=True).stdout
    return public.strip(), path


@pytest.fixture
def home(config: Config, founded: Config, tmp_path: Path) -> Wiring:
    """A CA in a folder of its own, on either database. Its tokens are copied, and used by other processes only."""
    folder = tmp_path / "home"
    shutil.copytree(founded.folder, folder, ignore=shutil.ignore_patterns("educa.db*"))
    text = (folder / "config.toml").read_text(encoding="utf-8")
    url = config.database.url
    if url.startswith("sqlite"):
        (tmp_path / "educa.db").rename(folder / "educa.db")
        url = "sqlite:///educa.db"
    hsm = f'[hsm]\nroot_token = "{config.hsm.root_token}"\nissuing_token = "{config.hsm.issuing_token}"\n'
    text = text.replace("sqlite:///educa.db", url).replace("[hsm]\n", hsm)
    (folder / "config.toml").write_text(text, encoding="utf-8")
    tokens = folder / "softhsm2.conf"
    tokens.write_text(tokens.read_text().replace(str(founded.folder), str(folder)))
    table = DatabaseTable(url=url)
    return Wiring(config.model_copy(update={"database": table, "folder": folder, "service": founded.service}))


def _take(home: Wiring, to: Path, keys: tuple[str, Path]) -> backup.Taken:
    return backup.take(home, _OPERATOR, home.config.folder / "config.toml", to, recipients=[keys[0]])


def _elsewhere(home: Wiring, request: pytest.FixtureRequest) -> str | None:
    """An empty database for a restore; none is needed for SQLite."""
    if home.config.database.url.startswith("sqlite"):
        return None
    server: str = request.getfixturevalue("postgres_server")
    name = f"restored{threading.get_native_id()}"
    request.addfinalizer(lambda: postgres.drop(server, name))
    return postgres.create(server, name)


def _educa(folder: Path, *arguments: str) -> object:
    """A command in a process of its own: the token module of this one knows only the tokens of the tests."""
    program = [sys.executable, "-m", "ca_service.cli.main", *arguments, "--config", str(folder / "config.toml")]
    done = subprocess.run([*program, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_restored_ca_goes_on_with_its_tokens_documents_and_people_and_never_with_an_old_crl_number(
    home: Wiring, keys: tuple[str, Path], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    office = Office(home.services)
    document = home.services.documents.put(b"%PDF-1.4 a stamped form")
    certificate = office.enrolled()
    taken = _take(home, tmp_path / "ca.age", keys)
    freeze(home.services, office.reviewer, certificate.serial, reason="after the backup")
    lost = publish_crl(home.services, office.operator, "issuing")
    home.database.engine.dispose()
    folder = tmp_path / "elsewhere" / "ca"
    restored = backup.restore(taken.file, folder, _OPERATOR, identity=keys[1], database=_elsewhere(home, request))
    again = _educa(folder, "crl", "publish")
    assert isinstance(again, dict)
    assert again["number"] > restored.crl_numbers["issuing"] > lost.number
    (one,) = [c for c in _listed(folder) if c["serial"] == certificate.serial]
    assert one["status"] == CertificateStatus.ACTIVE
    assert _educa(folder, "audit", "verify")
    there = Wiring(_configuration(folder))
    assert there.services.documents.get(document) == b"%PDF-1.4 a stamped form"
    assert str(home.config.folder) not in (folder / "softhsm2.conf").read_text()
    with there.services.read() as uow:
        assert uow.holders.get(certificate.holder_id or "").contact == CONTACT
        assert [entry.tag for entry in uow.audit.entries()].count(Tag.DATABASE_RESTORED) == 1
    there.database.engine.dispose()


def _listed(folder: Path) -> Sequence[dict[str, str]]:
    found = _educa(folder, "certs", "list")
    assert isinstance(found, list)
    return found


def _configuration(folder: Path) -> Config:
    return configuration.load(folder / "config.toml")


def test_what_is_sealed_shows_neither_names_nor_secrets(home: Wiring, keys: tuple[str, Path], tmp_path: Path) -> None:
    office = Office(home.services)
    office.enrolled()
    taken = _take(home, tmp_path / "ca.age", keys)
    sealed = taken.file.read_bytes()
    secret = home.config.path(home.config.secrets.field_key).read_bytes().strip()
    for planted in (secret, CONTACT.id_number.encode(), CONTACT.mobile.encode(), "示范人".encode()):
        assert planted not in sealed
    assert not list(home.config.folder.glob(".backup-*"))


def test_a_backup_taken_while_people_work_holds_together(
    home: Wiring, keys: tuple[str, Path], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    office = Office(home.services)
    certificate = office.enrolled()
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            freeze(home.services, office.reviewer, certificate.serial, reason="x")
            unfreeze(home.services, office.reviewer, certificate.serial, reason="x")

    worker = threading.Thread(target=work)
    worker.start()
    try:
        taken = _take(home, tmp_path / "ca.age", keys)
    finally:
        stop.set()
        worker.join()
    home.database.engine.dispose()
    restored = backup.restore(
        taken.file, tmp_path / "ca", _OPERATOR, identity=keys[1], database=_elsewhere(home, request)
    )
    assert restored.entries > 10


@pytest.fixture
def on_sqlite(founded: Config, tmp_path: Path) -> Wiring:
    """Where the database makes no difference."""
    folder = tmp_path / "home"
    shutil.copytree(founded.folder, folder)
    return Wiring(founded.model_copy(update={"folder": folder}))


@pytest.mark.parametrize("cut", [0, 100, 5_000, -1])
def test_a_damaged_backup_is_refused_and_leaves_nothing(
    on_sqlite: Wiring, keys: tuple[str, Path], tmp_path: Path, cut: int
) -> None:
    taken = _take(on_sqlite, tmp_path / "ca.age", keys)
    taken.file.write_bytes(taken.file.read_bytes()[:cut])
    with pytest.raises(errors.Invalid):
        backup.restore(taken.file, tmp_path / "ca", _OPERATOR, identity=keys[1])
    assert not list(tmp_path.glob("ca*part"))
    assert not (tmp_path / "ca").exists()


def test_one_flipped_octet_is_refused(on_sqlite: Wiring, keys: tuple[str, Path], tmp_path: Path) -> None:
    taken = _take(on_sqlite, tmp_path / "ca.age", keys)
    content = bytearray(taken.file.read_bytes())
    content[len(content) // 2] ^= 1
    taken.file.write_bytes(content)
    with pytest.raises(errors.Invalid, match="age"):
        backup.restore(taken.file, tmp_path / "ca", _OPERATOR, identity=keys[1])


def test_somebody_elses_key_opens_nothing(on_sqlite: Wiring, keys: tuple[str, Path], tmp_path: Path) -> None:
    taken = _take(on_sqlite, tmp_path / "ca.age", keys)
    other = tmp_path / "other.txt"
    subprocess.run(["age-keygen", "-o", str(other)], check=True, capture_output=True)
    with pytest.raises(errors.Invalid, match="no identity matched"):
        backup.restore(taken.file, tmp_path / "ca", _OPERATOR, identity=other)


def test_a_wrong_recipient_leaves_no_file(on_sqlite: Wiring, tmp_path: Path) -> None:
    path = on_sqlite.config.folder / "config.toml"
    with pytest.raises(errors.Invalid, match="age"):
        backup.take(on_sqlite, _OPERATOR, path, tmp_path / "ca.age", recipients=["age1nobody"])
    assert list(tmp_path.glob("ca.age*")) == []


def test_nothing_is_overwritten(on_sqlite: Wiring, keys: tuple[str, Path], tmp_path: Path) -> None:
    taken = _take(on_sqlite, tmp_path / "ca.age", keys)
    with pytest.raises(errors.Conflict):
        _take(on_sqlite, taken.file, keys)
    with pytest.raises(errors.Conflict):
        backup.restore(taken.file, on_sqlite.config.folder, _OPERATOR, identity=keys[1])


def test_a_rewritten_copy_of_the_database_is_refused(on_sqlite: Wiring, keys: tuple[str, Path], tmp_path: Path) -> None:
    """Who can seal for the recipient can make an archive; the audit chain in it must still hold together."""
    taken = _take(on_sqlite, tmp_path / "ca.age", keys)
    plain = tmp_path / "plain"
    with (tmp_path / "plain.tar").open("wb") as out:
        subprocess.run(["age", "-d", "-i", str(keys[1]), str(taken.file)], stdout=out, check=True)
    with tarfile.open(tmp_path / "plain.tar") as archive:
        names = archive.getnames()
        archive.extractall(plain)
    with closing(sqlite3.connect(plain / "database")) as copy, copy:
        copy.execute("UPDATE audit_entry SET actor = 'somebody' WHERE seq = 3")
    with tarfile.open(tmp_path / "forged.tar", "w") as archive:
        for name in names:
            archive.add(plain / name, name, recursive=False)
    forged = tmp_path / "forged.age"
    subprocess.run(["age", "-r", keys[0], "-o", str(forged), str(tmp_path / "forged.tar")], check=True)
    with pytest.raises(errors.Invalid, match="第 3 条"):
        backup.restore(forged, tmp_path / "ca", _OPERATOR, identity=keys[1])
    assert not (tmp_path / "ca").exists()


def test_a_postgresql_that_holds_something_is_left_alone(
    keys: tuple[str, Path], tmp_path: Path, founded: Config, postgres_server: str, founded_on_postgres: Config
) -> None:
    name = "holds_something"
    url = postgres.create(postgres_server, name)
    with psycopg.connect(f"{postgres_server} dbname={name}", autocommit=True) as connection:
        connection.execute("CREATE TABLE precious (x int)")
    folder = tmp_path / "home"
    shutil.copytree(founded.folder, folder)
    text = (folder / "config.toml").read_text(encoding="utf-8")
    text = text.replace("sqlite:///educa.db", founded_on_postgres.database.url)
    (folder / "config.toml").write_text(text, encoding="utf-8")
    home = Wiring(founded.model_copy(update={"folder": folder, "database": founded_on_postgres.database}))
    taken = _take(home, tmp_path / "ca.age", keys)
    home.database.engine.dispose()
    with pytest.raises(errors.Conflict, match="不是空的"):
        backup.restore(taken.file, tmp_path / "ca", _OPERATOR, identity=keys[1], database=url)
    postgres.drop(postgres_server, name)


def test_no_backup_is_begun_while_the_field_keys_change(home: Wiring, keys: tuple[str, Path], tmp_path: Path) -> None:
    with home.field_keys._changing(), pytest.raises(errors.Conflict, match="字段密钥"):
        _take(home, tmp_path / "ca.age", keys)
    assert not list(tmp_path.glob("ca.age*"))
    assert not list(home.config.folder.glob(".backup-*"))
    assert _take(home, tmp_path / "ca.age", keys).file.exists()


def test_a_configuration_that_does_not_name_its_database_cannot_be_moved(
    on_sqlite: Wiring, keys: tuple[str, Path], tmp_path: Path
) -> None:
    path = on_sqlite.config.folder / "config.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('[database]\nurl = "sqlite:///educa.db"\n', ""), encoding="utf-8")
    taken = _take(on_sqlite, tmp_path / "ca.age", keys)
    with pytest.raises(errors.Invalid, match="url"):
        backup.restore(taken.file, tmp_path / "ca", _OPERATOR, identity=keys[1], database="sqlite:///other.db")
    assert not list(tmp_path.glob("ca*part"))


def test_a_restore_that_ends_before_the_crl_numbers_have_moved_leaves_no_folder_to_serve(
    on_sqlite: Wiring, keys: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = _take(on_sqlite, tmp_path / "ca.age", keys)

    def die(*_: object) -> None:
        assert not (tmp_path / "ca").exists()
        raise errors.Unavailable("x")

    monkeypatch.setattr(restoring, "begin_anew", die)
    with pytest.raises(errors.Unavailable):
        backup.restore(taken.file, tmp_path / "ca", _OPERATOR, identity=keys[1])
    assert not (tmp_path / "ca").exists()


def test_a_database_that_cannot_be_copied_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(errors.Unavailable, match="未能复制"):
        databases.dump(f"sqlite:///{tmp_path}/nowhere/educa.db", tmp_path / "copy")


def test_a_place_that_cannot_be_made_is_told_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(errors.Unavailable, match="无法建立目录"):
        backup.restore(tmp_path / "ca.age", tmp_path / "file" / "ca", _OPERATOR, identity=tmp_path / "key")
