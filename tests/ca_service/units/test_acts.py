"""Rename, merge, close, move, reopen: what is shown is what is done, by two people, or nothing is."""

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import pytest

from ca_service.domain import errors
from ca_service.domain.applications import ApplicationStatus
from ca_service.domain.certificates import CertificateStatus, RevocationReason
from ca_service.domain.changes import AccountEventKind, ChangeKind
from ca_service.domain.holders import HolderStatus
from ca_service.domain.media import MediumStatus
from ca_service.domain.roles import Role
from ca_service.domain.staff import Staff
from ca_service.domain.unit_cases import Effect, Order, UnitAct, UnitCaseStatus, UnitEventKind
from ca_service.domain.units import CENTRE_CODE, UnitKind, UnitStatus
from ca_service.workflows import change, parcels, push, review, unit_cases
from ca_service.workflows.open_units import require_open
from ca_service.workflows.register import Upload, import_batch
from tests.ca_service.office import BANNER, LEAGUE, Office, actor
from tests.ca_service.units.acts import (
    CA_ADMIN,
    GROUND,
    SECURITY,
    application,
    carry_out,
    preview,
    propose,
    touched,
    unit,
    version,
)
from tests.road.roster import make_roster, make_units

OTHER_BANNER = "150303"


def _schools(office: Office, banner: str) -> list[str]:
    assert office.school
    with office.services.read() as uow:
        return [found.code for found in uow.units.find(parent_code=banner, kind=UnitKind.SCHOOL)]


def _lineage(office: Office, code: str) -> list[str]:
    with office.services.read() as uow:
        return list(uow.units.lineage(code))


def test_a_renamed_unit_keeps_its_people_and_its_certificates_are_named_as_outdated(office: Office) -> None:
    certificate = office.enrolled()
    order = Order(UnitAct.RENAME, office.school, name="示范第一实验小学")
    old = unit(office, office.school)
    assert touched(preview(office, order), Effect.CERTIFICATE_OUTDATED) == [certificate.serial]
    done = carry_out(office, order)
    assert unit(office, office.school) == replace(old, name="示范第一实验小学")
    with office.services.read() as uow:
        assert uow.certificates.get(certificate.serial).status is CertificateStatus.ACTIVE
        event = uow.unit_events.find(unit_code=office.school)[-1]
    assert (event.kind, event.before, event.after) == (
        UnitEventKind.RENAMED,
        {"name": old.name},
        {"name": "示范第一实验小学"},
    )
    assert (event.by, event.confirmed_by, event.ground) == (CA_ADMIN.login, SECURITY.login, GROUND)
    steps = unit_cases.view_case(office.services, SECURITY, done.id).steps.rows
    assert [(step.effect, step.subject) for step in steps] == [
        (Effect.UNIT, office.school),
        (Effect.CERTIFICATE_OUTDATED, certificate.serial),
    ]


def test_a_preview_that_is_no_longer_right_is_refused_and_changes_nothing(office: Office) -> None:
    order = Order(UnitAct.RENAME, office.school, name="示范第一实验小学")
    case = propose(office, order)
    seen = version(office, case)
    office.enrolled()
    with pytest.raises(errors.Conflict, match="重新预览"):
        unit_cases.confirm(office.services, SECURITY, case.id, seen=seen)
    view = unit_cases.view_case(office.services, SECURITY, case.id)
    assert (view.case.status, view.changed) == (UnitCaseStatus.PROPOSED, True)
    with pytest.raises(errors.Conflict, match="重新预览"):
        unit_cases.propose(office.services, CA_ADMIN, order, seen=seen, ground=GROUND)
    unit_cases.confirm(office.services, SECURITY, case.id, seen=version(office, case))
    with pytest.raises(errors.Conflict, match="已经办结"):
        unit_cases.confirm(office.services, SECURITY, case.id, seen=seen)


def test_one_proposes_another_confirms_or_refuses_and_nobody_else_does_either(office: Office) -> None:
    order = Order(UnitAct.RENAME, office.school, name="示范第一实验小学")
    seen = preview(office, order).sha256()
    for role in Role:
        if role not in (Role.CA_ADMIN, Role.OPERATOR):
            with pytest.raises(errors.Forbidden):
                unit_cases.propose(office.services, actor(role), order, seen=seen, ground=GROUND)
    with pytest.raises(errors.Invalid, match="依据"):
        unit_cases.propose(office.services, CA_ADMIN, order, seen=seen, ground=" ")
    case = propose(office, order)
    with pytest.raises(errors.Conflict, match=case.id):
        propose(office, order)
    for role in Role:
        if role is not Role.SECURITY_ADMIN:
            with pytest.raises(errors.Forbidden):
                unit_cases.confirm(office.services, actor(role), case.id, seen=seen)
    same_person = actor(Role.SECURITY_ADMIN, login=CA_ADMIN.login)
    with pytest.raises(errors.Forbidden):
        unit_cases.confirm(office.services, same_person, case.id, seen=seen)
    with pytest.raises(errors.Invalid):
        unit_cases.refuse(office.services, SECURITY, case.id, reason=" ")
    assert unit_cases.refuse(office.services, SECURITY, case.id, reason="文号不符").decision_reason == "文号不符"
    with pytest.raises(errors.Conflict):
        unit_cases.withdraw(office.services, CA_ADMIN, case.id)
    assert unit_cases.withdraw(office.services, CA_ADMIN, propose(office, order).id).decided_by == CA_ADMIN.login
    assert [c.status for c in unit_cases.list_cases(office.services, CA_ADMIN).rows] == [
        UnitCaseStatus.WITHDRAWN,
        UnitCaseStatus.REFUSED,
    ]


def test_of_two_confirmations_at_once_one_is_carried_out(office: Office) -> None:
    case = propose(office, Order(UnitAct.RENAME, office.school, name="示范第一实验小学"))
    seen = version(office, case)

    def confirm(login: str) -> bool:
        try:
            unit_cases.confirm(office.services, actor(Role.SECURITY_ADMIN, login=login), case.id, seen=seen)
        except errors.Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(confirm, ["sec-1", "sec-2"])) == [False, True]
    with office.services.read() as uow:
        assert uow.unit_events.count(unit_code=office.school, kind=UnitEventKind.RENAMED) == 1


def test_the_people_of_a_merged_school_go_to_the_surviving_one(office: Office) -> None:
    certificate = office.enrolled()
    _, other = _schools(office, BANNER)[:2]
    order = Order(UnitAct.MERGE, office.school, target_code=other)
    plan = preview(office, order)
    assert plan.obstacles == ()
    assert touched(plan, Effect.TOKEN_FOLLOWS) == [certificate.medium_serial]
    carry_out(office, order)
    merged = unit(office, office.school)
    assert (merged.status, merged.successor_code) == (UnitStatus.MERGED, other)
    assert merged.closed_at is not None
    with office.services.read() as uow:
        holder = uow.holders.get(str(certificate.holder_id))
        assert (holder.unit_code, holder.status) == (other, HolderStatus.ACTIVE)
        now = uow.certificates.get(certificate.serial)
        assert now.outdated_at is not None
        assert now == replace(certificate, unit_code=other, outdated_at=now.outdated_at, outdated_by=now.outdated_by)
        assert uow.media.get(str(certificate.medium_serial)).at_unit == other
        assert [e.kind for e in uow.unit_events.find(unit_code=other)][-1] is UnitEventKind.ABSORBED


def test_two_administrators_do_not_meet_in_a_one_administrator_unit(office: Office) -> None:
    first, other = _schools(office, BANNER)[:2]
    office.holder("A1")
    push.receive(office.services, office.directory, [office.person("A2", unit_code=other)], body=b"")
    order = Order(UnitAct.MERGE, first, target_code=other)
    plan = preview(office, order)
    assert "只能有一名信息管理员" in plan.obstacles[0]
    with pytest.raises(errors.Conflict, match="只能有一名信息管理员"):
        unit_cases.propose(office.services, CA_ADMIN, order, seen=plan.sha256(), ground=GROUND)
    carry_out(office, replace(order, stop_people=True))
    with office.services.read() as uow:
        active = uow.holders.find(status=HolderStatus.ACTIVE)
    assert [(holder.external_id, holder.unit_code) for holder in active] == [("A2", other)]


def test_a_place_that_a_merged_person_took_stays_taken(office: Office) -> None:
    first, other = _schools(office, BANNER)[:2]
    person = office.holder("A1")
    carry_out(office, Order(UnitAct.MERGE, first, target_code=other))
    application(office, "A9", other, at_unit=BANNER)
    with office.services.begin() as uow:
        uow.applications.change(uow.applications.get("A9"), status=ApplicationStatus.RETURNED, at_unit=other)
    with pytest.raises(errors.Conflict, match="已有一名"):
        review.resubmit(office.services, office.clerk, ["A9"])
    assert person


def test_a_merged_banner_gives_its_schools_and_their_applications_to_the_other(office: Office) -> None:
    schools = _schools(office, BANNER)
    application(office, "A1", schools[0], at_unit=BANNER)
    application(office, "A2", schools[1], at_unit=LEAGUE)
    order = Order(UnitAct.MERGE, BANNER, target_code=OTHER_BANNER)
    plan = preview(office, order)
    assert touched(plan, Effect.CHILD) == schools
    assert touched(plan, Effect.APPLICATION_REROUTED) == ["A1"]
    carry_out(office, order)
    assert _lineage(office, schools[0]) == [schools[0], OTHER_BANNER, LEAGUE, CENTRE_CODE]
    assert {unit(office, code).area_code for code in schools} == {OTHER_BANNER}
    with office.services.read() as uow:
        assert uow.applications.get("A1").at_unit == OTHER_BANNER
        assert uow.applications.get("A2").at_unit == LEAGUE
        assert uow.units.count(within=BANNER) == 1
    review.forward(office.services, actor(Role.REVIEWER, OTHER_BANNER), ["A1"])


def test_a_unit_with_people_is_not_closed_unless_they_are_stopped_by_name(office: Office) -> None:
    certificate = office.enrolled()
    order = Order(UnitAct.CLOSE, office.school)
    assert "1 名在用人员、1 张未吊销的证书" in preview(office, order).obstacles[0]
    carry_out(office, replace(order, stop_people=True))
    assert unit(office, office.school).status is UnitStatus.CLOSED
    with office.services.read() as uow:
        revoked = uow.certificates.get(certificate.serial)
        assert (revoked.status, revoked.reason) == (
            CertificateStatus.REVOKED,
            RevocationReason.CESSATION_OF_OPERATION,
        )
        assert uow.holders.get(str(certificate.holder_id)).status is HolderStatus.STOPPED
        assert [event.kind for event in uow.account_events(after=0, limit=9)] == [AccountEventKind.STOP]
        assert uow.media.get(str(certificate.medium_serial)).status is MediumStatus.IN_USE
        assert uow.units.lineage(office.school)[1] == BANNER


def test_what_else_a_closed_unit_had_goes_on_or_ends(office: Office) -> None:
    league_custodian = actor(Role.CUSTODIAN, LEAGUE)
    schools = _schools(office, BANNER)
    with office.services.read() as uow:
        direct = uow.units.find(parent_code=LEAGUE, kind=UnitKind.DIRECT_SCHOOL)[0].code
    stock, under_way = office.token("T1").serial, office.token("T2").serial
    custodian = actor(Role.CUSTODIAN, direct)
    parcel = parcels.dispatch(office.services, office.custodian, parcels.Shipment([stock], direct, ""))
    parcels.receive(office.services, custodian, parcel.id)
    second = parcels.dispatch(office.services, office.custodian, parcels.Shipment([under_way], direct, ""))
    staff = Staff("clerk-9", "某人", direct, frozenset({Role.CLERK}), "x", True, True, office.services.clock())
    with office.services.begin() as uow:
        uow.staff.add(staff)
    application(office, "A1", direct, at_unit=LEAGUE)
    order = Order(UnitAct.CLOSE, direct)
    assert preview(office, order).obstacles == ("有 1 份申请在审核中。请先办结，或选择“一并退回在办申请”。",)
    done = carry_out(office, replace(order, return_applications=True))
    assert done.counts == {
        Effect.UNIT: 1, Effect.TOKEN_SHIPPED: 1, Effect.PARCEL_REDIRECTED: 1,
        Effect.APPLICATION_RETURNED: 1, Effect.STAFF_DISABLED: 1,
    }  # fmt: skip
    with office.services.read() as uow:
        assert not uow.staff.get("clerk-9").active
        returned = uow.applications.get("A1")
        shipped = uow.media.get(stock)
    assert (returned.status, returned.reason) == (ApplicationStatus.RETURNED, "单位已撤销，申请退回。")
    for travelling in (shipped.parcel_id, second.id):
        parcels.receive(office.services, league_custodian, str(travelling))
    with office.services.read() as uow:
        assert {uow.media.get(serial).at_unit for serial in (stock, under_way)} == {LEAGUE}
    assert schools


def test_a_unit_with_units_below_or_cases_under_way_is_not_closed(office: Office) -> None:
    holder = office.holder()
    below = len(_schools(office, BANNER))
    assert f"还有 {below} 个下级单位" in preview(office, Order(UnitAct.CLOSE, BANNER)).obstacles[0]
    form = change.Form(ChangeKind.UNLOCK, holder, "忘记密码", "", False, office.scan, "form.pdf")
    change.submit(office.services, office.clerk, form)
    for order in (
        Order(UnitAct.CLOSE, office.school, stop_people=True),
        Order(UnitAct.MERGE, office.school, target_code=_schools(office, BANNER)[1]),
    ):
        assert preview(office, order).obstacles == ("有 1 件变更申请在办。请先办结。",)


def test_an_approved_application_is_waited_for(office: Office) -> None:
    application(office, "A1", office.school, at_unit=CENTRE_CODE)
    review.approve(office.services, office.reviewer, ["A1"])
    order = Order(UnitAct.CLOSE, office.school, stop_people=True, return_applications=True)
    assert "尚未入库" in preview(office, order).obstacles[0]


def test_a_closed_unit_is_not_offered_and_takes_nothing(office: Office) -> None:
    roster = make_roster(make_units(schools=60, league_code=LEAGUE).units, rows=40, damaged_share=0)
    closed = unit(office, next(row.unit_code for row in roster.good if row.unit_code != office.school))
    carry_out(office, Order(UnitAct.CLOSE, closed.code))
    upload = Upload(LEAGUE, roster.xlsx, "roster.xlsx", office.scan, "form.pdf")
    report = import_batch(office.services, office.clerk, upload)
    assert closed.name in {cell.found for cell in report.bad if cell.why == "没有这个单位"}
    assert closed.code not in {taken.unit_code for taken in report.taken}
    pushed = [office.person("A7", unit_code=closed.code)]
    (answer,) = push.receive(office.services, office.directory, pushed, body=b"").confirmations
    assert (answer.outcome, "已撤销" in answer.detail) == (push.Outcome.REFUSED, True)
    token = office.token().serial
    with pytest.raises(errors.Conflict, match="已撤销"):
        parcels.dispatch(office.services, office.custodian, parcels.Shipment([token], closed.code, ""))


def test_an_application_that_comes_while_its_unit_is_being_closed_is_seen(office: Office) -> None:
    case = propose(office, Order(UnitAct.CLOSE, office.school))
    seen = version(office, case)
    person = push.PushedPerson("A1", office.school, "示范人", "信息管理员", office.person().contact)
    with ThreadPoolExecutor(1) as pool:
        with office.services.begin() as uow:
            require_open(uow, [office.school])
            closing = pool.submit(unit_cases.confirm, office.services, SECURITY, case.id, seen=seen)
            # It has to wait for this transaction: without the hold it would make its plan now, and be wrong.
            wait([closing], timeout=0.3)
            sorter = push._Sorter(office.services, uow, [person])
            sorter.sort(person)
            uow.holders.add_all(sorter.new)
        with pytest.raises(errors.Conflict):
            closing.result()
    assert unit(office, office.school).is_open


def test_a_moved_school_lies_where_its_new_bureau_does_and_its_application_follows(office: Office) -> None:
    application(office, "A1", office.school, at_unit=BANNER)
    order = Order(UnitAct.MOVE, office.school, target_code=OTHER_BANNER)
    assert touched(preview(office, order), Effect.APPLICATION_REROUTED) == ["A1"]
    carry_out(office, order)
    moved = unit(office, office.school)
    assert (moved.parent_code, moved.area_code, moved.kind) == (OTHER_BANNER, OTHER_BANNER, UnitKind.SCHOOL)
    with office.services.read() as uow:
        assert uow.applications.get("A1").at_unit == OTHER_BANNER
        assert office.school not in [found.code for found in uow.units.find(within=BANNER)]
    carry_out(office, Order(UnitAct.MOVE, office.school, target_code=LEAGUE))
    assert unit(office, office.school).kind is UnitKind.DIRECT_SCHOOL
    assert _lineage(office, office.school) == [office.school, LEAGUE, CENTRE_CODE]


def test_a_closed_unit_comes_back_under_its_code(office: Office) -> None:
    before = unit(office, office.school)
    carry_out(office, Order(UnitAct.CLOSE, office.school))
    carry_out(office, Order(UnitAct.REOPEN, office.school))
    assert unit(office, office.school) == before
    with office.services.read() as uow:
        kinds = [event.kind for event in uow.unit_events.find(unit_code=office.school)]
    assert kinds == [UnitEventKind.REGISTERED, UnitEventKind.CLOSED, UnitEventKind.REOPENED]


_NONSENSE = (
    (Order(UnitAct.RENAME, BANNER, name="<b>"), "单位名称"),
    (Order(UnitAct.MOVE, BANNER, target_code="150100"), "行政区划代码"),
    (Order(UnitAct.MOVE, LEAGUE, target_code=BANNER), "上级不能是"),
    (Order(UnitAct.MERGE, BANNER, target_code=BANNER), "不能选择该单位自己"),
    (Order(UnitAct.MERGE, BANNER, target_code=LEAGUE), "不能并入"),
    (Order(UnitAct.MERGE, BANNER), "请填写另一单位"),
    (Order(UnitAct.CLOSE, CENTRE_CODE), "只能更名"),
    (Order(UnitAct.REOPEN, BANNER), "不需要恢复"),
    (Order(UnitAct.MOVE, BANNER, target_code="999999"), "没有找到单位"),
    (Order(UnitAct.CLOSE, "nothing"), "没有找到单位"),
)


def test_an_order_that_makes_no_sense_is_refused_with_its_reason(office: Office) -> None:
    assert office.school
    for order, why in _NONSENSE:
        with pytest.raises(errors.DomainError, match=why):
            preview(office, order)
