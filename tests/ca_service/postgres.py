"""A real PostgreSQL of its own for a test process: Debian's server in a temporary folder."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@contextmanager
def cluster(folder: Path, *, durable: bool = False, more: str = "") -> Iterator[str]:
    """Start a cluster in `folder`; yield the URL of its `postgres` database without the name; stop it at the end.

    Unless `durable`, commits are not synced to the disk. `more`: options of the server, which win.
    """
    if not _PROGRAMS:
        raise RuntimeError("PostgreSQL's server is not installed: run make setup")
    data, sockets = folder / "data", folder / "sockets"
    sockets.mkdir(parents=True)
    if os.getuid() == 0:
        # initdb refuses to run as root.
        shutil.chown(folder, "postgres")
        shutil.chown(sockets, "postgres")
    run("initdb", "-D", str(data), "-U", "educa", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8")
    fsync = "on" if durable else "off"
    options = f"-c listen_addresses='' -c unix_socket_directories={sockets} -c fsync={fsync} -c max_connections=60"
    run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", f"{options} {more}", "start")
    try:
        yield f"host={sockets} user=educa"
    finally:
        run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")


def create(server: str, name: str, *, template: str = "template1") -> str:
    """Create a database, as a copy of another if named; return its SQLAlchemy URL."""
    with psycopg.connect(f"{server} dbname=postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    host = dict(part.split("=") for part in server.split())["host"]
    return f"postgresql+psycopg://educa@/{name}?host={host}"


def drop(server: str, name: str) -> None:
    """Remove a database, whoever is still connected."""
    with psycopg.connect(f"{server} dbname=postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs, as a user that it accepts; raise RuntimeError."""
    command = [str(_PROGRAMS[-1] / program), *arguments]
    if os.getuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/", check=False)
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stderr}")
