"""Numbers of people do not come into columns that are not sealed, by whichever way a record is written."""

from dataclasses import replace

import pytest

from ca_service.audit.verifier import verify
from ca_service.domain.audit import Tag
from ca_service.domain.errors import Invalid
from ca_service.wiring import Wiring
from ca_service.workflows.push import Outcome
from tests.ca_service.desk import Desk
from tests.ca_service.office import CONTACT, Office

_SPOKEN = f"电话 {CONTACT.mobile} 打不通"


@pytest.fixture
def desk(office: Office) -> Desk:
    """An office at work."""
    return Desk(office)


def test_neither_a_new_record_nor_a_change_of_one_or_many_takes_a_number_in_a_text(desk: Desk) -> None:
    made = desk.enter()
    services = desk.office.services
    with pytest.raises(Invalid, match="其他补充说明中写有手机号码"), services.begin() as uow:
        uow.applications.add(replace(made, id="A2", row_number=3, remarks=_SPOKEN))
    with pytest.raises(Invalid, match="原因或意见中写有手机号码"), services.begin() as uow:
        uow.applications.change(made, reason=_SPOKEN)
    with pytest.raises(Invalid, match="通讯地址中写有身份证号码"), services.begin() as uow:
        uow.applications.change_all([made], address=CONTACT.id_number)
    assert desk.application(made.id) == made


def test_a_text_from_before_the_check_does_not_stop_other_changes(desk: Desk, wiring: Wiring) -> None:
    made = desk.enter()
    with wiring.database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE application SET remarks = '{_SPOKEN}'")
    with wiring.services.begin() as uow:
        uow.applications.change(uow.applications.get(made.id), reason="缺少公章")
    assert desk.application(made.id).reason == "缺少公章"


def test_a_directory_s_number_that_is_a_person_s_is_refused_and_the_others_are_taken(office: Office) -> None:
    named = office.person(CONTACT.id_number, user_type="培训管理员")
    refused, taken = office.push([named, office.person("X1", user_type="培训管理员")])
    assert (refused.outcome, taken.outcome) == (Outcome.REFUSED, Outcome.REGISTERED)
    assert "外部编号不能是" in refused.detail


def test_the_audit_log_masks_what_slips_through_before_it_is_hashed(wiring: Wiring, office: Office) -> None:
    with wiring.services.begin() as uow:
        detail = {"reason": f"{CONTACT.id_number} {CONTACT.mobile}"}
        uow.audit.append(office.operator, Tag.CERTIFICATE_FROZEN, CONTACT.mobile, unit=office.school, detail=detail)
    with wiring.services.read() as uow:
        *_, entry = uow.audit.entries()
        seq, head = uow.audit.head()
        assert verify(uow.audit.entries(), head_seq=seq, head_hash=head).broken_at is None
    assert entry.subject == "199******01"
    assert entry.detail == '{"reason":"150***********0004 199******01"}'
