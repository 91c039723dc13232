"""Custody in the console: a box is registered, sent, taken in with a difference, promised, printed, signed for."""

import re
from io import BytesIO

import openpyxl
import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from werkzeug.test import TestResponse

from ca_service.app import create_console
from ca_service.domain.audit import Tag
from ca_service.domain.audit_filter import AuditFilter
from ca_service.domain.changes import CertificateAct, ChangeKind
from ca_service.domain.errors import DomainError
from ca_service.domain.media import MediumStatus
from ca_service.domain.messages import Channel
from ca_service.domain.roles import Role
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE
from ca_service.passwords import hash_password
from ca_service.wiring import Wiring
from ca_service.workflows import change
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
    assert "还没有上传" in centre.post("/dispatch-record", f"{address}/scan").text
    assert "已签字" in centre.post("/dispatch-record", f"{address}/sign", scan=scan).text
    shown = centre.post("/dispatch-record", f"{address}/scan")
    assert (shown.data, shown.content_type) == (office.scan, "application/pdf")
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    with office.services.read() as uow:
        assert uow.media.get("T1").status is MediumStatus.HANDED_OVER
        (look,) = uow.audit.find(AuditFilter(tags=(Tag.SHEET_SHOWN,)), limit=2)
    assert look.subject == sheet[1]
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


def test_a_box_is_registered_by_its_table_and_each_page_says_what_its_token_is(centre: Desk) -> None:
    book, out = openpyxl.Workbook(), BytesIO()
    for row in (("序列号", "型号", "固件版本"), ("T1", "K3", "1.2"), ("T2", "", "")):
        book.worksheets[0].append(row)
    book.save(out)
    file = (BytesIO(out.getvalue()), "box.xlsx")
    assert centre.post("/media", "/media/register", model="K7", firmware="2.0", file=file).status_code == 200
    first, second = ("".join(centre.get(f"/media/T{number}").split()) for number in (1, 2))
    assert "K3（固件1.2）" in first
    assert "K7（固件2.0）" in second


def test_a_parcel_names_its_contents_its_courier_its_seal_and_both_ends(centre: Desk, office: Office) -> None:
    for serial in ("T1", "T2"):
        office.token(serial)
    page = centre.post("/parcels", "/parcels", to=LEAGUE, serials="T1\nT2", courier="SF1069", seal="F001").text
    facts = dict(re.findall(r"<dt>(\S+)</dt><dd[^>]*>([^<]*)</dd>", page))
    assert (facts["快递单号"], facts["封签号"]) == ("SF1069", "F001")
    assert facts["寄件单位"].startswith(CENTRE_CODE)
    assert facts["收件单位"].startswith(LEAGUE)
    assert re.findall(r">(T\d)</a>", page) == ["T1", "T2"]


def test_the_page_of_a_token_tells_its_whole_life_in_order(centre: Desk, wiring: Wiring, office: Office) -> None:
    holder = str(office.enrolled().holder_id)
    centre.post("/media/T1", "/media/T1/act", act="lost", reason="本人电话报告")
    centre.post("/media/T1", "/media/T1/act", act="found")
    rows = re.findall(
        r"<tr><td>(\d+)</td><td>(.*?)</td><td class=\"mono\">(.*?)</td><td class=\"mono\">(.*?)</td>",
        centre.get("/media/T1"),
    )
    place = CENTRE_CODE
    assert [(row[0], row[1]) for row in rows] == [
        ("1", "初始化"), ("2", "派发"), ("3", "启用"), ("4", "挂失"), ("5", "找回"),
    ]  # fmt: skip
    for _, _, came_from, went_to in rows:
        assert came_from == place
        place = went_to
    assert rows[2][3] == holder
    assert place == CENTRE_CODE


def test_codes_that_are_blocked_are_shown_to_the_staff_and_another_issue_voids_them(
    wiring: Wiring, office: Office
) -> None:
    holder, token = office.handed_over()
    reference, _ = office.codes(holder)
    for _ in range(5):
        with pytest.raises(DomainError):
            office.begin(token, (reference, "AAAAAAAAAA"))
    reviewer = Desk(wiring, Role.REVIEWER)
    assert re.search(r"<td>输错锁定</td>\s*<td>0</td>", reviewer.get("/enrolments"))
    again = reviewer.post("/enrolments", "/enrolments", holder=holder).text
    assert ("已作废" in again, "待下载" in again, "输错锁定" in again) == (True, True, False)


def test_a_kept_token_is_given_back_on_its_page_once_the_account_is_restored(
    centre: Desk, wiring: Wiring, office: Office
) -> None:
    holder = str(office.enrolled().holder_id)
    stop = _carried_out(office, ChangeKind.STOP, holder, CertificateAct.FREEZE)
    page = centre.get("/media/T1")
    assert ("发还本人" in page, '<span class="tag returned">已交回</span>' in page) == (True, True)
    early = centre.post("/media/T1", "/media/T1/act", act="hand-over", holder=holder)
    assert (early.status_code, "账号已停用" in early.text) == (409, True)
    reviewer = Desk(wiring, Role.REVIEWER)
    assert "证书冻结期间不发还" in reviewer.get(f"/changes/{stop}")
    case = _carried_out(office, ChangeKind.RESTORE, holder, None)
    assert reviewer.get(f"/changes/{case}").count("尚未发还") == 2  # now, and as the step was written
    given = centre.post("/media/T1", "/media/T1/act", act="hand-over", holder=holder).text
    assert ("使用中" in given, "<td>发还</td>" in given) == (True, True)
    assert reviewer.get(f"/changes/{case}").count("尚未发还") == 1
    assert centre.get("/dispatch-record").count(">T1<") == 2


def _carried_out(office: Office, kind: ChangeKind, holder: str, act: CertificateAct | None) -> str:
    form = change.Form(kind, holder, "休产假", "同意，介质随表交回", False, office.scan, "form.pdf")
    case = change.submit(office.services, office.clerk, form).id
    change.decide(office.services, office.reviewer, case, change.Decision(approve=True, certificate_act=act))
    change.execute(office.services, office.reviewer, case)
    return case
