"""No sequence of acts by anybody reaches two administrators, a self-review, or an approval of other bytes than shown.

Hypothesis plays clerks, reviewers at three levels, the push, whoever writes into the database by hand, and stops,
restores, moves and conflict decisions, against the real workflows on SQLite in memory. The same plays every time.
"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from sqlite3 import Connection
from typing import Any, ClassVar, NoReturn

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from openpyxl import Workbook
from PIL import Image
from sqlalchemy import StaticPool, create_engine, event, text

from ca_service.domain.applications import LIVE, ApplicationEvent, ApplicationStatus
from ca_service.domain.changes import ChangeKind, Particular
from ca_service.domain.conflicts import DECISIONS, ConflictEvent, ConflictStatus
from ca_service.domain.errors import DomainError, NotFound
from ca_service.domain.holders import HolderStatus
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import Unit, UnitKind
from ca_service.intake.columns import COLUMNS
from ca_service.signing.custody_key import CustodyKey, new_private_key
from ca_service.store.database import Database
from ca_service.store.models import Base
from ca_service.store.outages import Patience
from ca_service.store.sealing import FieldKey, Sealer
from ca_service.store.unit_of_work import SqlUnitOfWork
from ca_service.workflows import change, push, review
from ca_service.workflows.conflict_cases import ConflictDecision, decide_conflict
from ca_service.workflows.ports import Services, Terms, Unmeasured
from ca_service.workflows.register import Upload, import_batch
from ca_service.workflows.shown import shown
from tests.ca_service.desk import contact
from tests.ca_service.office import actor

CENTRE, LEAGUE, BANNERS = "150000", "150300", ("150302", "150303")
SCHOOLS = ("2115000001", "2115000002", "2115000003")
UNITS = [
    Unit(CENTRE, "示范中心", UnitKind.CENTRE, None, CENTRE),
    Unit(LEAGUE, "示范市教育局", UnitKind.LEAGUE, CENTRE, LEAGUE),
    *(Unit(code, f"示范区教育局{code[-1]}", UnitKind.BANNER, LEAGUE, code) for code in BANNERS),
    Unit(SCHOOLS[0], "示范第一小学", UnitKind.SCHOOL, BANNERS[0], BANNERS[0], "211"),
    Unit(SCHOOLS[1], "示范第二小学", UnitKind.SCHOOL, BANNERS[0], BANNERS[0], "211"),
    Unit(SCHOOLS[2], "示范第三小学", UnitKind.SCHOOL, BANNERS[1], BANNERS[1], "211"),
]
NAMES = ("赵示范", "钱示范", "孙示范")
# Everybody may enter and review: nothing but the rules keeps them apart.
STAFF = {
    unit: [Actor(f"{unit}-{hand}", unit, frozenset({Role.CLERK, Role.REVIEWER}), "web") for hand in "abc"]
    for unit in (CENTRE, LEAGUE, *BANNERS)
}
EVERYBODY = st.sampled_from([person for people in STAFF.values() for person in people])
BOSS = STAFF[CENTRE][0]
PICK, HAND = st.integers(0, 5), st.integers(0, 2)
WORDS = st.sampled_from(["甲", "乙"])


class DocumentsInMemory:
    """Stands for the folder of documents."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, content: bytes) -> str:
        """Keep it under a name as long as a hash."""
        name = f"{len(self.kept):064x}"
        self.kept[name] = content
        return name

    def get(self, sha256: str) -> bytes:
        """What was kept."""
        return self.kept[sha256]

    def remove(self, sha256: str, *, put_before: datetime) -> bool:
        """Forget it."""
        return self.kept.pop(sha256, b"") is not None

    def names(self) -> Iterator[str]:
        """All of them."""
        return iter(self.kept)


class DatabaseInMemory(Database):
    """The real store on one connection of SQLite, without a file."""

    def __init__(self, sealer: Sealer, clock: Any) -> None:
        self.engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        self.reading = self.engine.execution_options()
        self._sealer = sealer
        self._clock = clock
        self._meter = Unmeasured()
        self._patience = Patience(0)

        @event.listens_for(self.engine, "connect")
        def _prepare(connection: Connection, _record: object) -> None:
            connection.execute("PRAGMA foreign_keys=ON")

        Base.metadata.create_all(self.engine)


@cache
def _scan() -> bytes:
    buffer = BytesIO()
    Image.new("L", (60, 80), 255).save(buffer, "PNG")
    return buffer.getvalue()


def _sheet(unit: str, person: int, serial: int) -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append([column.value for column in COLUMNS])
    own = contact(person)
    name = next(u.name for u in UNITS if u.code == unit)
    kind = "211" if unit in SCHOOLS else ""
    cells = [name, NAMES[person], own.id_number, own.office_phone, own.email, own.mobile, kind]
    sheet.append([*cells, "教师系统信息管理员", f"示范路{serial}号"])
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@seed(20261120)
class Office(RuleBasedStateMachine):
    """What can be done, and by whom it is tried."""

    done: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        rng, ticks = random.Random(1), iter(range(10**9))
        sealer = Sealer(FieldKey(bytes(32)))
        clock = lambda: datetime(2026, 11, 20, tzinfo=UTC) + timedelta(seconds=next(ticks))  # noqa: E731
        self.database = DatabaseInMemory(sealer, clock)
        self.services = Services(
            begin=self.database.begin,
            read=self.database.read,
            clock=clock,
            random_bytes=rng.randbytes,
            keyed_hash=sealer.keyed_hash,
            documents=DocumentsInMemory(),
            authority=_no_key,
            custody=CustodyKey(new_private_key),
            terms=Terms(timedelta(1), timedelta(1), "ec-p256", "示范"),
        )
        with self.services.begin() as uow:
            uow.units.add_all(UNITS)
        self.serial = 0
        self.ids: list[str] = []
        self.holders: list[str] = []
        self.stopped: list[str] = []
        self.looked: dict[tuple[str, str], tuple[str, object]] = {}
        self.approved: dict[str, tuple[str, object]] = {}
        self.entered: dict[str, set[str]] = {}

    def teardown(self) -> None:
        self.database.engine.dispose()

    @contextmanager
    def trying(self, what: str) -> Iterator[None]:
        """Most of what is tried is refused; what succeeds is counted."""
        try:
            yield
        except DomainError:
            return
        Office.done[what] += 1

    @contextmanager
    def _state(self) -> Iterator[SqlUnitOfWork]:
        with self.database.read() as uow:
            yield uow

    def _content(self, own: str) -> object:
        """What lies there, told apart by the test's own means."""
        with self._state() as uow:
            a = uow.applications.get(own)
            names = [u.name for u in uow.units.find(code=uow.units.lineage(a.unit_code))]
            scan = uow.batches.get(a.batch_id).scan_sha256
        return a.name, a.address, a.unit_code, a.user_type, a.contact, names, scan

    def _here(self, own: str, second: int) -> Actor:
        """Somebody where the application lies: who did not enter it if there is one of that number, else anybody."""
        with self._state() as uow:
            place = uow.applications.get(own).at_unit
        there = STAFF.get(place, STAFF[LEAGUE])
        free = [who for who in there if who.login not in self.entered[own]]
        return free[second] if second < len(free) else there[-1]

    def _look(self, own: str, who: Actor) -> None:
        with self._state() as uow:
            seen = shown(uow, [uow.applications.get(own)])[own].sha256()
        self.looked[who.login, own] = (seen, self._content(own))

    def _decide(self, own: str, who: Actor, act: str) -> None:
        seen, content = self.looked.get((who.login, own), ("", None))
        verdict = review.Verdict(own, ApplicationEvent(act), "缺少公章" if act == "return" else "", seen)
        now = self._content(own)
        with self.trying(act):
            review.decide(self.services, who, [verdict])
            assert content == now, "acted upon other bytes than shown"
            assert who.login not in self.entered[own], "reviewed what they entered"
            if act == "approve":
                self.approved[own] = (seen, now)

    @rule(person=st.integers(0, 2), unit=st.sampled_from([*SCHOOLS, BANNERS[0]]), clerk=EVERYBODY)
    def enter(self, person: int, unit: str, clerk: Actor) -> None:
        """A form comes in."""
        self._enter(person, unit, clerk)

    def _enter(self, person: int, unit: str, clerk: Actor) -> None:
        self.serial += 1
        upload = Upload(unit, _sheet(unit, person, self.serial), "a.xlsx", _scan(), "a.png")
        with self.trying("enter"):
            for made in import_batch(self.services, clerk, upload).taken:
                self.ids.append(made.id)
                self.entered[made.id] = {clerk.login}

    @precondition(lambda self: self.ids)
    @rule(pick=PICK, who=EVERYBODY)
    def look(self, pick: int, who: Actor) -> None:
        """Somebody opens the page and leaves it open."""
        self._look(self.ids[pick % len(self.ids)], who)

    @precondition(lambda self: len(self.ids) > 2)
    @rule(
        pick=PICK, column=st.sampled_from(["name", "address"]), word=st.sampled_from(["甲", "乙"]), late=st.booleans()
    )
    def write_by_hand(self, pick: int, column: str, word: str, *, late: bool) -> None:
        """Somebody writes past the service, best between approval and push."""
        with self._state() as uow:
            due = [a.id for a in uow.applications.find(status=ApplicationStatus.APPROVED)] if late else []
        among = due or self.ids
        self._write(among[pick % len(among)], column, word)

    def _write(self, own: str, column: str, word: str) -> None:
        values = {"word": word, "own": own}
        with self.database.engine.begin() as connection:
            connection.execute(text(f"UPDATE application SET {column} = :word WHERE id = :own"), values)

    @precondition(lambda self: self.ids)
    @rule(pick=PICK, who=EVERYBODY, act=st.sampled_from(["forward", "return", "approve"]))
    def act_on_an_old_page(self, pick: int, who: Actor, act: str) -> None:
        """Any act by anybody, on whatever page was open."""
        self._decide(self.ids[pick % len(self.ids)], who, act)

    @precondition(lambda self: self.ids)
    @rule(pick=PICK, second=HAND)
    def go_back(self, pick: int, second: int) -> None:
        """Looked at and returned where it lies."""
        own = self.ids[pick % len(self.ids)]
        who = self._here(own, second)
        self._look(own, who)
        self._decide(own, who, "return")

    @precondition(lambda self: self.ids)
    @rule(pick=PICK, second=HAND, end=st.booleans(), then=st.sampled_from(["", "push", "meddle"]))
    def go_up(self, pick: int, second: int, *, end: bool, then: str) -> None:
        """The ordinary way: looked at and forwarded unit by unit, and approved at its end."""
        own = self.ids[pick % len(self.ids)]
        with self.trying("resubmit"):
            review.resubmit(self.services, BOSS, [own])
            self.entered[own].add(BOSS.login)
        for _ in range(3):
            who = self._here(own, second)
            self._look(own, who)
            self._decide(own, who, "approve" if who.unit_code == CENTRE and end else "forward")
        if then == "meddle":
            self._write(own, "name", "甲")
        if then:
            self.push()

    @precondition(lambda self: self.ids)
    @rule(pick=PICK, who=EVERYBODY)
    def submit_again(self, pick: int, who: Actor) -> None:
        """A clerk sends a returned one up again."""
        own = self.ids[pick % len(self.ids)]
        with self.trying("resubmit"):
            review.resubmit(self.services, who, [own])
            self.entered[own].add(who.login)

    @precondition(lambda self: self.approved)
    @rule()
    def push(self) -> None:
        """The directory pushes what is due."""
        directory = actor(Role.DIRECTORY)
        answers = push.receive(self.services, directory, push.due(self.services, limit=100), body=b"").confirmations
        with self.trying("push"):
            push.record_confirmations(self.services, directory, answers)
        for answer in answers:
            if answer.outcome is push.Outcome.REGISTERED:
                Office.done["registered"] += 1
                self.holders.append(answer.holder_id)
                assert self._content(answer.external_id) == self.approved[answer.external_id][1], "pushed other bytes"

    @precondition(lambda self: self.stopped)
    @rule(pick=PICK, clerk=st.sampled_from(STAFF[LEAGUE]), who=EVERYBODY)
    def restore(self, pick: int, clerk: Actor, who: Actor) -> None:
        """Somebody who was stopped shall come back."""
        self._change(self.stopped[pick % len(self.stopped)], ChangeKind.RESTORE, "", clerk, who=who)

    @precondition(lambda self: self.holders)
    @rule(
        pick=PICK,
        kind=st.sampled_from([ChangeKind.STOP, ChangeKind.INFORMATION_CHANGE]),
        unit=st.sampled_from(SCHOOLS),
        clerk=st.sampled_from(STAFF[LEAGUE]),
        who=EVERYBODY,
        back=st.booleans(),
    )
    def change(self, pick: int, kind: ChangeKind, unit: str, clerk: Actor, who: Actor, *, back: bool) -> None:
        """A stop and a successor, or a move to another unit; entered by the league, decided by whoever tries first."""
        holder = self.holders[pick % len(self.holders)]
        self._change(holder, kind, unit, clerk, who=who)
        if kind is ChangeKind.STOP:
            self.stopped.append(holder)
            with self._state() as uow:
                left = uow.holders.get(holder).unit_code
            self._enter(pick % 3, left, BOSS)
        if back:
            self._change(holder, ChangeKind.RESTORE, "", clerk, who=who)

    def _change(self, holder: str, kind: ChangeKind, unit: str, clerk: Actor, *, who: Actor) -> None:
        after = {Particular.UNIT: unit} if kind is ChangeKind.INFORMATION_CHANGE else {}
        form = change.Form(kind, holder, "调动", "同意", kind is ChangeKind.STOP, _scan(), "a.png", after)
        case = None
        with self.trying(f"submit {kind}"):
            case = change.submit(self.services, clerk, form)
        if case is None:
            return
        with self.trying("decide by anybody"):
            change.decide(self.services, who, case.id, change.Decision(approve=True))
            assert who.login != clerk.login, "decided what they entered"
        with self.trying("decide"):
            change.decide(self.services, BOSS, case.id, change.Decision(approve=True))
        with self.trying(f"execute {kind}"):
            change.execute(self.services, BOSS, case.id)
        with self.trying("refuse"):
            change.decide(self.services, BOSS, case.id, change.Decision(approve=False, reason="办不成"))

    @precondition(lambda self: len(self.ids) > 1)
    @rule(event=st.sampled_from(list(DECISIONS)), who=EVERYBODY, rightly=st.booleans())
    def settle_a_conflict(self, event: ConflictEvent, who: Actor, *, rightly: bool) -> None:
        """The oldest open conflict is decided by whoever tries, or by whom it is up to."""
        with self._state() as uow:
            cases = uow.conflicts.find(status=ConflictStatus.UNDECIDED, order="opened_at", limit=1)
        for case in cases:
            entered = self.entered[case.first_id] | self.entered[case.second_id]
            who = next((p for p in STAFF[case.at_unit] if rightly and p.login not in entered), who)
            with self.trying(f"conflict {event}"):
                decide_conflict(self.services, who, case.id, ConflictDecision(event, "核实过"))
                assert who.login not in entered, "decided about what they entered"

    @invariant()
    def one_administrator_a_unit(self) -> None:
        """Live accounts and applications under way take each place at most once."""
        with self._state() as uow:
            holders = {h.external_id: h for h in uow.holders.find()}
            taken = Counter(h.unit_code for h in holders.values() if h.status is HolderStatus.ACTIVE)
            taken.update(a.unit_code for a in uow.applications.find(status=LIVE) if a.id not in holders)
        assert all(count == 1 for count in taken.values()), taken

    @invariant()
    def what_is_approved_is_what_its_approver_was_shown(self) -> None:
        """The hash that is kept is that of the page the approver had open."""
        with self._state() as uow:
            for a in uow.applications.find(status=[ApplicationStatus.APPROVED, ApplicationStatus.CONFIRMED]):
                steps = [step for step in uow.steps.find(subject=a.id) if step.event == "approve"]
                assert steps[-1].shown_sha256 == a.approved_sha256 == self.approved[a.id][0]


def _no_key(_name: str) -> NoReturn:
    raise NotFound("there is no CA in this play")


@pytest.mark.timeout(400)  # a failure is cut down to the few acts that it takes
def test_no_sequence_of_acts_breaks_a_rule() -> None:
    Office.done.clear()
    run_state_machine_as_test(
        Office,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    happened = {what for what, times in Office.done.items() if times}
    assert happened >= {"enter", "forward", "return", "approve", "resubmit", "registered", "decide"}
    assert happened >= {"execute stop", "execute restore", "execute information-change"}
    assert any(what.startswith("conflict") for what in happened)
