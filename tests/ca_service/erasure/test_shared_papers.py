"""Papers about several persons stay for the others' sake, it is said for how long, and they go with the last one."""

from dataclasses import replace
from datetime import datetime

import pytest

from ca_service.domain.applications import Application
from ca_service.domain.changes import CertificateAct, ChangeKind
from ca_service.domain.erasures import Remains
from ca_service.domain.holders import HolderStatus
from ca_service.domain.messages import Channel, Letter
from ca_service.domain.retention import kept_until
from ca_service.domain.unit_cases import Order, UnitAct
from ca_service.workflows import erasures as workflow
from ca_service.workflows.erasure_check import check_erased
from ca_service.workflows.messages import list_messages, post
from tests.ca_service.erasure.scene import FIRST, HERE, OPERATOR, SECOND, SECURITY, Scene, Subject
from tests.ca_service.office import Office
from tests.ca_service.sheets import SCHOOLS
from tests.ca_service.units import acts

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)
_HERE = ("sheet_sha256", "scan_sha256", "report_sha256")


def _stop(scene: Scene, *subjects: Subject) -> None:
    with scene.wiring.services.begin() as uow:
        for subject in subjects:
            uow.holders.change(uow.holders.get(scene.holders[subject]), status=HolderStatus.STOPPED)


def _documents(scene: Scene) -> set[str]:
    return set(scene.wiring.services.documents.names())


def _batch(scene: Scene) -> set[str]:
    with scene.wiring.services.read() as uow:
        (batch,) = uow.batches.find()
    return {getattr(batch, name) for name in _HERE}


def _remains(scene: Scene, subject: Subject) -> dict[Remains, datetime | None]:
    plan = workflow.preview(scene.wiring.services, scene.office.reviewer, [scene.holders[subject]])
    return {one.why: one.until for one in plan.people[0].remainders}


def _stored(scene: Scene) -> dict[str, Application]:
    with scene.wiring.services.read() as uow:
        return {application.id: application for application in uow.applications.find()}


def test_a_sheet_of_two_stays_until_the_second_is_erased(scene: Scene) -> None:
    scene.registered(FIRST, SECOND)
    papers = _batch(scene)
    _stop(scene, FIRST)
    scene.years_later()
    assert _remains(scene, FIRST) == {Remains.SHARED_BATCH: None}
    scene.erased(FIRST)
    assert papers <= _documents(scene)
    (checked,) = check_erased(scene.wiring.services, OPERATOR)
    assert checked.clean
    assert [one["why"] for one in checked.remains] == ["shared-batch"]
    second = scene.holders[SECOND]
    assert {a.name for a in _stored(scene).values()} == {"（已清除）", SECOND.name}
    _stop(scene, SECOND)
    scene.erased(SECOND)
    assert not papers & _documents(scene)
    with scene.wiring.services.read() as uow:
        assert uow.holders.get(second).status is HolderStatus.ERASED


def test_who_shares_a_paper_and_is_stopped_too_tells_until_when_it_stays(scene: Scene) -> None:
    scene.registered(FIRST, SECOND)
    scene.certified(SECOND, "T-2")
    scene.changed(SECOND, ChangeKind.STOP, act=CertificateAct.REVOKE)
    _stop(scene, FIRST)
    with scene.wiring.services.read() as uow:
        second = scene.holders[SECOND]
        until = kept_until(uow.holders.get(second), uow.certificates.find(holder_id=second))
    assert _remains(scene, FIRST) == {Remains.SHARED_BATCH: until}


def test_two_of_one_sheet_in_one_case_take_it_with_them(scene: Scene) -> None:
    scene.registered(FIRST, SECOND)
    _stop(scene, FIRST, SECOND)
    scene.years_later()
    scene.erased(FIRST, SECOND)
    assert _documents(scene) == set()
    assert all(one.clean and not one.remains for one in check_erased(scene.wiring.services, OPERATOR))


def test_a_file_that_another_record_names_stays(scene: Scene, office: Office) -> None:
    """The same scan was handed in for somebody else as well."""
    scene.registered(FIRST)
    shared = FIRST.scan("registration")
    other = office.holder("elsewhere")
    with office.services.begin() as uow:
        (batch,) = uow.batches.find()
        (application,) = uow.applications.find()
        another = office.services.documents.put(shared)
        assert another == batch.scan_sha256
        uow.batches.add(replace(batch, id="B-other", sheet_sha256="e" * 64))
        uow.applications.add(
            replace(application, id="A-other", batch_id="B-other", name="别人", id_number_hash="f" * 64)
        )
    _stop(scene, FIRST)
    scene.years_later()
    assert Remains.SHARED_DOCUMENT in _remains(scene, FIRST)
    scene.erased(FIRST)
    assert office.services.documents.get(another) == shared
    assert other


def test_messages_to_a_shared_address_stay_with_the_other(scene: Scene) -> None:
    scene.registered(FIRST, SECOND)
    services, office = scene.wiring.services, scene.office
    with services.begin() as uow:
        first, second = (uow.holders.get(scene.holders[subject]) for subject in (FIRST, SECOND))
        common = replace(second.contact, email=first.contact.email)
        uow.holders.change(second, unit_code=first.unit_code, contact=common)
    _stop(scene, FIRST)
    scene.years_later()
    before = len(list_messages(services, office.reviewer).rows)
    assert Remains.SHARED_ADDRESS in _remains(scene, FIRST)
    scene.erased(FIRST)
    assert len(list_messages(services, office.reviewer).rows) == before


def test_messages_from_before_the_units_merger_are_found(scene: Scene, office: Office) -> None:
    holder = office.holder()
    with office.services.begin() as uow:
        contact = uow.holders.get(holder).contact
        post(office.services, uow, Channel.SMS, Letter(contact.mobile, "示范"), unit=office.school)
    other = SCHOOLS[HERE[4]].code
    acts.carry_out(office, Order(UnitAct.MERGE, office.school, target_code=other))
    with office.services.begin() as uow:
        uow.holders.change(uow.holders.get(holder), status=HolderStatus.STOPPED)
    scene.years_later()
    (person,) = workflow.preview(office.services, office.reviewer, [holder]).people
    assert (person.unit_code, len(person.traces.messages)) == (other, 1)


def test_a_person_under_two_identifiers_is_erased_under_both_or_not_at_all(scene: Scene, office: Office) -> None:
    scene.registered(FIRST)
    _stop(scene, FIRST)
    with office.services.begin() as uow:
        first = uow.holders.get(scene.holders[FIRST])
        again = replace(first, id="H-again", external_id="D-77", status=HolderStatus.ACTIVE)
        uow.holders.add(again)
    scene.years_later()
    plan = workflow.preview(office.services, office.reviewer, [first.id])
    assert [hindrance.kind.value for hindrance in plan.hindrances] == ["in-use"]
    with office.services.begin() as uow:
        uow.holders.change(again, status=HolderStatus.STOPPED)
    scene.erased(FIRST)
    with office.services.read() as uow:
        assert {h.status for h in uow.holders.find(id=[first.id, "H-again"])} == {HolderStatus.ERASED}
        assert uow.holders.get("H-again").external_id == "erased/H-again"
    assert {one.holder_id for one in check_erased(office.services, SECURITY)} == {first.id, "H-again"}
