"""A founded CA with its rows in another database: the ceremony is not held twice, the token stays the same."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ca_service.config import Config, DatabaseTable
from ca_service.domain.units import CENTRE_CODE
from ca_service.store import schema
from ca_service.wiring import Wiring
from tests.ca_service import postgres


@dataclass(frozen=True)
class Place:
    """Where the rows lie. On PostgreSQL: the server as `postgres.create` takes it, and its first process."""

    config: Config
    server: str = ""
    postmaster: int | None = None


@contextmanager
def placed(config: Config, *, on_postgres: bool, durable: bool = False) -> Iterator[Place]:
    """The CA where it was founded, or on a PostgreSQL that goes with the block; commits reach its disk if `durable`."""
    if not on_postgres:
        yield Place(config)
        return
    with tempfile.TemporaryDirectory(prefix="educa-bench-pg-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with postgres.cluster(folder, durable=durable) as server:
            other = config.model_copy(update={"database": DatabaseTable(url=postgres.create(server, "bench"))})
            copy_ceremony(Wiring(config), Wiring(other))
            yield Place(other, server, int((folder / "data" / "postmaster.pid").read_text().split()[0]))


def copy_ceremony(source: Wiring, target: Wiring) -> None:
    """What the ceremony left: the rows of every table, parents before children."""
    from ca_service.store.models import Base  # noqa: PLC0415  only this way needs the tables

    schema.upgrade(target.database.engine)
    with source.database.reading.connect() as old, target.database.engine.begin() as new:
        for table in Base.metadata.sorted_tables:
            rows = [dict(row._mapping) for row in old.execute(table.select())]
            if table.name == "unit":
                rows.sort(key=lambda row: (row["parent_code"] is not None, row["parent_code"] != CENTRE_CODE))
            if rows:
                new.execute(table.insert(), rows)
