"""What strikes: the process, its key device, its database, its disk; and how each is made good again.

Each is the real thing: SIGKILL; the token's folder moved away; the database's file moved away, or every connection
to it cut and new ones refused by the server; every write to a file refused by the kernel (RLIMIT_FSIZE, as on a full
disk), or a PostgreSQL that takes no writes, as after a switch to a standby, since its disk is not ours to fill.
"""

import os
import resource
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import make_url

from ca_service.backup import databases
from ca_service.config import Config
from ca_service.drill.copying import TOKENS, administer
from ca_service.store.database import Database

_AWAY = ".away"


@dataclass(frozen=True)
class Target:
    """The copy that is struck, as this process uses it."""

    config: Config
    database: Database

    @property
    def on_sqlite(self) -> bool:
        """Whether the database is a file of ours."""
        return databases.kind_of(self.config.database_url) == databases.SQLITE


@dataclass(frozen=True)
class Blow:
    """One kind of fault; both are called in the process that is struck."""

    strike: Callable[[Target], None]
    heal: Callable[[Target], None]


def _kill(_: Target) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _nothing(_: Target) -> None:
    """A process that was killed is made good by the next one."""


def _take_token(target: Target) -> None:
    tokens = target.config.folder / TOKENS
    tokens.rename(tokens.with_name(TOKENS + _AWAY))


def _bring_token(target: Target) -> None:
    tokens = target.config.folder / TOKENS
    tokens.with_name(TOKENS + _AWAY).rename(tokens)


def _take_database(target: Target) -> None:
    if not target.on_sqlite:
        _alter(target, "ALLOW_CONNECTIONS false")
        _cut(target)
        return
    # Who has the file open goes on with it wherever it lies; a mount that went away lets nobody go on.
    target.database.engine.dispose()
    for file in _files(target):
        file.rename(file.with_name(file.name + _AWAY))


def _bring_database(target: Target) -> None:
    if not target.on_sqlite:
        _alter(target, "ALLOW_CONNECTIONS true")
        return
    target.database.engine.dispose()
    for file in _files(target):
        # What SQLite made in place of what it did not find.
        file.unlink()
    for file in _main(target).parent.glob(f"{_main(target).name}*{_AWAY}"):
        file.rename(file.with_name(file.name.removesuffix(_AWAY)))


def _main(target: Target) -> Path:
    return Path(str(make_url(target.config.database_url).database))


def _files(target: Target) -> list[Path]:
    main = _main(target)
    return [file for file in main.parent.glob(f"{main.name}*") if not file.name.endswith(_AWAY)]


def _fill_disk(target: Target) -> None:
    if target.on_sqlite:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        return
    _alter(target, "SET default_transaction_read_only = on")
    _cut(target)


def _clear_disk(target: Target) -> None:
    if target.on_sqlite:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        return
    _alter(target, "RESET default_transaction_read_only")
    _cut(target)


def _alter(target: Target, how: str) -> None:
    administer(target.config.database_url, f'ALTER DATABASE "{make_url(target.config.database_url).database}" {how}')


def _cut(target: Target) -> None:
    """End every connection to the copy's database; those of the drill itself are opened again when they are used."""
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
    administer(target.config.database_url, cut, name=make_url(target.config.database_url).database)


KILL = "kill"
BLOWS: Mapping[str, Blow] = MappingProxyType(
    {
        KILL: Blow(_kill, _nothing),
        "token": Blow(_take_token, _bring_token),
        "database": Blow(_take_database, _bring_database),
        "disk": Blow(_fill_disk, _clear_disk),
    }
)
