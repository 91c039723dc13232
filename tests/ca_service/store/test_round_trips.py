"""What a request costs on PostgreSQL: nothing is asked of the server that need not be; and what stands by that."""

from collections.abc import Iterator
from typing import Any

import pytest

from ca_service.audit.verifier import verify
from ca_service.config import Config, DatabaseTable
from ca_service.domain.audit import Tag
from ca_service.domain.leases import Lease
from ca_service.store.database import Database
from ca_service.store.status_source import SqlStatusSource
from ca_service.wiring import Wiring
from tests.ca_service.office import Office
from tests.ca_service.postgres_relay import Relay, relay

on_postgres = pytest.mark.parametrize("config", ["postgresql"], indirect=True)


@pytest.fixture
def between(config: Config) -> Iterator[Relay]:
    """What stands between the service and its PostgreSQL."""
    with relay(config.database.url) as made:
        yield made


@pytest.fixture
def office(config: Config, between: Relay) -> Iterator[Office]:
    """The service, by way of it."""
    wiring = Wiring(config.model_copy(update={"database": DatabaseTable(url=between.url(config.database.url))}))
    yield Office(wiring.services)
    wiring.database.engine.dispose()


def _counted(between: Relay, act: Any) -> tuple[int, str]:
    """How often the server was asked, and what; not how often something was prepared, as it is once a connection."""
    between.statements = []
    act()
    return len(between.statements), "\n".join(between.statements)


@on_postgres
def test_a_look_costs_what_it_looks_at(office: Office, between: Relay) -> None:
    def look() -> None:
        with office.services.read() as uow:
            uow.issuers.find()
            uow.units.find(limit=1)

    look()
    times, statements = _counted(between, look)
    assert times == 2, statements


@on_postgres
def test_an_act_costs_its_statements_a_begin_and_a_commit(office: Office, between: Relay) -> None:
    def act() -> None:
        with office.services.begin() as uow:
            for _ in range(2):
                uow.audit.append(office.operator, Tag.CEREMONY, "twice", unit="150000")

    act()
    times, statements = _counted(between, act)
    # The head of the log is read once; an entry goes with it in one.
    assert times == 5, statements


@on_postgres
def test_the_status_of_one_certificate_is_one_question(config: Config, between: Relay) -> None:
    wiring = Wiring(config)
    database = Database(between.url(config.database.url), sealer=wiring.sealer, clock=wiring.clock)
    source = SqlStatusSource(database.reading, "issuing")
    source.status([5])
    times, statements = _counted(between, lambda: source.status([5]))
    assert times == 1, statements
    database.engine.dispose()


@on_postgres
def test_a_download_is_issued_in_few_round_trips(office: Office, between: Relay) -> None:
    office.enrolled("1")
    holder, token = office.handed_over("2")
    codes = office.codes(holder)
    begun = office.begin(token, codes)
    times, statements = _counted(between, lambda: office.fetch(token, begun))
    assert times <= 26, statements
    times, statements = _counted(between, lambda: office.begin(token, codes))
    assert times <= 9, statements


@on_postgres
def test_connections_that_the_server_has_ended_are_noticed_before_they_are_used(config: Config) -> None:
    wiring, other = Wiring(config), Wiring(config)
    others = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    with wiring.services.read() as uow:
        uow.units.find(limit=1)
    with other.database.reading.connect() as connection:
        for transaction in (wiring.services.read, wiring.services.begin):
            assert connection.exec_driver_sql(f"SELECT pg_terminate_backend(pid, 60000) {others}").all() == [(True,)]
            with transaction() as uow:
                assert uow.issuers.find()
    for one in (wiring, other):
        one.database.engine.dispose()


def test_who_only_reads_cannot_write(config: Config) -> None:
    wiring = Wiring(config)
    lease = Lease("thing", "somebody", wiring.clock(), wiring.clock())
    with pytest.raises(RuntimeError, match="must not write"), wiring.services.read() as uow:
        uow.leases.add(lease)
    with wiring.services.read() as uow:
        assert uow.leases.find(name="thing") == []
    wiring.database.engine.dispose()


def test_head_and_entries_that_one_look_sees_are_those_of_one_moment(config: Config) -> None:
    one, two = Wiring(config), Wiring(config)
    with one.services.read() as uow:
        seq, head = uow.audit.head()
        with two.services.begin() as other:
            other.audit.append(Office.operator, Tag.CEREMONY, "meanwhile", unit="150000")
        verdict = verify(uow.audit.entries(), head_seq=seq, head_hash=head)
    assert (verdict.entries, verdict.broken_at) == (seq, None)
    with one.services.read() as uow:
        assert uow.audit.head()[0] == seq + 1
    for wiring in (one, two):
        wiring.database.engine.dispose()
