"""The copy that a drill is done on, and how it is told from a CA that is not to be drilled.

A copy is the database of a CA and nothing else of it: its configuration is written anew, its secrets are random, its
tokens are SoftHSM's and new, and its issuing CA has a key and certificate of the drill's own under the old name. So
nothing that a drill signs is worth anything outside, no sealed field can be opened in it, no e-mail server, mirror or
user directory is known to it, and a CA whose keys lie in a hardware module can be drilled too.

    1. WORK/ca is made, empty.
    2. The database is dumped and loaded there (PostgreSQL: into a database of its own), or restored from a backup.
    3. The marker, a random number, and the configuration are written; the schema is brought to this version.
    4. The number is put into the database: from here on, and not before, the copy can be drilled.
    5. Secrets, tokens and the issuing CA's new key (`equip`).

A death before the end leaves WORK (and a PostgreSQL database educa_drill_...), to be removed by hand.
"""

import json
import secrets
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from ca_service import backup, founding
from ca_service import config as configuration
from ca_service.backup import databases
from ca_service.config import Config, DatabaseTable, HsmTable, MirrorTable, ServiceTable
from ca_service.domain.errors import Conflict, Invalid, Unavailable
from ca_service.domain.roles import Actor
from ca_service.drill.issuing_key import appoint_responder, replace_issuing_key
from ca_service.drill.toml_text import toml_text
from ca_service.store import schema
from ca_service.store.engines import connect
from ca_service.wiring import Wiring

MARKER, _TABLE, _PREFIX = "DRILL-COPY.json", "educa_drill_copy", "educa_drill_"
TOKENS = "tokens"


@dataclass(frozen=True)
class Marker:
    """What a copy's folder says of it. `made`: the PostgreSQL database that was created for it, and goes with it."""

    number: str
    database: str
    made: str = ""


@dataclass(frozen=True)
class Source:
    """Of what a copy is made: a CA's configuration, or a sealed backup of one with the file of a private key."""

    config: Config | None = None
    backup: Path | None = None
    identity: Path | None = None


def make(source: Source, work: Path, actor: Actor, *, database: str | None = None) -> Config:
    """Make a copy in an empty folder; return its configuration. Raises Invalid, Conflict, Unavailable.

    `database`: an empty PostgreSQL database to use, where none can be created beside the original.
    """
    _require_apart(source, work)
    folder, made = work / "ca", ""
    try:
        original, url, made = _filled(source, work, actor, database)
        marker = Marker(secrets.token_hex(16), url, made)
        _write_private(folder / MARKER, json.dumps(asdict(marker), indent=1))
        _write_private(folder / configuration.DEFAULT_PATH, _configured(original, url))
        config = configuration.load(folder / configuration.DEFAULT_PATH)
        _mark(config, marker)
    except BaseException:
        _clear(work)
        _drop(made)
        raise
    return config


def require_copy(config: Config) -> None:
    """Raise Conflict unless this is a copy: its folder and its database must both hold the same number."""
    refusal = Conflict(
        f"{config.folder} 不是演练副本（缺少标记 {MARKER}，或数据库中没有同一标记）。"
        "演练只能在 educa drill 建立的副本上进行。"
    )
    try:
        marker = Marker(**json.loads((config.folder / MARKER).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise refusal from None
    if marker.database != config.database_url:
        raise refusal
    engine = create_engine(config.database_url, hide_parameters=True)
    try:
        with engine.connect() as connection:
            numbers = list(connection.scalars(text(f"SELECT number FROM {_TABLE}")))  # noqa: S608  a constant
    except SQLAlchemyError:
        raise refusal from None
    finally:
        engine.dispose()
    if numbers != [marker.number]:
        raise refusal


def remove(config: Config) -> None:
    """Remove a copy with its database; raise Conflict where this is none."""
    require_copy(config)
    marker = Marker(**json.loads((config.folder / MARKER).read_text(encoding="utf-8")))
    _drop(marker.made)
    shutil.rmtree(config.folder)


def _clear(work: Path) -> None:
    """Remove what was made in a folder that was empty before."""
    for path in work.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _require_apart(source: Source, work: Path) -> None:
    if source.config is not None and (source.config.folder / MARKER).exists():
        # Its test data are sealed with keys that another copy has not.
        raise Conflict(f"{source.config.folder} 本身是演练副本，不再复制。请用正式 CA 的配置，或用 --from 指定备份。")
    if source.config is not None and work.resolve().is_relative_to(source.config.folder.resolve()):
        raise Invalid(f"{work} 在正式 CA 的目录 {source.config.folder} 之内。请用 --work 指定别处的空目录。")
    try:
        if work.exists() and (not work.is_dir() or any(work.iterdir())):
            raise Conflict(f"{work} 不是空目录，未作任何更改。演练的副本只建立在新的空目录中。")
        work.mkdir(parents=True, exist_ok=True, mode=0o700)
        (work / "ca").mkdir(mode=0o700)
    except OSError as error:
        raise Invalid(f"无法建立目录 {work}（{error.strerror}）。请用 --work 指定别处的空目录。") from error


def _filled(source: Source, work: Path, actor: Actor, database: str | None) -> tuple[Config, str, str]:
    """The configuration of the original, the URL of the filled copy, and the database that was created for it."""
    beside = f"sqlite:///{(work / 'ca' / 'educa.db').resolve()}"
    if source.backup is not None:
        return _restored(source, work, actor, database, beside), database or beside, ""
    if source.config is None:
        raise Invalid("没有指定要演练的 CA。")
    url, made, dumped = source.config.database_url, "", work / "database"
    databases.dump(url, dumped)
    if databases.kind_of(url) == databases.POSTGRESQL:
        beside = database or (made := _create(url))
    elif database is not None:
        raise Invalid("--database 只用于 PostgreSQL；SQLite 的副本建立在 --work 目录中。")
    try:
        databases.load(beside, dumped)
    except BaseException:
        _drop(made)
        raise
    dumped.unlink(missing_ok=True)
    return source.config, beside, made


def _restored(source: Source, work: Path, actor: Actor, database: str | None, beside: str) -> Config:
    """Restore a backup and take its database, to `beside` unless it was restored into `database`."""
    if source.backup is None or source.identity is None:
        raise Invalid("从备份演练时请用 --identity 指定 age 私钥文件。")
    restored = work / "restored"
    backup.restore(source.backup, restored, actor, identity=source.identity, database=database)
    original = configuration.load(restored / configuration.DEFAULT_PATH)
    if database is None:
        databases.dump(original.database_url, work / "database")
        databases.load(beside, work / "database")
    # With the CA's keys: not kept a moment longer than needed.
    shutil.rmtree(restored)
    return original


def _create(original: str) -> str:
    """A new database on the same server; return its URL."""
    url = make_url(original).set(database=f"{_PREFIX}{secrets.token_hex(6)}")
    administer(original, f'CREATE DATABASE "{url.database}"')
    return url.render_as_string(hide_password=False)


def _drop(made: str) -> None:
    """Remove a database that `_create` made; nothing else has such a name."""
    if made and str(make_url(made).database).startswith(_PREFIX):
        administer(made, f'DROP DATABASE IF EXISTS "{make_url(made).database}" WITH (FORCE)')


def administer(url: str, statement: str, **facts: str | None) -> None:
    """Run a statement about a PostgreSQL database from beside it, in the server's own; raise Unavailable."""
    beside = make_url(url).set(database="postgres")
    engine = create_engine(beside, isolation_level="AUTOCOMMIT", hide_parameters=True)
    try:
        with engine.connect() as connection:
            connection.execute(text(statement), facts)
    except SQLAlchemyError as error:
        raise Unavailable(
            f"无法在数据库服务器上管理演练用的数据库（{type(error).__name__}）。"
            "请授予 CREATEDB 权限和对数据库 postgres 的连接权限，或用 --database 指定一个空数据库。"
        ) from error
    finally:
        engine.dispose()


def _configured(original: Config, url: str) -> str:
    """What a drill needs of a configuration; everything that reaches outside has its default or is left out."""
    config = Config(
        service=ServiceTable(console="127.0.0.1:1", publication="127.0.0.1:2", public_url=original.service.public_url),
        database=DatabaseTable(url=url),
        hsm=HsmTable(root_token="drill-root", issuing_token="drill-issuing"),  # noqa: S106  labels
        ca=original.ca,
        mirror=MirrorTable(directory="mirror"),
    )
    return toml_text(config.model_dump(mode="json", exclude={"registry", "push", "relying"}))


def _mark(config: Config, marker: Marker) -> None:
    engine = connect(config.database_url)
    try:
        schema.upgrade(engine)
        with engine.begin() as connection:
            connection.execute(text(f"CREATE TABLE {_TABLE} (number VARCHAR(40) NOT NULL)"))
            connection.execute(text(f"INSERT INTO {_TABLE} (number) VALUES (:n)"), {"n": marker.number})  # noqa: S608
    finally:
        engine.dispose()


def equip(config: Config) -> None:
    """Step 5, in a process of its own: a token library knows the tokens of one place only."""
    require_copy(config)
    founding.write_secrets(config)
    (config.folder / "mirror").mkdir(mode=0o700)
    founding.make_tokens(config)
    wiring = Wiring(config)
    replace_issuing_key(wiring)
    appoint_responder(wiring)


def _write_private(path: Path, content: str) -> None:
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(content, encoding="utf-8")
