"""Whatever is created, moved, merged, closed and reopened, in any order: the tree stays a tree that keeps its rules."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from ca_service.domain.errors import DomainError
from ca_service.domain.holders import HolderStatus
from ca_service.domain.roles import Role
from ca_service.domain.unit_cases import Order, UnitAct
from ca_service.domain.units import Unit, UnitKind, placed_below, validate_unit
from ca_service.store.models import LineageRow
from ca_service.wiring import Wiring
from ca_service.workflows.push import PushedPerson, receive
from ca_service.workflows.units import create_unit
from tests.ca_service.conftest import Fresh
from tests.ca_service.office import CONTACT, Office, actor
from tests.ca_service.units.acts import GROUND, carry_out

BUREAUS = ("150300", "150302", "150303", "150304", "150100", "150102")
_Step = tuple[str, int, int, bool]
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "person", UnitAct.MERGE, UnitAct.MERGE, *UnitAct]),
        st.integers(0, 11),
        st.integers(0, 11),
        st.booleans(),
    ),
    min_size=6,
    max_size=14,
)


class _World:
    """Some bureaus of the region with a school each, and whatever else comes."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.numbers = itertools.count(1)
        self.schools: list[str] = []
        for bureau in BUREAUS:
            self._create(bureau)
        self._register(self.schools[1])
        self._register(self.schools[2])

    def take(self, step: _Step) -> None:
        """One act of a sequence; what the rules refuse changes nothing."""
        what, first, second, flag = step
        one = _pick(self.schools if flag else BUREAUS, first)
        with suppress(DomainError):
            if what == "create":
                self._create(_pick(BUREAUS, second))
            elif what == "person":
                self._register(one)
            else:
                self._act(UnitAct(what), one, second, stop=first % 3 == 0)

    def _act(self, act: UnitAct, one: str, second: int, *, stop: bool) -> None:
        is_school = one in self.schools
        # Nobody merges a school into a bureau or moves it below another school: what can go wrong is among the rest.
        others = BUREAUS if act is not UnitAct.MERGE or not is_school else self.schools
        name = f"示范单位{next(self.numbers)}"
        other = "" if act in (UnitAct.CLOSE, UnitAct.RENAME) else _pick(others, second)
        carry_out(self.office, Order(act, one, name, other, stop_people=stop))

    def _register(self, code: str) -> None:
        # At most one by registration; the acts must not make them two.
        with self.office.services.read() as uow:
            taken = uow.holders.count(unit_code=code, status=HolderStatus.ACTIVE)
        if not taken:
            person = PushedPerson(f"P{next(self.numbers)}", code, "示范人", "信息管理员", CONTACT)
            receive(self.office.services, self.office.directory, [person], body=b"")

    def _create(self, above: str) -> None:
        with self.office.services.read() as uow:
            parent = uow.units.get(above)
        number = next(self.numbers)
        plain = Unit(f"2115{number:06d}", f"示范小学{number}", UnitKind.SCHOOL, above, parent.area_code, "211")
        area = {"150300": "150302", "150100": "150102"}.get(above, "")
        unit = placed_below(plain, parent, area)
        create_unit(self.office.services, actor(Role.CA_ADMIN), unit, ground=GROUND)
        self.schools.append(unit.code)


def _pick(among: Sequence[str], number: int) -> str:
    return among[number % len(among)]


def _check(wiring: Wiring) -> None:
    """The whole state: lineage, kinds, parents, administrators, history."""
    with wiring.services.read() as uow:
        units = {unit.code: unit for unit in uow.units.find()}
        people = Counter(uow.holders.tally("unit_code", status=HolderStatus.ACTIVE))
        events = uow.unit_events.tally("unit_code")
    with wiring.database.reading.connect() as connection:
        row = LineageRow
        rows = connection.execute(select(row.unit_code, row.above_code, row.depth))
        stored = {(unit, above): depth for unit, above, depth in rows}
    climbed = {(code, above): depth for code in units for depth, above in enumerate(_climb(units, code))}
    assert stored == climbed
    for unit in units.values():
        parent = units[unit.parent_code] if unit.parent_code else None
        assert events[unit.code] >= 1
        if unit.is_open:
            validate_unit(unit, parent)
            assert parent is None or parent.is_open
            assert people[unit.code] <= (unit.kind.max_information_administrators or 99)
        else:
            assert people[unit.code] == 0
            assert unit.closed_at is not None


def _climb(units: dict[str, Unit], code: str) -> Iterator[str]:
    at: str | None = code
    for _ in range(len(units) + 1):
        if at is None:
            return
        yield at
        at = units[at].parent_code
    raise AssertionError(f"a loop above {code}")


def test_the_tree_stays_a_tree_that_keeps_its_rules(fresh: tuple[int, Fresh]) -> None:
    number, database = fresh

    # A sequence is short enough to read as it was found: shrinking it would cost minutes of a red run.
    @settings(
        max_examples=number, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
    @given(_STEPS)
    def try_sequence(steps: list[_Step]) -> None:
        with contextmanager(database)() as config:
            wiring = Wiring(config)
            world = _World(Office(wiring.services))
            for step in steps:
                world.take(step)
            _check(wiring)
            wiring.database.engine.dispose()

    try_sequence()
