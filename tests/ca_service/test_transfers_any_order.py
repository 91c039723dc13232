"""Hand-overs in any order of acts by anybody: the unit never has two information administrators, and never none.

Only a stop that is carried out by itself, after a hand-over was given up, may leave it without one.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ca_service.domain.applications import ApplicationStatus
from ca_service.domain.certificates import LIVE
from ca_service.domain.changes import CertificateAct, ChangeKind
from ca_service.domain.errors import DomainError
from ca_service.domain.holders import HolderStatus
from ca_service.domain.persons import UserType
from ca_service.domain.roles import Role
from ca_service.domain.transfers import OPEN, TransferStatus
from ca_service.wiring import Wiring
from ca_service.workflows import change, handovers, push, review, transfer_execution, transfers
from tests.ca_service.conftest import Fresh
from tests.ca_service.desk import BANNER_REVIEWER, CENTRE_REVIEWER, LEAGUE_REVIEWER, Desk
from tests.ca_service.office import Office, actor
from tests.ca_service.test_transfers import apply_for, stop_form

# What leads on comes oftener, or hardly a sequence would reach the end.
_ACTS = (
    "apply", "apply", "begin", "begin", "up", "up", "up", "approve", "approve", "decide", "decide", "execute",
    "execute", "push", "stop", "stop-alone", "give-up", "refuse", "return", "again", "name", "restore", "download",
)  # fmt: skip
_STEPS = st.lists(st.tuples(st.sampled_from(_ACTS), st.integers(0, 5)), min_size=10, max_size=26)
_REVIEWERS = (BANNER_REVIEWER, LEAGUE_REVIEWER, CENTRE_REVIEWER)
_REVOKE = change.Decision(approve=True, certificate_act=CertificateAct.REVOKE)


class _School:
    """One school with its administrator, and everybody who may act for it."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.desk = Desk(office)
        self.desk.confirmed(self.desk.enter(1))
        self.people = 1

    def take(self, act: str, number: int) -> None:
        """One act; what the rules refuse changes nothing."""
        self.number = number
        with suppress(DomainError):
            _DO[act](self)

    def _pick(self, among: Sequence[Any]) -> Any:
        if not among:
            raise DomainError("nothing of the kind is there")
        return among[self.number % len(among)]

    def _find(self, kind: str, **equal: object) -> Any:
        with self.office.services.read() as uow:
            return self._pick(getattr(uow, kind).find(**equal))

    def apply(self) -> None:
        self.people += 1
        apply_for(self.office, self.people)

    def begin(self) -> None:
        holder = self._find("holders", unit_code=self.office.school)
        transfers.begin(self.office.services, self.office.clerk, stop_form(self.office, holder.id))

    def up(self) -> None:
        application = self._find("applications", status=ApplicationStatus.SUBMITTED)
        for reviewer in _REVIEWERS[:2]:
            with suppress(DomainError):
                review.forward(self.office.services, reviewer, [application.id])

    def approve(self) -> None:
        application = self._find("applications", status=ApplicationStatus.SUBMITTED)
        review.approve(self.office.services, CENTRE_REVIEWER, [application.id])

    def give_back(self) -> None:
        application = self._find("applications", status=ApplicationStatus.SUBMITTED)
        for reviewer in _REVIEWERS:
            with suppress(DomainError):
                review.give_back(self.office.services, reviewer, [application.id], reason="材料不齐")

    def again(self) -> None:
        application = self._find("applications", status=ApplicationStatus.RETURNED)
        review.resubmit(self.office.services, self.office.clerk, [application.id])

    def decide(self) -> None:
        change.decide(self.office.services, CENTRE_REVIEWER, self._find("changes").id, _REVOKE)

    def refuse(self) -> None:
        no = change.Decision(approve=False, reason="不符合条件")
        change.decide(self.office.services, CENTRE_REVIEWER, self._find("changes").id, no)

    def stop(self) -> None:
        holder = self._find("holders", unit_code=self.office.school)
        change.submit(self.office.services, self.office.clerk, stop_form(self.office, holder.id))

    def restore(self) -> None:
        holder = self._find("holders", unit_code=self.office.school, status=HolderStatus.STOPPED)
        form = change.Form(ChangeKind.RESTORE, holder.id, "回来了", "同意", False, self.office.scan, "form.pdf")
        case = change.submit(self.office.services, self.office.clerk, form)
        change.decide(self.office.services, CENTRE_REVIEWER, case.id, change.Decision(approve=True))
        change.execute(self.office.services, CENTRE_REVIEWER, case.id)

    def stop_alone(self) -> None:
        change.execute(self.office.services, CENTRE_REVIEWER, self._find("changes").id)

    def execute(self) -> None:
        transfer_execution.execute(self.office.services, CENTRE_REVIEWER, self._find("transfers", status=OPEN).id)

    def give_up(self) -> None:
        case = self._find("transfers", status=OPEN)
        transfers.give_up(self.office.services, self.office.clerk, case.id, reason="不办了")

    def name(self) -> None:
        case = self._find("transfers", status=OPEN)
        application = self._find("applications")
        transfers.name_successor(self.office.services, self.office.clerk, case.id, application.id)

    def push(self) -> None:
        # A directory of its own may push what was approved at any time, asked or not.
        with self.office.services.read() as uow:
            approved = uow.applications.find(status=ApplicationStatus.APPROVED)
        if self.number % 2:
            self.office.push([push._person(application) for application in approved])
        self.desk.pushed()

    def download(self) -> None:
        holder = self._find("holders", status=HolderStatus.ACTIVE)
        token = self.office.token(f"T{self.people}-{self.number}")
        handovers.hand_over(self.office.services, self.office.custodian, token.serial, holder_id=holder.id)
        begun = self.office.begin(token, self.office.codes(holder.id))
        self.office.confirm(token, begun, self.office.fetch(token, begun))

    def check(self, act: str, before: int) -> int:
        """What must hold after every step; return how many administrators there are."""
        with self.office.services.read() as uow:
            people = uow.holders.find(unit_code=self.office.school, user_type=UserType.INFORMATION.value)
            active = {holder.id for holder in people if holder.status is HolderStatus.ACTIVE}
            cases = uow.transfers.find()
            with_certificate = {c.holder_id for c in uow.certificates.find(status=LIVE, profile=_PROFILE)}
            named = {case.id: uow.holders.find(external_id=case.application_id or "") for case in cases}
        assert len(active) <= 1
        assert len(active) >= before or act == "stop-alone", act
        assert with_certificate <= active
        for case in cases:
            if case.is_open:
                assert active == {case.holder_id}
            if case.status is TransferStatus.DONE:
                assert named[case.id]
        return len(active)


_PROFILE = "information-administrator"
_DO: Mapping[str, Callable[[_School], None]] = {
    "apply": _School.apply, "begin": _School.begin, "up": _School.up, "approve": _School.approve,
    "decide": _School.decide, "execute": _School.execute, "push": _School.push, "stop": _School.stop,
    "stop-alone": _School.stop_alone, "give-up": _School.give_up, "refuse": _School.refuse,
    "return": _School.give_back, "again": _School.again, "name": _School.name, "restore": _School.restore,
    "download": _School.download,
}  # fmt: skip


def test_the_unit_never_has_two_administrators_and_never_none(fresh: tuple[int, Fresh]) -> None:
    number, database = fresh

    # A sequence is short enough to read as it was found: shrinking it would cost minutes of a red run.
    @settings(
        max_examples=number, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
    @given(_STEPS)
    def try_sequence(steps: list[tuple[str, int]]) -> None:
        with contextmanager(database)() as config:
            wiring = Wiring(config)
            school = _School(Office(wiring.services))
            there = school.check("start", 0)
            for act, which in steps:
                school.take(act, which)
                there = school.check(act, there)
            wiring.database.engine.dispose()

    try_sequence()


def test_the_shortest_way_is_one_of_the_sequences(office: Office) -> None:
    """So that the test above is known to reach a hand-over that was carried out."""
    school = _School(office)
    there = school.check("start", 0)
    for act in ("begin", "apply", "up", "approve", "decide", "push", "execute", "download"):
        school.take(act, 1)
        there = school.check(act, there)
    assert transfers.transfers(office.services, actor(Role.AUDITOR)).rows[0].case.status is TransferStatus.DONE
