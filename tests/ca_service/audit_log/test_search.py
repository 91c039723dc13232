"""Looking through the log: whatever is asked for, what is found is what a walk over all entries finds, in order."""

import random
from collections.abc import Sequence
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import sqlite

from ca_service.clock import SHANGHAI
from ca_service.domain.audit import AuditEntry, Tag
from ca_service.domain.audit_filter import AuditFilter
from ca_service.domain.errors import Forbidden, Invalid, NotFound
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.store import audit_search
from ca_service.wiring import Wiring
from ca_service.workflows import audit_log
from ca_service.workflows.audit_log import Cursor
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import BANNER, LEAGUE, Office, actor

AUDITOR = actor(Role.AUDITOR)
_TAGS = (Tag.MEDIUM_LOST, Tag.MEDIUM_FOUND, Tag.STAFF_ENABLED, Tag.STAFF_DISABLED)
_LOGINS = ("zhang", "wang", "li")
_SUBJECTS = ("T1", "T2", "T3", "T4")


@pytest.fixture
def log(office: Office, clock: TestClock) -> Sequence[AuditEntry]:
    """Some entries of many kinds, newest first; the clock went back once."""
    rng = random.Random(7)
    units = [CENTRE_CODE, LEAGUE, BANNER, office.school]
    for number in range(60):
        clock.pass_time(hours=-40 if number == 30 else rng.randrange(9))
        who = Actor(rng.choice(_LOGINS), CENTRE_CODE, frozenset(), "web")
        with office.services.begin() as uow:
            uow.audit.append(who, rng.choice(_TAGS), rng.choice(_SUBJECTS), unit=rng.choice(units))
    with office.services.read() as uow:
        return list(uow.audit.entries())[::-1]


def _fits(entry: AuditEntry, wanted: AuditFilter, below: set[str]) -> bool:
    at = datetime.fromisoformat(entry.at)
    return (
        (not wanted.tags or entry.tag in wanted.tags)
        and (not wanted.actor or entry.actor == wanted.actor)
        and (not wanted.subject or entry.subject == wanted.subject)
        and (not wanted.unit or entry.unit_code in ({wanted.unit} if wanted.exact else below))
        and (wanted.since is None or at >= wanted.since)
        and (wanted.until is None or at < wanted.until)
    )


def _some_filter(rng: random.Random, office: Office, log: Sequence[AuditEntry]) -> AuditFilter:
    # The very moments of entries: which side an edge belongs to must show.
    since, until = (rng.choice([None, datetime.fromisoformat(rng.choice(log).at)]) for _ in range(2))
    return AuditFilter(
        tags=rng.choice([(), (rng.choice(_TAGS),), _TAGS[:2], (Tag.CRL_REFUSED,)]),
        unit=rng.choice(["", CENTRE_CODE, LEAGUE, BANNER, office.school]),
        exact=rng.random() < 0.4,
        actor=rng.choice(["", "", *_LOGINS]),
        subject=rng.choice(["", "", *_SUBJECTS]),
        since=since,
        until=until,
    )


@pytest.mark.parametrize("near", [1, 7, 5_000])
def test_any_filter_finds_what_a_walk_over_all_entries_finds(
    office: Office, log: Sequence[AuditEntry], monkeypatch: pytest.MonkeyPatch, near: int
) -> None:
    # However far the nearest entries reach, the answer is the same: the way is a matter of time only.
    monkeypatch.setattr(audit_search, "_NEAR", near)
    rng = random.Random(11)
    with office.services.read() as uow:
        below = {unit: {u.code for u in uow.units.find(within=unit)} for unit in (CENTRE_CODE, LEAGUE, BANNER)}
        below[office.school] = {office.school}
        for _ in range(120):
            wanted, limit, edge = _some_filter(rng, office, log), rng.randrange(1, 9), rng.randrange(len(log) + 3)
            fitting = [entry for entry in log if _fits(entry, wanted, below.get(wanted.unit, set()))]
            assert list(uow.audit.find(wanted, limit=limit)) == fitting[:limit], wanted
            older = [entry for entry in fitting if entry.seq < edge]
            assert list(uow.audit.find(wanted, below=edge, limit=limit)) == older[:limit], wanted
            newer = [entry for entry in fitting if entry.seq > edge]
            assert list(uow.audit.find(wanted, above=edge, limit=limit)) == newer[-limit:], wanted


@pytest.mark.parametrize("wanted", [AuditFilter(), AuditFilter(actor="zhang"), AuditFilter(unit=LEAGUE)])
def test_the_pages_to_both_sides_show_every_entry_once(
    office: Office, log: Sequence[AuditEntry], wanted: AuditFilter
) -> None:
    everything = audit_log.log_page(office.services, AUDITOR, wanted, Cursor(), size=len(log))
    assert everything.whole
    back: list[AuditEntry] = []
    at: Cursor | None = Cursor()
    while at is not None:
        page = audit_log.log_page(office.services, AUDITOR, wanted, at, size=6)
        assert (page.newer is None) is (not back)
        back += page.entries
        at = page.older
    assert back == list(everything.entries)
    forth: list[AuditEntry] = []
    at = Cursor(above=0)
    while at is not None:
        page = audit_log.log_page(office.services, AUDITOR, wanted, at, size=6)
        forth = [*page.entries, *forth]
        at = page.newer
    assert forth == list(everything.entries)


@pytest.mark.parametrize("config", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "wanted",
    [
        AuditFilter(actor="x"), AuditFilter(subject="x"), AuditFilter(tags=_TAGS),
        AuditFilter(unit=BANNER, exact=True), AuditFilter(unit=LEAGUE),
        AuditFilter(since=datetime(2026, 1, 1, tzinfo=SHANGHAI)),
        AuditFilter(actor="x", unit=LEAGUE, tags=_TAGS, until=datetime(2026, 1, 1, tzinfo=SHANGHAI)),
    ],
)  # fmt: skip
def test_what_is_rare_is_found_by_an_index_and_not_by_reading_the_table(wiring: Wiring, wanted: AuditFilter) -> None:
    query = audit_search._by_index(audit_search._conditions(wanted), forward=False, limit=51)
    statement = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with wiring.database.engine.connect() as connection:
        plan = [row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {statement}"))]
    assert any("ix_audit_entry_" in step for step in plan), plan
    assert [step for step in plan if step.startswith("SCAN audit_entry")] == [], plan


def test_an_entry_is_shown_with_its_neighbours(office: Office, log: Sequence[AuditEntry]) -> None:
    first = audit_log.single_entry(office.services, AUDITOR, 1)
    last = audit_log.single_entry(office.services, AUDITOR, log[0].seq)
    middle = audit_log.single_entry(office.services, AUDITOR, 5)
    assert (first.before, last.after) == (None, None)
    assert middle.before is not None
    assert middle.after is not None
    assert (middle.before.seq, middle.entry.seq, middle.after.seq) == (4, 5, 6)
    assert all(one.content_holds and one.links_hold for one in (first, middle, last))
    for wrong in (0, -1, log[0].seq + 1, 10**12):
        with pytest.raises(NotFound):
            audit_log.single_entry(office.services, AUDITOR, wrong)


@pytest.mark.parametrize(
    ("statement", "content", "links"),
    [
        ("UPDATE audit_entry SET detail = '{\"count\":1}' WHERE seq = 5", False, True),
        ("UPDATE audit_entry SET hash = zeroblob(32) WHERE seq = 5", False, False),
        ("UPDATE audit_entry SET hash = zeroblob(32) WHERE seq = 4", True, False),
        ("UPDATE audit_entry SET previous = zeroblob(32) WHERE seq = 6", True, False),
    ],
)
@pytest.mark.parametrize("config", ["sqlite"], indirect=True)
def test_an_entry_that_was_changed_says_so(
    office: Office, wiring: Wiring, statement: str, content: bool, links: bool
) -> None:
    assert office.school
    with wiring.database.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    found = audit_log.single_entry(office.services, AUDITOR, 5)
    assert (found.content_holds, found.links_hold) == (content, links)


def test_an_export_holds_what_fits_and_is_recorded_with_what_was_asked(
    office: Office, log: Sequence[AuditEntry]
) -> None:
    wanted = AuditFilter(tags=_TAGS[:2], actor="zhang", unit=LEAGUE)
    page = audit_log.export_log(office.services, AUDITOR, wanted)
    assert [entry.seq for entry in page.entries] == sorted(entry.seq for entry in page.entries)
    assert {entry.actor for entry in page.entries} == {"zhang"}
    with office.services.read() as uow:
        (recorded,) = uow.audit.find(AuditFilter(tags=(Tag.AUDIT_EXPORTED,)), limit=9)
    assert recorded.seq == log[0].seq + 1
    assert recorded.actor == AUDITOR.login
    assert f'"rows":{len(page.entries)}' in recorded.detail
    for part in ('"actor":"zhang"', f'"unit":"{LEAGUE}"', '"acts":"media:medium:lost,media:medium:found"'):
        assert part in recorded.detail


def test_an_export_of_nothing_or_of_too_much_is_refused_and_records_nothing(
    office: Office, log: Sequence[AuditEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Invalid, match="没有符合条件"):
        audit_log.export_log(office.services, AUDITOR, AuditFilter(subject="150302199001010004"))
    monkeypatch.setattr(audit_log, "MOST_EXPORTED", 10)
    with pytest.raises(Invalid, match="分段导出"):
        audit_log.export_log(office.services, AUDITOR, AuditFilter())
    with office.services.read() as uow:
        assert uow.audit.head()[0] == log[0].seq


def test_only_the_centres_auditor_and_the_operator_look_into_the_log(office: Office) -> None:
    assert office.school
    for who in (actor(Role.REVIEWER), actor(Role.SECURITY_ADMIN), actor(Role.AUDITOR, LEAGUE)):
        for look in (
            lambda who=who: audit_log.log_page(office.services, who, AuditFilter(), Cursor(), size=5),
            lambda who=who: audit_log.single_entry(office.services, who, 1),
            lambda who=who: audit_log.export_log(office.services, who, AuditFilter()),
        ):
            with pytest.raises(Forbidden):
                look()
    assert audit_log.log_page(office.services, actor(Role.OPERATOR), AuditFilter(), Cursor(), size=5).entries


def test_a_unit_that_does_not_exist_is_told(office: Office) -> None:
    assert office.school
    with pytest.raises(NotFound, match="999999"):
        audit_log.log_page(office.services, AUDITOR, AuditFilter(unit="999999"), Cursor(), size=5)
