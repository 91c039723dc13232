"""Numbers planted in a real road are on no disk, in no log, no certificate, no address and no answer to others."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.ca_service import postgres
from tests.e2e.personal.planted import Needles, Person
from tests.e2e.personal.road import FIRST, PEOPLE, Walk, files, walk

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

# What holds numbers by its nature, and why it may.
_LISTED = (
    "outbox",  # messages on their way to the SMS gateway are addressed to telephone numbers; 0700, docs/operations.md
)
_NEEDLES = Needles(PEOPLE)


@dataclass(frozen=True)
class Walked:
    """A road at its end, everything that lay on the disk then, and where PostgreSQL keeps its files."""

    road: Walk
    folders: dict[str, Path]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def walked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    folder = tmp_path_factory.mktemp("planted")
    temporary = folder / "tmp"
    temporary.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(temporary))
        if request.param == "sqlite":
            road = walk(folder, database="")
            yield Walked(road, {"machine": road.world.folder, "temporary files": temporary})
            return
        cluster = Path(tempfile.mkdtemp(prefix="educa-pg-", dir="/tmp"))
        cluster.chmod(0o755)
        try:
            with postgres.cluster(cluster) as server:
                road = walk(folder, database=postgres.create(server, "planted"))
                with psycopg.connect(f"{server} dbname=planted", autocommit=True) as connection:
                    connection.execute("CHECKPOINT")
                data = {"PostgreSQL": cluster}
                yield Walked(road, {"machine": road.world.folder, "temporary files": temporary, **data})
        finally:
            shutil.rmtree(cluster, ignore_errors=True)


def test_no_file_of_the_machine_holds_a_planted_number(walked: Walked) -> None:
    found = {}
    for name, folder in walked.folders.items():
        for path in files(folder, besides=_LISTED):
            traces = _NEEDLES.found_within(path.read_bytes())
            if traces:
                found[f"{name}/{path.relative_to(folder)}"] = traces
    assert found == {}


def test_the_search_looked_where_the_data_is(walked: Walked) -> None:
    names = [path.name for folder in walked.folders.values() for path in files(folder, besides=_LISTED)]
    wanted = ["educa.log", "ca.age"]
    wanted += ["educa.db"] if "PostgreSQL" not in walked.folders else ["PG_VERSION", "000000010000000000000001"]
    assert [name for name in wanted if name not in names] == []
    assert [path for path in files(walked.road.world.folder / "documents", besides=()) if path.stat().st_size]
    # The one listed place does hold them: the search would find them elsewhere too.
    sent = [_NEEDLES.found(p.read_bytes()) for p in files(walked.road.world.folder / "outbox", besides=())]
    assert "mobile of person 1" in set().union(*sent)


def test_what_others_get_holds_no_planted_number(walked: Walked) -> None:
    found = {name: traces for name, octets in walked.road.public.items() if (traces := _NEEDLES.found_within(octets))}
    assert found == {}
    assert {"certificate", "crl/issuing.crl", "OCSP answer", "audit log", "holders list"} <= set(walked.road.public)


def test_no_address_and_no_header_holds_a_planted_number(walked: Walked) -> None:
    seen = "\n".join(walked.road.seen).encode()
    assert _NEEDLES.found(seen) == set()
    assert b"/changes" in seen
    assert b"set-cookie" in seen.lower()


@pytest.mark.parametrize("value", FIRST.values.values())
@pytest.mark.parametrize(
    "written",
    [
        lambda v: v.encode(),
        lambda v: b"\0" + v.encode("utf-16-le") + b"\0",
        lambda v: b"x" + v.encode("utf-16-be"),
        lambda v: v.encode().hex().encode(),
        *(lambda v, n=n: __import__("base64").b64encode(b"y" * n + v.encode() + b"z" * n) for n in range(4)),
        lambda v: __import__("base64").b64encode(b"ab" + v.encode("utf-16-le") + b"c"),
    ],
)
def test_the_search_knows_every_spelling(value: str, written: object) -> None:
    assert callable(written)
    assert Needles([FIRST]).found(b"before " + written(value) + b" after")


@pytest.mark.parametrize("between", [" ", "-", "%20", "&nbsp;"])
def test_the_search_reads_digits_that_are_set_apart(between: str) -> None:
    person = Person(1)
    for value in (person.id_number, person.mobile):
        assert Needles([person]).found(between.join(value).encode())


def test_the_planted_people_are_told_from_each_other() -> None:
    values = [value for person in PEOPLE for value in person.values.values()]
    assert len(set(values)) == len(values)
    assert Needles(PEOPLE).found(b"19900000000 150302199001010004") == set()
