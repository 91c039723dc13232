"""A database as of one moment into a file, while it is being used; and such a file into an empty database."""

import os
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, create_engine, inspect, make_url

from ca_service.domain.errors import Conflict, Invalid, Unavailable

SQLITE, POSTGRESQL = "sqlite", "postgresql"


def kind_of(url: str) -> str:
    """`sqlite` or `postgresql`."""
    return make_url(url).get_backend_name()


def dump(url: str, to: Path) -> None:
    """Copy all that is committed; nobody is kept waiting. Raises Unavailable.

    SQLite: its online backup. PostgreSQL: pg_dump in its own format, of one snapshot.
    """
    to.touch(mode=0o600)
    if kind_of(url) == SQLITE:
        try:
            with closing(sqlite3.connect(_sqlite_file(url))) as source, closing(sqlite3.connect(to)) as copy:
                source.backup(copy)
        except sqlite3.Error as error:
            raise Unavailable(f"数据库未能复制：{error}。请检查数据库文件和磁盘空间，然后重试。") from error
        return
    _run(["pg_dump", "--format=custom", f"--file={to}", "--no-owner", _plain(make_url(url))], url)


def load(url: str, source: Path) -> None:
    """Fill an empty database from a dump of its kind; raise Conflict where it is not empty, Invalid, Unavailable."""
    if kind_of(url) == SQLITE:
        place = _sqlite_file(url)
        if place.exists():
            raise Conflict(f"数据库文件 {place} 已存在，未作任何更改。请恢复到空的目录。")
        place.parent.mkdir(parents=True, exist_ok=True)
        source.replace(place)
        return
    engine = create_engine(url)
    try:
        if inspect(engine).get_table_names():
            raise Conflict("目标数据库不是空的，未作任何更改。请建立一个空数据库后重试。")
    finally:
        engine.dispose()
    options = ["--exit-on-error", "--single-transaction", "--no-owner"]
    _run(["pg_restore", *options, f"--dbname={_plain(make_url(url))}", str(source)], url)


def _sqlite_file(url: str) -> Path:
    name = make_url(url).database
    if not name:
        raise Invalid("内存中的数据库不能备份或恢复。请检查 [database] url。")
    return Path(name)


def _plain(url: URL) -> str:
    # The password goes by the environment: a process list shows the arguments of every program.
    return url.set(drivername=POSTGRESQL, password=None).render_as_string(hide_password=False)


def _environment(url: str) -> Mapping[str, str]:
    password = make_url(url).password
    return {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}


def _run(command: list[str], url: str) -> None:
    try:
        done = subprocess.run(
            command, env=_environment(url), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise Unavailable(f"没有找到程序 {command[0]}。请安装 Debian 软件包 postgresql-client 后重试。") from None
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [""])[-1][:200]
        raise Unavailable(f"{command[0]} 未能完成：{why}。请检查数据库是否在运行，然后重试。")
