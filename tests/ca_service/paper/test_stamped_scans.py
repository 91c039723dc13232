"""A stamped form comes back as a scan: it finds its application, stale pages are told, hostile files are a line."""

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from click.testing import CliRunner
from flask import Flask
from PIL import Image
from pypdf import PdfWriter
from sqlalchemy import text

from ca_service.cli.base import Call
from ca_service.cli.main import main
from ca_service.domain import errors
from ca_service.domain.applications import ApplicationEvent, ApplicationStatus
from ca_service.domain.audit import Tag
from ca_service.domain.changes import ChangeKind
from ca_service.domain.paper import PaperCode, PaperKind
from ca_service.domain.roles import Actor, Role
from ca_service.printing.filled import print_application, print_change
from ca_service.printing.forms import DispatchLine, dispatch_sheet
from ca_service.wiring import Wiring
from ca_service.workflows import change, review
from ca_service.workflows.applications import scan_of
from ca_service.workflows.approvals import certifiable, evidence
from ca_service.workflows.paper_forms import application_form_of, change_form_of
from ca_service.workflows.review import Verdict
from ca_service.workflows.stamped_scans import ScanLine, ScanOutcome, attach_scans
from tests.ca_service.desk import BANNER_REVIEWER, CENTRE_REVIEWER, Desk
from tests.ca_service.office import BANNER, LEAGUE, Office, actor
from tests.ca_service.paper.people import signed_in
from tests.ca_service.web.test_console import _staff, _token

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)
FORWARD, RETURN = ApplicationEvent.FORWARD, ApplicationEvent.RETURN


def _paper(office: Office, own: str) -> bytes:
    """The printed form."""
    return print_application(application_form_of(office.services, office.clerk, own))


def _scanned(pdf: bytes) -> bytes:
    """The same paper as a scanner makes it: one picture, a little askew."""
    page = pypdfium2.PdfDocument(pdf)[0].render(scale=200 / 72).to_pil().convert("RGB")
    out = BytesIO()
    page.rotate(1.5, fillcolor="white").save(out, "JPEG", quality=70)
    return out.getvalue()


def _both(*pdfs: bytes) -> bytes:
    writer, out = PdfWriter(), BytesIO()
    for pdf in pdfs:
        writer.append(BytesIO(pdf))
    writer.write(out)
    return out.getvalue()


def _attach(office: Office, *files: bytes, by: Actor | None = None) -> Sequence[ScanLine]:
    named = [(content, f"{number}.pdf") for number, content in enumerate(files)]
    return attach_scans(office.services, by or office.clerk, named)


def test_a_scan_becomes_the_one_of_the_application_on_its_paper(office: Office, desk: Desk) -> None:
    first, second = (desk.enter(person, unit=unit) for person, unit in zip((1, 2), desk.schools(), strict=False))
    papers = [_scanned(_paper(office, own.id)) for own in (second, first)]
    lines = _attach(office, *papers)
    assert [(line.outcome, line.subject) for line in lines] == [
        (ScanOutcome.ATTACHED, second.id),
        (ScanOutcome.ATTACHED, first.id),
    ]
    assert scan_of(office.services, BANNER_REVIEWER, first.id) == papers[1]
    assert desk.audited(Tag.APPLICATION_SCANNED) == [(office.clerk.login, own.id) for own in (second, first)]
    again = _attach(office, papers[0])
    assert [line.outcome for line in again] == [ScanOutcome.ALREADY_THERE]
    assert len(desk.audited(Tag.APPLICATION_SCANNED)) == 2


def test_who_looked_before_the_scan_came_has_a_stale_page(office: Office, desk: Desk) -> None:
    own = desk.enter().id
    seen, paper = desk.sha256(own), _scanned(_paper(office, own))
    _attach(office, paper)
    with pytest.raises(errors.Conflict, match="已经过时"):
        review.decide(office.services, BANNER_REVIEWER, [Verdict(own, FORWARD, seen_sha256=seen)])
    review.decide(office.services, BANNER_REVIEWER, [Verdict(own, FORWARD, seen_sha256=desk.sha256(own))])


def test_a_person_is_certified_on_the_approval_of_the_scan_that_came_back(office: Office, desk: Desk) -> None:
    made = desk.enter()
    _attach(office, _paper(office, made.id))
    holder = desk.confirmed(made)
    with office.services.read() as uow:
        person = uow.holders.get(holder)
        assert certifiable(evidence(uow, [person]), person).code == made.unit_code


def test_who_attached_the_scan_does_not_review_it(office: Office, desk: Desk) -> None:
    own = desk.enter().id
    both = Actor("both", BANNER, frozenset({Role.CLERK, Role.REVIEWER}), "cli")
    _attach(office, _paper(office, own), by=both)
    with pytest.raises(errors.Forbidden, match="录入人不能审核"):
        review.forward(office.services, both, [own])


def test_a_returned_application_takes_a_scan_and_an_approved_one_none(office: Office, desk: Desk) -> None:
    own = desk.enter().id
    paper = _paper(office, own)
    review.give_back(office.services, BANNER_REVIEWER, [own], reason="缺少公章")
    assert [line.outcome for line in _attach(office, paper)] == [ScanOutcome.ATTACHED]
    assert desk.application(own).status is ApplicationStatus.RETURNED
    review.resubmit(office.services, office.clerk, [own])
    review.approve(office.services, CENTRE_REVIEWER, desk.at_centre(desk.application(own)))
    before = desk.application(own)
    (line,) = _attach(office, _scanned(paper))
    assert (line.outcome, line.subject) == (ScanOutcome.REFUSED, own)
    assert desk.application(own) == before


def test_a_paper_that_was_printed_before_a_change_is_refused(office: Office, desk: Desk, wiring: Wiring) -> None:
    own = desk.enter().id
    paper = _paper(office, own)
    with wiring.database.engine.begin() as connection:
        connection.execute(text("UPDATE application SET address = '别处'"))
    (line,) = _attach(office, paper)
    assert (line.outcome, "请重新打印" in line.detail) == (ScanOutcome.REFUSED, True)
    assert desk.application(own).scan_sha256 == ""


def test_another_leagues_clerk_attaches_nothing_and_that_is_recorded(office: Office, desk: Desk) -> None:
    own = desk.enter().id
    foreign = actor(Role.CLERK, "150400")
    (line,) = _attach(office, _paper(office, own), by=foreign)
    assert line.outcome is ScanOutcome.REFUSED
    assert desk.application(own).scan_sha256 == ""
    assert desk.audited(Tag.REVIEW_REFUSED) == [(foreign.login, own)]
    with pytest.raises(errors.Forbidden):
        _attach(office, by=BANNER_REVIEWER)


def test_the_scan_of_a_change_case_comes_back_the_same_way(office: Office, desk: Desk) -> None:
    holder = desk.confirmed(desk.enter())
    form = change.Form(ChangeKind.UNLOCK, holder, "密码输错多次", "", False, office.scan, "form.pdf")
    case = change.submit(office.services, office.clerk, form)
    paper = print_change(change_form_of(office.services, office.clerk, case.id))
    (line,) = _attach(office, paper)
    assert (line.outcome, line.kind, line.subject) == (ScanOutcome.ATTACHED, PaperKind.CHANGE, case.id)
    with pytest.raises(errors.Conflict, match="已经过时"):
        change.forward(office.services, BANNER_REVIEWER, case.id, seen=case.shown_sha256())
    assert change.scan_of(office.services, BANNER_REVIEWER, case.id) == paper


def test_files_that_cannot_be_attached_are_lines_of_the_report(app: Flask, office: Office, desk: Desk) -> None:
    made = [desk.enter(person, unit=unit) for person, unit in zip((1, 2), desk.schools(), strict=False)]
    papers = [_paper(office, own.id) for own in made]
    nobody = dispatch_sheet([DispatchLine("T", "单位", "某", "1", "")], _code(PaperKind.DISPATCH))
    picture = BytesIO()
    Image.new("RGB", (50, 50)).save(picture, "PNG")
    files = {
        "两份.pdf": _both(*papers),
        "空白.pdf": office.scan,
        "派发.pdf": nobody,
        "截断.pdf": papers[0][:900],
        "假.pdf": b"<script>alert(1)</script>",
        "小.png": picture.getvalue(),
        "空.pdf": b"",
        "<b>好</b>.pdf": papers[1],
    }
    client = signed_in(app, office, Role.CLERK, LEAGUE)
    page = client.get("/applications/scans")
    scans = [(BytesIO(content), name) for name, content in files.items()]
    answer = client.post("/applications/scans", data={"csrf_token": _token(page), "scans": scans})
    assert answer.status_code == 200
    for said in ("2 份不同的申请单", "没有读到申请单右上角的二维码", "派发记录单", "文件是空的", "已附上"):
        assert said in answer.text
    assert answer.text.count("tag scan-refused") == 5
    assert answer.text.count("tag no-code") == 2
    assert "<b>好" not in answer.text
    assert [bool(desk.application(own.id).scan_sha256) for own in made] == [False, True]


def test_no_file_and_too_many_files_are_told(app: Flask, office: Office, desk: Desk) -> None:
    client = signed_in(app, office, Role.CLERK, LEAGUE)
    token = _token(client.get("/applications/scans"))
    assert client.post("/applications/scans", data={"csrf_token": token}).status_code == 422
    many = [(BytesIO(b"x"), f"{number}.pdf") for number in range(21)]
    answer = client.post("/applications/scans", data={"csrf_token": token, "scans": many})
    assert (answer.status_code, "一次最多上传 20 个文件" in answer.text) == (422, True)


def test_the_command_reports_each_file_and_fails_if_one_was_not_attached(
    office: Office, desk: Desk, wiring: Wiring, tmp_path: Path
) -> None:
    own = desk.enter().id
    clerk = _staff(office, Role.CLERK, unit=LEAGUE).login
    good, blank = tmp_path / "good.pdf", tmp_path / "blank.pdf"
    good.write_bytes(_paper(office, own))
    blank.write_bytes(office.scan)

    def run(*files: Path) -> tuple[int, list[str]]:
        call = Call()
        call.__dict__.update(wiring=wiring, config=wiring.config)
        arguments = ["registrations", "scans", *map(str, files), "--as", clerk, "--json"]
        done = CliRunner().invoke(main, arguments, obj=call)
        return done.exit_code, [line["outcome"] for line in json.loads(done.stdout)]

    assert run(good) == (0, ["attached"])
    assert run(blank, good) == (1, ["no-code", "already-there"])


def _code(kind: PaperKind) -> PaperCode:
    return PaperCode(kind, "S0123456789abcdef", "0" * 16)
