"""Applications on reviewers' desks: entered as an import leaves them, brought to any point of the way up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ca_service.domain.applications import Application, ApplicationStatus, Batch, Contact
from ca_service.domain.persons import check_digit
from ca_service.domain.review import path_above
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows import push, review
from ca_service.workflows.conflicts import open_conflicts
from ca_service.workflows.shown import shown
from ca_service.workflows.succession import pair
from tests.ca_service.office import BANNER, LEAGUE, Office, actor
from tests.road.roster import make_units

CENTRE_REVIEWER, LEAGUE_REVIEWER = actor(Role.REVIEWER), actor(Role.REVIEWER, LEAGUE)
BANNER_REVIEWER = actor(Role.REVIEWER, BANNER)
UP = (BANNER_REVIEWER, LEAGUE_REVIEWER)
CENTRE = CENTRE_CODE


def id_number(person: int) -> str:
    """The ID number of an invented person: sequence number 000 is not handed out (tests/road/roster.py)."""
    born = date(1970, 1, 1) + timedelta(days=20 * person)
    bodies = (f"150302{born + timedelta(days=day):%Y%m%d}000" for day in range(20))
    return next(body + check_digit(body) for body in bodies if check_digit(body) != "0")


def contact(person: int) -> Contact:
    """The personal fields of an invented person."""
    return Contact(id_number(person), "0473-3000001", f"p{person}@example.com", f"1990000{person:04d}")


@dataclass
class Desk:
    """An office whose clerks enter and whose reviewers review."""

    office: Office

    def schools(self) -> Sequence[str]:
        """The schools below the banner."""
        assert self.office.school
        units = make_units(schools=60, league_code=LEAGUE).units
        return [unit.code for unit in units if unit.parent_code == BANNER]

    def enter(
        self,
        person: int = 1,
        *,
        unit: str = "",
        name: str = "示范人",
        clerk: Actor | None = None,
        user_type: str = "信息管理员",
    ) -> Application:
        """One application, as an import leaves it."""
        services = self.office.services
        unit_code = unit or self.office.school
        scan = services.documents.put(self.office.scan)
        by = clerk or self.office.clerk
        batch = Batch(services.new_id("B"), unit_code, services.new_id("S"), scan, by.login, services.clock())
        with services.begin() as uow:
            made = Application(
                id=services.new_id("A"),
                batch_id=batch.id,
                row_number=2,
                unit_code=unit_code,
                name=name,
                user_type=user_type,
                school_type="211",
                address="某街一号",
                contact=contact(person),
                id_number_hash=services.keyed_hash(id_number(person)),
                status=ApplicationStatus.SUBMITTED,
                at_unit=path_above(uow.units.lineage(unit_code))[0],
                entered_by=by.login,
                submitted_at=services.clock(),
            )
            uow.batches.add(batch)
            uow.applications.add(made)
            open_conflicts(services, uow, by, [made])
            pair(uow, by, [made])
        return made

    def at_centre(self, *applications: Application) -> Sequence[str]:
        """Bring applications of the banner's schools all the way up."""
        ids = [application.id for application in applications]
        for reviewer in UP:
            review.forward(self.office.services, reviewer, ids)
        return ids

    def confirmed(self, application: Application) -> str:
        """Approve and push; return the person's id."""
        review.approve(self.office.services, CENTRE_REVIEWER, self.at_centre(application))
        return self.pushed()[application.id]

    def pushed(self) -> dict[str, str]:
        """Push what is due; holder ids by application."""
        services = self.office.services
        answers = self.office.push(push.due(services, limit=100))
        push.record_confirmations(services, self.office.directory, answers)
        return {answer.external_id: answer.holder_id for answer in answers}

    def application(self, own: str) -> Application:
        """As it is stored now."""
        with self.office.services.read() as uow:
            return uow.applications.get(own)

    def sha256(self, own: str) -> str:
        """What a page that shows it now would post."""
        with self.office.services.read() as uow:
            return shown(uow, [uow.applications.get(own)])[own].sha256()

    def audited(self, tag: str) -> list[tuple[str, str]]:
        """Actor and subject of the audit entries with this tag."""
        with self.office.services.read() as uow:
            return [(entry.actor, entry.subject) for entry in uow.audit.entries() if entry.tag == tag]
