"""A real CA for each test process (SoftHSM), copied for each test on SQLite and on PostgreSQL."""

import atexit
import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from argon2 import PasswordHasher

from ca_service import config as configuration
from ca_service import founding, passwords
from ca_service.audit.reading import wordless
from ca_service.config import Config, ConsoleTable, DatabaseTable
from ca_service.wiring import Wiring
from tests.ca_service import postgres
from tests.ca_service.office import Office

_NUMBERS = itertools.count(1)


class TestClock:
    """The real time plus what the test has let pass."""

    __test__ = False

    def __init__(self) -> None:
        self.passed = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.passed

    def pass_time(self, **units: float) -> None:
        """Move on, e.g. `pass_time(days=15)`."""
        self.passed += timedelta(**units)


@pytest.fixture(scope="session")
def founded() -> Config:
    """A CA on SQLite, right after its ceremony. Tests copy its database and leave it alone."""
    return founded_once()


@cache
def founded_once() -> Config:
    """One for the process, whichever folder's tests ask first: the token library knows one place of its tokens."""
    folder = Path(tempfile.mkdtemp(prefix="educa-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "config.toml"
    founding.write_configuration(path, founding.Addresses("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"))
    config = configuration.load(path)
    founding.write_secrets(config)
    wiring = Wiring(config)
    assert not founding.exists(wiring)
    founding.hold(wiring)
    _close(wiring)
    return config


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL cluster with the same CA in its database `founded`."""
    folder = Path(tempfile.mkdtemp(prefix="educa-pg-"))
    folder.chmod(0o755)
    try:
        with postgres.cluster(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def founded_on_postgres(founded: Config, postgres_server: str) -> Config:
    """A second CA with tokens of its own, whose database is PostgreSQL; a third one where tests/e2e asks too."""
    url = postgres.create(postgres_server, "founded")
    own = f"pg{next(_NUMBERS)}"
    hsm = founded.hsm.model_copy(update={"root_token": f"{own}-root", "issuing_token": f"{own}-issuing"})
    tls = {"tls_key": Path(f"{own}/c.key"), "tls_certificate": Path(f"{own}/c.pem")}
    service = founded.service.model_copy(update=tls)
    changes = {"database": DatabaseTable(url=url), "hsm": hsm, "service": service, "registry": {}}
    config = founded.model_copy(update=changes)
    wiring = Wiring(config)
    assert not founding.exists(wiring)
    founding.hold(wiring)
    _close(wiring)
    return config


def _close(wiring: Wiring) -> None:
    # A session left to the garbage collector would close whichever session has its number by then: the numbers
    # begin anew when the module is initialised again, as it is for the second CA's tokens.
    for sessions in (wiring.root_sessions, wiring.issuing_sessions):
        sessions.drop()
    wiring.database.engine.dispose()


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Argon2id with the least of everything, where many passwords are typed and how long each takes is not tested."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobody.cache_clear()
    yield
    passwords._nobody.cache_clear()


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture(params=["sqlite", "postgresql"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Config]:
    """The configuration of a CA whose database is this test's own."""
    if request.param == "sqlite":
        base: Config = request.getfixturevalue("founded")
        shutil.copy(base.path(Path("educa.db")), tmp_path / "educa.db")
        yield _with(base, url=f"sqlite:///{tmp_path / 'educa.db'}", tmp_path=tmp_path)
        return
    base = request.getfixturevalue("founded_on_postgres")
    server: str = request.getfixturevalue("postgres_server")
    name = f"test{next(_NUMBERS)}"
    yield _with(base, url=postgres.create(server, name, template="founded"), tmp_path=tmp_path)
    postgres.drop(server, name)


def _with(base: Config, *, url: str, tmp_path: Path) -> Config:
    service = base.service.model_copy(update={"documents": tmp_path / "documents", "outbox": tmp_path / "outbox"})
    # By password alone: tests of the sign-in ask for the default (required) themselves.
    console = ConsoleTable(second_factor="optional")
    return base.model_copy(update={"database": DatabaseTable(url=url), "service": service, "console": console})


@pytest.fixture
def wiring(config: Config, clock: TestClock) -> Iterator[Wiring]:
    """Adapters with the test's clock."""
    made = Wiring(config, clock=clock)
    yield made
    without = _wordless(made)
    _close(made)
    assert without == set(), "the audit log says something that ca_service/audit has no Chinese words for"


def _wordless(wiring: Wiring) -> set[str]:
    """Whatever a test made the service write into its log, an auditor can read."""
    with wiring.services.read() as uow:
        return {missing for entry in uow.audit.entries() for missing in wordless(entry)}


@pytest.fixture
def office(wiring: Wiring) -> Office:
    """The service with people in every role; see office.py."""
    return Office(wiring.services)


Fresh = Callable[[], Iterator[Config]]


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest) -> tuple[int, Fresh]:
    """How many sequences to try, and how each gets a database of its own."""
    founded: Config = request.getfixturevalue("founded")
    if request.param == "sqlite":
        return 12, lambda: _copies_on_sqlite(founded)
    base: Config = request.getfixturevalue("founded_on_postgres")
    server: str = request.getfixturevalue("postgres_server")
    return 3, lambda: _copies_on_postgres(base, server)


def _copies_on_sqlite(base: Config) -> Iterator[Config]:
    with TemporaryDirectory(prefix="educa-tree-") as folder:
        copy = Path(folder) / "educa.db"
        shutil.copy(base.path(Path("educa.db")), copy)
        yield base.model_copy(update={"database": DatabaseTable(url=f"sqlite:///{copy}")})


def _copies_on_postgres(base: Config, server: str) -> Iterator[Config]:
    name = f"tree{next(_NUMBERS)}"
    yield base.model_copy(update={"database": DatabaseTable(url=postgres.create(server, name, template="founded"))})
    postgres.drop(server, name)
