"""`educa audit status` on both databases: exit codes, JSON, what people read; nothing is written, no list missed."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import event
from sqlalchemy import text as sql

from ca_service.audit.status import Auditor, Check, Reader
from ca_service.cli.base import Call
from ca_service.cli.main import main
from ca_service.domain.certificates import CertificateStatus
from ca_service.periodic import WORKER
from ca_service.wiring import Wiring
from ca_service.workflows import incidents, orders
from ca_service.workflows.certificate_status import freeze
from ca_service.workflows.publish_crl import publish_crl
from ca_service.workflows.recover import close_interrupted
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office
from tests.ca_service.status_audit.scene import Scene, play, serving


@pytest.fixture
def on_both(wiring: Wiring, clock: TestClock) -> Scene:
    """The scene on SQLite and on PostgreSQL."""
    return Scene(wiring, play(wiring, clock), clock)


def _run(wiring: Wiring, *arguments: str) -> Result:
    call = Call()
    call.__dict__.update(wiring=wiring, config=wiring.config)
    return CliRunner().invoke(main, ["audit", "status", *arguments], obj=call)


def test_all_agree_on_both_databases_and_nothing_is_written(on_both: Scene) -> None:
    written = []

    @event.listens_for(on_both.wiring.database.engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            written.append(statement)

    with serving(on_both.wiring) as url:
        done = _run(on_both.wiring, "--url", url, "--all")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("全部一致") == 2
    assert "CRL 第 1 至 3 号" in done.stdout
    assert written == []


def test_a_disagreement_is_said_to_people_and_to_programs_and_the_exit_code_is_one(on_both: Scene) -> None:
    serial = on_both.cast.frozen
    on_both.sql("UPDATE certificate SET status = 'revoked' WHERE serial = :s", s=serial)
    done = _run(on_both.wiring, "--offline")
    assert done.exit_code == 1
    assert "1 处不一致" in done.stdout
    assert f"[table] 证书表与履历不符：序列号 {serial}" in done.stdout
    assert "履历：frozen" in done.stdout
    assert "运维手册" in done.stderr
    told = _run(on_both.wiring, "--offline", "--json", "--issuer", "issuing")
    assert told.exit_code == 1
    ((report,), (one,)) = (reports := json.loads(told.stdout)), reports[0]["disagreements"]
    assert (one["check"], one["serial"], one["number"]) == ("table", serial, None)
    assert set(one["said"]) == {"history", "table"}
    assert one["since"]
    assert report["lists"] == [3]


def test_what_cannot_be_read_is_said_and_the_exit_code_is_one(on_both: Scene) -> None:
    on_both.wiring.database.engine.dispose()
    with on_both.wiring.database.engine.begin() as connection:
        connection.execute(sql("ALTER TABLE status_log RENAME TO elsewhere"))
    done = _run(on_both.wiring, "--offline", "--issuer", "issuing")
    assert done.exit_code == 1
    assert "无法读取" in done.stdout
    assert "Traceback" not in done.output


def test_the_operations_document_says_of_each_disagreement_what_to_do() -> None:
    text = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = text.partition("(证书状态不一致)")[2].partition("\n## ")[0]
    assert {check.value for check in Check} == set(re.findall(r"`([a-z-]+)`(?=[^|]*\|[^|]*\|[^|]*\|\n)", rows))


@pytest.mark.parametrize(
    "arguments", [("--offline", "--url", "http://127.0.0.1:1"), ("--url", "ftp://x"), ("--watch", "--all")]
)
def test_what_makes_no_sense_is_refused_in_one_line(wiring: Wiring, arguments: tuple[str, ...]) -> None:
    done = _run(wiring, *arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1


def test_the_watch_looks_at_each_new_number_also_when_they_come_out_of_order(on_both: Scene) -> None:
    services, operator, wiring = on_both.office.services, on_both.office.operator, on_both.wiring
    seen, turns = [], iter(range(6))
    kept: list[bytes] = []

    def between() -> bool:
        """What happens while the auditor waits."""
        turn = next(turns)
        on_both.clock.pass_time(seconds=10)
        if turn == 1:
            freeze(services, on_both.office.reviewer, on_both.cast.untouched, reason="x")
            publish_crl(services, operator, "issuing")
            kept.append(on_both.list(4).der or b"")
            # As if its publisher were slower than that of the next number.
            on_both.sql("UPDATE crl SET der = NULL, status = 'reserved' WHERE number = 4 AND issuer = 'issuing'")
            publish_crl(services, operator, "issuing")
        if turn == 2:
            on_both.sql(
                "UPDATE crl SET der = :der, status = 'published' WHERE number = 4 AND issuer = 'issuing'", der=kept[0]
            )
        if turn == 3:
            on_both.sql("UPDATE certificate SET reason = 5 WHERE serial = :s", s=on_both.cast.revoked)
            publish_crl(services, operator, "issuing")
        return turn < 5

    auditor = Auditor(Reader(wiring.database.reading), "issuing", on_both.clock)
    for report in auditor.watch(between):
        seen.append((list(report.lists), [one.check for one in report.disagreements]))
    assert seen == [([3], []), ([5], []), ([4], []), ([6], [Check.TABLE])]


@pytest.fixture
def everything_that_changes_a_status(office: Office, wiring: Wiring, clock: TestClock) -> Wiring:
    """Not only orders: timers, token reports, replaced downloads, what a crash left."""
    lost, unconfirmed = office.enrolled("1"), office.handed_over("2")
    incidents.report_lost(office.services, office.custodian, lost.medium_serial or "", reason="x")
    begun = office.begin(unconfirmed[1], office.codes(unconfirmed[0]))
    office.fetch(unconfirmed[1], begun)
    with wiring.database.begin() as uow:
        (signer,) = uow.certificates.find(profile="ocsp-signer")
        dead = {"serial": "5" * 32, "status": CertificateStatus.SIGNING, "der": None, "confirmed_at": None}
        uow.certificates.add(type(signer)(**(vars(signer) | dead)))
    clock.pass_time(hours=25)
    close_interrupted(office.services, WORKER)
    orders.close_unconfirmed(office.services, WORKER)
    publish_crl(office.services, office.operator, "issuing")
    clock.pass_time(days=8)
    orders.close_unconfirmed(office.services, WORKER)
    publish_crl(office.services, office.operator, "issuing")
    return wiring


def test_every_way_in_which_the_service_changes_a_status_has_its_ground(
    everything_that_changes_a_status: Wiring,
) -> None:
    done = _run(everything_that_changes_a_status, "--offline", "--all", "--json")
    assert done.exit_code == 0, done.stdout
    assert [report["changes"] for report in json.loads(done.stdout)] == [4, 0]


def test_what_expired_leaves_the_lists_without_a_disagreement(on_both: Scene) -> None:
    with on_both.wiring.database.read() as uow:
        end = uow.certificates.get(on_both.cast.revoked).not_after + timedelta(days=7)
    on_both.clock.passed += end - on_both.clock() - timedelta(hours=1)
    publish_crl(on_both.office.services, on_both.office.operator, "issuing")
    on_both.clock.pass_time(hours=2)
    publish_crl(on_both.office.services, on_both.office.operator, "issuing")
    assert on_both.found() == []
