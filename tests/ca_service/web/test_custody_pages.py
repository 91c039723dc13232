"""Custody in the console: a box is registered, sent, taken in with a difference, promised, printed, signed for."""

import re
from io import BytesIO

import openpyxl
import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from werkzeug.test import TestResponse

from ca_service.app import create_console
from ca_service.domain.media import MediumStatus
from ca_service.domain.messages import Channel
from ca_service.domain.roles import Role
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE
from ca_service.passwords import hash_password
from ca_service.wiring import Wiring
from tests.ca_service.office import CONTACT, LEAGUE, Office

PASSWORD = "correct horse battery"
_HASH = hash_password(PASSWORD)


class Desk:
    """Somebody at the console."""

    def __init__(self, wiring: Wiring, role: Role, unit: str = CENTRE_CODE) -> None:
        self.client: FlaskClient = create_console(wiring).test_client()
        self.client.environ_base["wsgi.url_scheme"] = "https"
        login, now = f"d-{role.value}-{unit}", wiring.services.clock()
        with wiring.services.begin() as uow:
            uow.staff.add(Staff(login, "某人", unit, frozenset({role}), _HASH, False, True, now))
        self.post("/login", "/login", login=login, password=PASSWORD)

    def get(self, path: str) -> str:
        answer = self.client.get(path, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, page: str, path: str, **fields: object) -> TestResponse:
        """Submit a form that stands on a page, with its hidden fields."""
        html = self.client.get(page, follow_redirects=True).text
        hidden = dict(re.findall(r'type="hidden" name="(csrf_token|seen)" value="([^"]*)"', html))
        return self.client.post(path, data={**hidden, **fields}, follow_redirects=True)


@pytest.fixture
def centre(wiring: Wiring, office: Office) -> Desk:
    assert office.school
    return Desk(wiring, Role.CUSTODIAN)


def test_a_scanned_box_is_registered_or_nothing_of_it(centre: Desk) -> None:
    page = centre.post("/media", "/media/register", serials="T1\r\nT2\r\n", model="K3", firmware="1.2")
    assert page.status_code == 200
    assert page.text.count('<span class="tag blank">') == 2
    again = centre.post("/media", "/media/register", serials="T3\r\nT1", model="K3")
    assert (again.status_code, "T1 已经登记过" in again.text) == (409, True)
    assert centre.client.get("/media/T3").status_code == 404


def test_a_parcel_with_a_difference_is_settled(centre: Desk, wiring: Wiring, office: Office) -> None:
    for serial in ("T1", "T2"):
        office.token(serial)
    page = centre.post("/parcels", "/parcels", to=LEAGUE, serials="T1\nT2", courier="SF1", seal="F1")
    parcel = re.search(r"包裹 (P\w+)", page.text)
    assert parcel
    address = f"/parcels/{parcel[1]}"
    league = Desk(wiring, Role.CUSTODIAN, LEAGUE)
    refused = league.post(address, f"{address}/receive", missing="T2")
    assert (refused.status_code, "情况说明" in refused.text) == (422, True)
    assert "有差异" in league.post(address, f"{address}/receive", missing="T2", note="少一个").text
    settled = centre.post(address, f"{address}/settle", serial="T2", outcome="recalled", note="在柜中")
    assert "仍在寄件单位" in settled.text
    assert "每一个都有据可查" in centre.get("/media/reconciliation")


def test_a_sheet_is_printed_signed_and_exported(centre: Desk, office: Office) -> None:
    holder = office.holder()
    office.token("T1")
    centre.post("/media/T1", "/media/T1/act", act="allocate", holder=holder)
    page = centre.post("/dispatch-record", "/dispatch-record/sheets")
    sheet = re.search(r"记录单 (S\w+)", page.text)
    assert sheet
    assert CONTACT.mobile not in page.text
    address = f"/dispatch-record/sheets/{sheet[1]}"
    pdf = centre.post("/dispatch-record", f"{address}/print")
    text = "".join(PdfReader(BytesIO(pdf.data)).pages[0].extract_text().split())
    assert all(value in text for value in ("电子证书派发记录单", "T1", "示范人", CONTACT.mobile))
    scan = (BytesIO(office.scan), "signed.pdf")
    assert "已签字" in centre.post("/dispatch-record", f"{address}/sign", scan=scan).text
    with office.services.read() as uow:
        assert uow.media.get("T1").status is MediumStatus.HANDED_OVER
    book = openpyxl.load_workbook(BytesIO(centre.post("/dispatch-record", "/dispatch-record/export").data))
    heading, row = list(book.worksheets[0].iter_rows(values_only=True))
    assert heading == ("序号", "介质序列号", "单位", "姓名", "手机号", "领取时间")
    assert row[:2] == (1, "T1")
    assert row[4] == CONTACT.mobile


def test_a_loss_reported_by_telephone_freezes_the_certificate(centre: Desk, wiring: Wiring, office: Office) -> None:
    certificate = office.enrolled()
    reviewer = Desk(wiring, Role.REVIEWER)
    page = reviewer.post("/media/T1", "/media/T1/act", act="lost", reason="本人电话报告")
    assert '<span class="tag lost">遗失</span>' in page.text
    assert "已冻结" in reviewer.get(f"/certificates/{certificate.serial}")


def test_a_stale_page_changes_nothing(centre: Desk, office: Office) -> None:
    office.token("T1")
    old = {"csrf_token": "", "seen": "blank/150000", "act": "destroy", "witness": "某人"}
    html = centre.client.get("/media/T1").text
    token = re.search(r'name="csrf_token" value="([^"]*)"', html)
    assert token
    answer = centre.client.post("/media/T1/act", data={**old, "csrf_token": token[1]})
    assert (answer.status_code, "已经过时" in answer.text) == (409, True)


def test_codes_are_issued_from_the_tokens_page_and_the_reference_number_is_shown_once(
    wiring: Wiring, office: Office
) -> None:
    holder, token = office.handed_over()
    reviewer = Desk(wiring, Role.REVIEWER)
    assert "发放下载码" in reviewer.get(f"/media/{token.serial}")
    answer = reviewer.post(f"/media/{token.serial}", "/enrolments", holder=holder)
    reference = re.search(r"<strong>(\w{12})</strong>", answer.text)
    assert reference
    with wiring.services.read() as uow:
        (sent,) = uow.messages.find(channel=Channel.SMS)
    code = re.search(r"授权码为 (\w+)", sent.letter.text)
    assert code
    assert code.group(1) not in answer.text
    later = reviewer.get("/enrolments")
    assert ("待下载" in later, reference.group(1) in later) == (True, False)
    assert office.begin(token, (reference.group(1), code.group(1))).session
    refused = reviewer.post("/enrolments", "/enrolments", holder="nobody")
    assert (refused.status_code, "没有找到持证人" in refused.text) == (404, True)
