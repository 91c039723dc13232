"""Units registered one by one and from files, corrected, looked for and counted."""

from dataclasses import replace

import pytest

from ca_service.domain import errors
from ca_service.domain.roles import Role
from ca_service.domain.unit_cases import Order, UnitAct, UnitEventKind
from ca_service.domain.units import CENTRE_CODE, Unit, UnitKind
from ca_service.workflows import unit_tree
from ca_service.workflows.listing import Window
from ca_service.workflows.units import Correction, ImportMode, correct_unit, create_unit, import_units
from tests.ca_service.office import BANNER, LEAGUE, Office, actor
from tests.ca_service.units.acts import CA_ADMIN, GROUND, carry_out, unit
from tests.ca_service.units.test_codes import CREDIT_CODE

NEW = Unit("2115900001", "示范（新城）小学", UnitKind.SCHOOL, BANNER, BANNER, "211", CREDIT_CODE)


def test_a_new_unit_is_there_with_the_first_line_of_its_history(office: Office) -> None:
    create_unit(office.services, CA_ADMIN, NEW, ground=GROUND)
    assert unit(office, NEW.code) == NEW
    (event,) = unit_tree.history(office.services, CA_ADMIN, NEW.code)
    assert (event.kind, event.by, event.confirmed_by, event.ground) == (
        UnitEventKind.REGISTERED,
        CA_ADMIN.login,
        "",
        GROUND,
    )
    with office.services.read() as uow:
        assert list(uow.units.lineage(NEW.code)) == [NEW.code, BANNER, LEAGUE, CENTRE_CODE]


def test_what_breaks_a_rule_is_not_registered(office: Office) -> None:
    assert office.school
    carry_out(office, Order(UnitAct.CLOSE, office.school))
    for wrong, error in (
        (replace(NEW, code=office.school), errors.Conflict),
        (replace(NEW, parent_code=office.school), errors.Conflict),
        (replace(NEW, parent_code="nothing"), errors.NotFound),
        (replace(NEW, area_code="150303"), errors.Invalid),
        (replace(NEW, credit_code=CREDIT_CODE.lower()), errors.Invalid),
        (replace(NEW, school_type=None), errors.Invalid),
    ):
        with pytest.raises(error):
            create_unit(office.services, CA_ADMIN, wrong, ground=GROUND)
    with pytest.raises(errors.Invalid, match="依据"):
        create_unit(office.services, CA_ADMIN, NEW, ground="")
    with pytest.raises(errors.Forbidden):
        create_unit(office.services, actor(Role.CLERK), NEW, ground=GROUND)


def test_a_fact_is_put_right_and_the_history_keeps_what_it_was(office: Office) -> None:
    create_unit(office.services, CA_ADMIN, NEW, ground=GROUND)
    correct_unit(office.services, CA_ADMIN, NEW.code, Correction("218", ""), ground="教学点")
    assert unit(office, NEW.code) == replace(NEW, school_type="218", credit_code=None)
    event = unit_tree.history(office.services, CA_ADMIN, NEW.code)[-1]
    assert (event.before, event.after) == (
        {"school_type": "211", "credit_code": CREDIT_CODE},
        {"school_type": "218", "credit_code": ""},
    )
    for wrong in (Correction("218", ""), Correction("311", ""), Correction("", "")):
        with pytest.raises(errors.Invalid):
            correct_unit(office.services, CA_ADMIN, NEW.code, wrong, ground=GROUND)


def test_a_file_may_carry_credit_codes_and_names_its_bad_rows(office: Office) -> None:
    assert office.school
    table = "\n".join(
        [
            "单位代码,单位名称,单位类别,上级单位代码,行政区划代码,办学类型,统一社会信用代码",
            f"{NEW.code},{NEW.name},其他各类学校、幼儿园,{BANNER},{BANNER},小学,{CREDIT_CODE.lower()}",
            f"2115900002,示范二小,school,{BANNER},{BANNER},211,{CREDIT_CODE[:-1]}A",
            f"{office.school},另一名称,school,{BANNER},{BANNER},211,",
        ]
    ).encode("gb18030")
    report = import_units(office.services, CA_ADMIN, table, filename="t.csv", mode=ImportMode.GOOD_ROWS)
    assert (report.added, [(error.row, error.code) for error in report.errors]) == (
        1,
        [(3, "2115900002"), (4, office.school)],
    )
    assert unit(office, NEW.code) == NEW
    again = import_units(office.services, CA_ADMIN, table, filename="t.csv", mode=ImportMode.CHECK)
    assert (again.read, again.added) == (1, 0)
    with pytest.raises(errors.Invalid, match="第 3 行"):
        import_units(office.services, CA_ADMIN, table, filename="t.csv")


def test_the_tree_is_shown_level_by_level_with_administrators_against_expected(office: Office) -> None:
    office.holder()
    whole = unit_tree.level(office.services, actor(Role.REVIEWER), LEAGUE)
    (line,) = [line for line in whole.lines if line.unit.code == BANNER]
    with office.services.read() as uow:
        below = uow.units.count(within=BANNER) - 1
    assert (line.administrators, line.below.units, line.below.manned, line.below.administrators) == (0, below, 1, 1)
    own = unit_tree.level(office.services, actor(Role.CLERK, BANNER), BANNER, Window(5))
    assert ([place.code for place in own.path], len(own.lines), own.total) == ([BANNER], 5, below)
    (school,) = [x for x in unit_tree.level(office.services, CA_ADMIN, BANNER).lines if x.unit.code == office.school]
    assert (school.administrators, school.unit.kind.administrators.least) == (1, 1)
    for foreign in (LEAGUE, "150303"):
        with pytest.raises(errors.Forbidden):
            unit_tree.level(office.services, actor(Role.CLERK, BANNER), foreign)


def test_a_unit_is_found_by_the_start_of_its_code_or_a_part_of_its_name(office: Office) -> None:
    create_unit(office.services, CA_ADMIN, NEW, ground=GROUND)
    assert office.school
    for text in ("21159", "范（新", "示范(新城)", " 示范（新 城"):
        assert [line.unit for line in unit_tree.search(office.services, CA_ADMIN, text).lines] == [NEW], text
    for text in ("%", "_", "15900001", "\\"):
        assert unit_tree.search(office.services, CA_ADMIN, text).total == 0, text
    assert unit_tree.search(office.services, actor(Role.CLERK, "150303"), "21159").total == 0
    carry_out(office, Order(UnitAct.CLOSE, NEW.code))
    assert unit_tree.search(office.services, CA_ADMIN, "21159").total == 0
    assert unit_tree.search(office.services, CA_ADMIN, "21159", ended=True).total == 1


def test_the_kinds_say_how_many_administrators_they_have() -> None:
    rules = {kind: (kind.administrators.least, kind.administrators.most) for kind in UnitKind}
    assert rules == {
        UnitKind.CENTRE: (0, None),
        UnitKind.LEAGUE: (1, 1),
        UnitKind.UNIVERSITY: (1, None),
        UnitKind.BANNER: (1, 1),
        UnitKind.DIRECT_SCHOOL: (1, 1),
        UnitKind.SCHOOL: (1, 1),
    }
