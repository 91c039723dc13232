"""What is broken is named: each violation is planted in a copy that was drilled, or in what the drill has seen."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ca_service.domain.audit import Tag
from ca_service.drill import evidence
from ca_service.drill.drilling import Drill
from ca_service.drill.invariants import Invariant, violations
from ca_service.drill.witness import Signature, Witness
from ca_service.store.engines import connect


@dataclass
class Planted:
    """The drilled database to write into, and what the drill has seen."""

    file: Path
    engine: Engine
    since: evidence.Baseline
    witness: Witness

    def sql(self, statement: str, *values: object) -> None:
        """Write past the service."""
        with closing(sqlite3.connect(self.file)) as writer, writer:
            assert writer.execute(statement, values).rowcount > 0

    def value(self, query: str) -> str:
        """One value."""
        with closing(sqlite3.connect(self.file)) as reader:
            return str(reader.execute(query).fetchone()[0])

    def broken(self) -> set[Invariant]:
        """Which invariants do not hold now."""
        return {one.invariant for one in violations(evidence.read(self.engine, self.since), self.witness)}


@pytest.fixture
def planted(drilled: Drill, tmp_path: Path) -> Iterator[Planted]:
    file = tmp_path / "educa.db"
    with closing(sqlite3.connect(drilled.config.folder / "educa.db")) as source, closing(sqlite3.connect(file)) as to:
        source.backup(to)
    engine = connect(f"sqlite:///{file}")
    made = Planted(file, engine, drilled.since, deepcopy(drilled.witness))
    assert made.broken() == set()
    yield made
    engine.dispose()


_REVOKED = "SELECT serial FROM certificate WHERE status = 'revoked' AND medium_serial IS NOT NULL LIMIT 1"


def test_one_serial_in_two_rows(planted: Planted) -> None:
    columns = planted.value("SELECT group_concat(name) FROM pragma_table_info('certificate') WHERE name <> 'serial'")
    planted.sql(
        f"INSERT INTO certificate (serial, {columns}) SELECT '0' || serial, {columns} FROM certificate"
        f" WHERE serial = ({_REVOKED})"
    )
    assert Invariant.SERIAL_ONCE in planted.broken()


def test_one_serial_signed_with_two_contents(planted: Planted) -> None:
    signed = next(one for one in planted.witness.signatures if one.what.startswith("certificate "))
    planted.witness.signatures.append(Signature("00" * 32, signed.what))
    assert planted.broken() == {Invariant.SERIAL_ONCE, Invariant.ALL_RECORDED}


@pytest.mark.parametrize("what", ["certificate 1f", "crl #9999", "delta #9999"])
def test_a_signature_that_no_row_tells_of(planted: Planted, what: str) -> None:
    planted.witness.signatures.append(Signature("00" * 32, what))
    assert planted.broken() == {Invariant.ALL_RECORDED}


def test_a_row_that_is_gone_leaves_its_signature_unrecorded(planted: Planted) -> None:
    serial = planted.value(_REVOKED)
    planted.sql("DELETE FROM certificate WHERE serial = ?", serial)
    assert Invariant.ALL_RECORDED in planted.broken()


def test_a_list_whose_contents_were_forgotten(planted: Planted) -> None:
    planted.sql(
        "UPDATE crl SET tbs = x'', der = NULL, status = 'given-up' WHERE number = (SELECT max(number) FROM crl)"
    )
    assert {Invariant.ALL_RECORDED, Invariant.CRL_NUMBER} <= planted.broken()


def test_the_last_published_number_is_gone(planted: Planted) -> None:
    planted.sql("DELETE FROM crl WHERE name = 'issuing' AND number = (SELECT max(number) FROM crl)")
    assert Invariant.CRL_NUMBER in planted.broken()


def test_an_older_list_is_published_outside(planted: Planted) -> None:
    number = planted.witness.on_disk["issuing"][-1]
    planted.witness.look({"issuing": number - 1})
    assert planted.broken() == {Invariant.CRL_NUMBER}


def test_one_number_for_two_lists(planted: Planted) -> None:
    signed = next(one for one in planted.witness.signatures if one.what.startswith("crl "))
    planted.witness.signatures.append(Signature("00" * 32, signed.what))
    assert Invariant.CRL_NUMBER in planted.broken()


def test_a_list_that_carries_another_number(planted: Planted) -> None:
    planted.sql("UPDATE crl SET number = number + 100 WHERE number = (SELECT max(number) FROM crl)")
    assert Invariant.CRL_NUMBER in planted.broken()


def test_a_number_that_was_told_twice(planted: Planted) -> None:
    tag, subject = next(answer for answer in planted.witness.answers if answer[0] == Tag.CRL_PUBLISHED)
    planted.witness.answers.append((tag, subject))
    assert {Invariant.CRL_NUMBER, Invariant.ALL_AUDITED} == planted.broken()


def test_a_release_after_a_revocation_in_the_history(planted: Planted) -> None:
    serial = planted.value(_REVOKED)
    planted.sql(
        "INSERT INTO certificate_event SELECT serial, seq + 1, 'unfreeze', 'active', at, by, ground, reason,"
        " crl_reason, version FROM certificate_event WHERE serial = ? ORDER BY seq DESC LIMIT 1",
        serial,
    )
    assert planted.broken() == {Invariant.NO_RELEASE}


def test_a_revoked_certificate_that_is_active_again(planted: Planted) -> None:
    planted.sql("UPDATE certificate SET status = 'active' WHERE serial = ?", planted.value(_REVOKED))
    assert planted.broken() == {Invariant.NO_RELEASE}


def test_an_answer_that_is_not_in_the_log(planted: Planted) -> None:
    last = planted.value(f"SELECT max(seq) FROM audit_entry WHERE tag = '{Tag.CERTIFICATE_REVOKED}'")
    planted.sql("DELETE FROM audit_entry WHERE seq = ?", last)
    # The gap in the chain, and the answer that nothing tells of.
    found = violations(evidence.read(planted.engine, planted.since), planted.witness)
    details = [one.detail for one in found if one.invariant is Invariant.ALL_AUDITED]
    assert [("审计链断裂" in detail, "ca:certificate:revoked" in detail) for detail in details] == [
        (True, False),
        (False, True),
    ]


def test_an_entry_at_the_end_of_the_log_that_is_gone(planted: Planted) -> None:
    planted.sql("DELETE FROM audit_entry WHERE seq = (SELECT max(seq) FROM audit_entry)")
    assert planted.broken() == {Invariant.ALL_AUDITED}


def test_a_signature_that_was_begun_and_never_closed(planted: Planted) -> None:
    planted.sql("UPDATE certificate SET status = 'signing', der = NULL WHERE profile = 'information-administrator'")
    assert Invariant.NOTHING_OPEN in planted.broken()


def test_the_drill_reports_a_violation_once(drilled: Drill) -> None:
    drilled.witness.signatures.append(Signature("11" * 32, "certificate 2f"))
    assert [one.invariant for one in drilled.look()] == [Invariant.ALL_RECORDED]
    assert drilled.look() == []
    drilled.witness.signatures.pop()


def test_a_status_that_is_not_what_the_history_says_is_named_by_the_next_scenario(drilled: Drill) -> None:
    with closing(sqlite3.connect(drilled.config.folder / "educa.db")) as writer:
        (serial,) = writer.execute(_REVOKED).fetchone()
        for reason, expected in ((4, True), (1, False)):
            with writer:
                writer.execute("UPDATE certificate SET reason = ? WHERE serial = ?", (reason, serial))
            outcomes = list(drilled.run(["kill-freeze"]))
            details = [v.detail for o in outcomes for v in o.violations if v.invariant is Invariant.STATUS_AGREES]
            assert any(serial in detail for detail in details) is expected, outcomes
