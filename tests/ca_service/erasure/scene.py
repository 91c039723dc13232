"""A person who has been through everything that the service does, so that each table has something to tell of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from ca_service.domain.applications import ApplicationStatus
from ca_service.domain.certificates import Certificate
from ca_service.domain.changes import CertificateAct, Change, ChangeKind, Particular
from ca_service.domain.conflicts import ConflictEvent
from ca_service.domain.erasures import Erasure
from ca_service.domain.responsible import Duty
from ca_service.domain.roles import Actor, Role
from ca_service.intake.columns import Column
from ca_service.intake.template import write_roster
from ca_service.periodic import WORKER
from ca_service.wiring import Wiring
from ca_service.workflows import change, handovers, orders, push, review, roster
from ca_service.workflows import erasures as workflow
from ca_service.workflows.certificate_status import freeze
from ca_service.workflows.conflict_cases import ConflictDecision, decide_conflict
from ca_service.workflows.erasure_chores import do_chores
from ca_service.workflows.messages import deliver
from ca_service.workflows.register import Upload, import_batch
from ca_service.workflows.sign_ins import ReportedSignIn, report
from tests.ca_service.conftest import TestClock
from tests.ca_service.desk import BANNER_REVIEWER, CENTRE_REVIEWER, LEAGUE_REVIEWER
from tests.ca_service.office import BANNER, LEAGUE, Office, SoftwareKeyInPlaceOfToken, actor
from tests.ca_service.sheets import SCHOOLS, person
from tests.road.roster import make_scan_pdf

SECURITY = actor(Role.SECURITY_ADMIN)
OPERATOR = actor(Role.OPERATOR)
HERE = [number for number, school in enumerate(SCHOOLS) if school.parent_code == BANNER]
AFTER = {Particular.MOBILE: "19977700001", Particular.EMAIL: "tuoba-after@privacy.example"}


@dataclass(frozen=True)
class Subject:
    """An invented person of the school with this number in `HERE`."""

    number: int
    name: str

    @property
    def row(self) -> Mapping[Column, str]:
        """The row of the sheet."""
        number = HERE[self.number]
        deviation = {"NAME": self.name, "MOBILE": f"199777{number:05d}", "EMAIL": f"tuoba{number}@privacy.example"}
        return person(number, **deviation, OFFICE_PHONE=f"0473-39{number:05d}", ADDRESS=f"乌海市拓跋路 {number} 号")

    @property
    def needles(self) -> frozenset[str]:
        """What must be found nowhere."""
        columns = (Column.NAME, Column.ID_NUMBER, Column.MOBILE, Column.EMAIL, Column.OFFICE_PHONE, Column.ADDRESS)
        return frozenset({*(self.row[column] for column in columns), *AFTER.values()})

    def scan(self, what: str) -> bytes:
        """A stamped form, with everything on it."""
        return make_scan_pdf() + f"\n% {what} {' '.join(self.row.values())}\n".encode()


FIRST, SECOND = Subject(0, "拓跋示清"), Subject(1, "尉迟示存")


@dataclass
class Scene:
    """The service, and the way of a person through it."""

    wiring: Wiring
    clock: TestClock
    holders: dict[Subject, str] = field(default_factory=dict)

    @property
    def office(self) -> Office:
        """People in every role."""
        return Office(self.wiring.services)

    def registered(self, *subjects: Subject) -> None:
        """One sheet with all of them, reviewed on the way up and pushed."""
        office, services = self.office, self.wiring.services
        assert office.school
        sheet = write_roster([subject.row for subject in subjects])
        upload = Upload(LEAGUE, sheet, "登记表.xlsx", subjects[0].scan("registration"), "form.pdf")
        taken = import_batch(services, office.clerk, upload).taken
        ids = [one.id for one in taken]
        review.forward(services, BANNER_REVIEWER, ids)
        review.forward(services, LEAGUE_REVIEWER, ids)
        review.approve(services, CENTRE_REVIEWER, ids)
        answers = office.push(push.due(services, limit=10))
        push.record_confirmations(services, office.directory, answers)
        by_application = {answer.external_id: answer.holder_id for answer in answers}
        self.holders |= {subject: by_application[one.id] for subject, one in zip(subjects, taken, strict=True)}

    def twice_applied(self, subject: Subject) -> None:
        """A second application of the same person at another school: a conflict, decided, returned with a reason."""
        other = SCHOOLS[HERE[5]]
        row = {**subject.row, Column.UNIT: other.name, Column.SCHOOL_TYPE: other.school_type or ""}
        upload = Upload(LEAGUE, write_roster([row]), "再次登记.xlsx", subject.scan("second"), "form.pdf")
        services = self.wiring.services
        (taken,) = import_batch(services, self.office.clerk, upload).taken
        with services.read() as uow:
            (case,) = uow.conflicts.find(second_id=taken.id) or uow.conflicts.find(first_id=taken.id)
        back = ConflictEvent.RETURN_SECOND if case.second_id == taken.id else ConflictEvent.RETURN_FIRST
        decide_conflict(services, BANNER_REVIEWER, case.id, ConflictDecision(back, f"{subject.name}已在原学校登记"))

    def certified(self, subject: Subject, token: str) -> Certificate:
        """A token handed over on a signed sheet, the download, the first sign-in."""
        office, services = self.office, self.wiring.services
        made: SoftwareKeyInPlaceOfToken = office.token(token)
        handovers.allocate(services, office.custodian, token, holder_id=self.holders[subject])
        sheet = handovers.prepare_sheet(services, office.custodian)
        scan = subject.scan("dispatch")
        handovers.sign_sheet(services, office.custodian, sheet.id, scan=scan, scan_name="sheet.pdf")
        begun = office.begin(made, office.codes(self.holders[subject]))
        certificate = office.confirm(made, begun, office.fetch(made, begun))
        report(services, actor(Role.RELYING), [ReportedSignIn(certificate.serial, self.clock())])
        return certificate

    def changed(self, subject: Subject, kind: ChangeKind, **more: object) -> Change:
        """A change case with its scan, decided and carried out."""
        office, services = self.office, self.wiring.services
        scan = subject.scan(f"change {kind}")
        form = {"explanation": f"{subject.name}本人申请", "opinion": f"同意{subject.name}的申请", "transferred": False}
        act = more.pop("act", None)
        case = change.submit(
            services, office.clerk,
            change.Form(kind, self.holders[subject], scan=scan, scan_name="form.pdf", **{**form, **more}),  # type: ignore[arg-type]
        )  # fmt: skip
        decision = change.Decision(approve=True, reason=f"{subject.name}情况属实", certificate_act=act)  # type: ignore[arg-type]
        change.decide(services, office.reviewer, case.id, decision)
        return change.execute(services, office.reviewer, case.id)

    def listed(self, subject: Subject) -> None:
        """On the roster of responsible persons, and taken off it again."""
        services, clerk = self.wiring.services, self.office.clerk
        row = subject.row
        texts = {
            "name": subject.name, "office": "办公室", "post": "信息管理员", "office_phone": row[Column.OFFICE_PHONE],
            "mobile": row[Column.MOBILE], "email": row[Column.EMAIL],
        }  # fmt: skip
        code = SCHOOLS[HERE[subject.number]].code
        line = roster.enter(services, clerk, code, roster.read_entry(Duty.ADMINISTRATOR, texts))
        roster.remove(services, clerk, code, line.id)

    def whole_road(self, subject: Subject) -> Certificate:
        """Everything; the account is stopped and the certificate revoked at the end."""
        office, services = self.office, self.wiring.services
        self.twice_applied(subject)
        certificate = self.certified(subject, f"T-{subject.number}")
        self.listed(subject)
        self.changed(subject, ChangeKind.INFORMATION_CHANGE, after=AFTER)
        self.changed(subject, ChangeKind.UNLOCK)
        freeze(services, office.reviewer, certificate.serial, reason=f"{subject.name}电话挂失")
        with services.read() as uow:
            orders_open = uow.orders.find(serial=certificate.serial)
        for order in orders_open:
            orders.confirm_order(services, actor(Role.REVIEWER, login="second-reviewer"), order.id)
        self.changed(subject, ChangeKind.STOP, act=CertificateAct.REVOKE)
        assert deliver(services, self.wiring.couriers())
        return certificate

    def years_later(self, years: float = 5.1) -> None:
        """The time of retention is over (from now on, or from the end of a revoked certificate)."""
        self.clock.passed += timedelta(days=365.25 * years)

    def erased(self, *subjects: Subject) -> Erasure:
        """By two people, with all chores done."""
        done = self.confirmed(*subjects)
        self.swept()
        return done

    def confirmed(self, *subjects: Subject) -> Erasure:
        """By two people; what lies outside the rows is still there."""
        holders = [self.holders[subject] for subject in subjects]
        case = workflow.propose(self.wiring.services, self.office.reviewer, holders, ground="教档〔2032〕1号")
        return workflow.confirm(self.wiring.services, SECURITY, case.id, seen=case.seen)

    @property
    def erased_by(self) -> Actor:
        """Who confirms."""
        return SECURITY

    def swept(self) -> None:
        """All chores."""
        while do_chores(self.wiring.services, WORKER, self.wiring.erasing_hands):
            continue

    def withdrawn(self) -> int:
        """How many applications were withdrawn."""
        with self.wiring.services.read() as uow:
            return uow.applications.count(status=ApplicationStatus.WITHDRAWN)
