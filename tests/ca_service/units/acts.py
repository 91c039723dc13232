"""The shortest way to a carried-out act on a unit: tests say only what deviates."""

from ca_service.domain.applications import Application, ApplicationStatus, Batch
from ca_service.domain.roles import Role
from ca_service.domain.unit_cases import Effect, Order, Plan, UnitCase
from ca_service.domain.units import Unit
from ca_service.workflows import unit_cases
from tests.ca_service.office import CONTACT, Office, actor

CA_ADMIN, SECURITY = actor(Role.CA_ADMIN), actor(Role.SECURITY_ADMIN)
GROUND = "示范发〔2026〕1号"


def preview(office: Office, order: Order) -> Plan:
    """What the CA administrator is shown."""
    return unit_cases.preview(office.services, CA_ADMIN, order)


def propose(office: Office, order: Order) -> UnitCase:
    """A case that waits for the security administrator."""
    seen = preview(office, order).sha256()
    return unit_cases.propose(office.services, CA_ADMIN, order, seen=seen, ground=GROUND)


def version(office: Office, case: UnitCase) -> str:
    """The version of the plan that the security administrator is shown now."""
    plan = unit_cases.view_case(office.services, SECURITY, case.id).plan
    assert plan is not None
    return plan.sha256()


def carry_out(office: Office, order: Order) -> UnitCase:
    """Propose and confirm."""
    case = propose(office, order)
    return unit_cases.confirm(office.services, SECURITY, case.id, seen=version(office, case))


def unit(office: Office, code: str) -> Unit:
    """A unit as it stands."""
    with office.services.read() as uow:
        return uow.units.get(code)


def touched(plan: Plan, effect: Effect) -> list[str]:
    """What an effect touches."""
    return [step.subject for step in plan.steps if step.effect is effect]


def application(office: Office, name: str, unit_code: str, *, at_unit: str, user_type: str = "信息管理员") -> None:
    """An application under way that lies with a unit."""
    services = office.services
    sheet = services.documents.put(name.encode())
    batch = Batch(f"B-{name}", unit_code, sheet, sheet, "somebody", services.clock())
    made = Application(
        id=name,
        batch_id=batch.id,
        row_number=4,
        unit_code=unit_code,
        name="示范人",
        user_type=user_type,
        school_type="211",
        address="示范路 1 号",
        contact=CONTACT,
        id_number_hash=services.keyed_hash(name),
        status=ApplicationStatus.SUBMITTED,
        at_unit=at_unit,
        entered_by="somebody",
        submitted_at=services.clock(),
    )
    with services.begin() as uow:
        uow.batches.add(batch)
        uow.applications.add(made)
