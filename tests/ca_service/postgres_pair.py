"""Two PostgreSQL servers, the second a synchronous streaming copy of the first, which can be killed and replaced."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.ca_service.postgres import run

_STANDBY = "copy"


@dataclass
class Server:
    """One of them: its data and its socket lie in folders of its own."""

    folder: Path

    @property
    def data(self) -> Path:
        """PGDATA."""
        return self.folder / "data"

    @property
    def sockets(self) -> Path:
        """What libpq takes as its host."""
        return self.folder / "sockets"

    def start(self, *settings: str) -> None:
        """Start with these settings besides, and wait until it answers."""
        # Commits are not synced to the disk: both servers are never without power at once, and the other has them.
        own = ("listen_addresses=''", f"unix_socket_directories={self.sockets}", "fsync=off", "max_connections=150")
        options = " ".join(f"-c {one}" for one in (*own, *settings))
        run("pg_ctl", "-D", str(self.data), "-w", "-t", "60", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Stop it, if it runs."""
        with suppress(RuntimeError):
            run("pg_ctl", "-D", str(self.data), "-w", "-m", "immediate", "stop")

    def kill(self) -> None:
        """End it as a power cut does: SIGKILL for the postmaster and all that it has started."""
        postmaster = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        # The postmaster first: it would else restart what it started.
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for process in (postmaster, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def ask(self, statement: str) -> object:
        """Have it run; return the first value of what comes back."""
        place = f"host={self.sockets} user=educa dbname=postgres"
        with psycopg.connect(place, autocommit=True) as connection:
            answer = connection.execute(statement.encode())
            found = answer.fetchone() if answer.description else None
        return found[0] if found else None


@dataclass
class Pair:
    """The primary takes writes; nothing is acknowledged that the standby has not written."""

    primary: Server
    standby: Server

    def url(self, name: str) -> str:
        """The URL of a database on whichever of the two takes writes."""
        hosts = ",".join(str(one.sockets) for one in (self.primary, self.standby))
        return f"postgresql+psycopg://educa@/{name}?host={hosts}"

    def create(self, name: str) -> str:
        """Create a database; return its URL."""
        self.primary.ask(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def promote(self) -> None:
        """Let the standby take writes, alone from now on."""
        run("pg_ctl", "-D", str(self.standby.data), "-w", "promote")

    def fail_over(self) -> None:
        """The primary dies, the standby takes its place."""
        self.primary.kill()
        self.promote()


@contextmanager
def pair(folder: Path) -> Iterator[Pair]:
    """Start both in `folder`; stop them at the end."""
    made = Pair(Server(folder / "one"), Server(folder / "two"))
    for server in (made.primary, made.standby):
        server.sockets.mkdir(parents=True)
        if os.getuid() == 0:
            shutil.chown(server.folder, "postgres")
            shutil.chown(server.sockets, "postgres")
    data = str(made.primary.data)
    run("initdb", "-D", data, "-U", "educa", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8")
    try:
        made.primary.start("wal_level=replica", "max_wal_senders=5", f"synchronous_standby_names={_STANDBY}")
        _copy(made)
        yield made
    finally:
        made.standby.stop()
        made.primary.stop()


def _copy(made: Pair) -> None:
    source = f"host={made.primary.sockets} user=educa application_name={_STANDBY}"
    run("pg_basebackup", "-d", source, "-D", str(made.standby.data), "-R", "-X", "stream", "-c", "fast", "--no-sync")
    # Only the primary waits for a copy; the standby has none once it is promoted.
    made.standby.start()
