"""Erasing by two people at their browsers and on the command line; the certificate of erasure; what the log says."""

import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pypdf import PdfReader

from ca_service.app import create_console
from ca_service.cli.base import Call
from ca_service.cli.doctor import _erasures
from ca_service.cli.main import main
from ca_service.domain.erasures import ERASED
from ca_service.domain.holders import HolderStatus
from ca_service.domain.roles import Role
from ca_service.periodic import AUDIT_SIGNER, WORKER, renew_signer
from ca_service.wiring import Wiring
from ca_service.workflows.audit_checkpoints import make_checkpoint, prove_consistency
from ca_service.workflows.erasure_chores import do_chores
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office
from tests.ca_service.web.test_console import _client, _post, _sign_in, _staff

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


@pytest.fixture
def due(office: Office, clock: TestClock) -> str:
    """A person whose records are past their time."""
    certificate = office.enrolled()
    with office.services.begin() as uow:
        uow.holders.change(uow.holders.get(str(certificate.holder_id)), status=HolderStatus.STOPPED)
    clock.pass_time(days=365 * 9)
    return str(certificate.holder_id)


def _field(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', text)
    assert found, text
    return found.group(1)


def test_two_people_erase_at_their_browsers(wiring: Wiring, office: Office, due: str) -> None:
    app = create_console(wiring)
    reviewer, security = _client(app), _client(app)
    for client, role in ((reviewer, Role.REVIEWER), (security, Role.SECURITY_ADMIN)):
        _staff(office, role)
        _sign_in(client, f"t-{role.value}")
    _post(security, "/erasures", "/erasures/holds", holder=due, reason="信访 7 号")
    page = f"/erasures/new?holder={due}"
    assert "须先解除" in reviewer.get(page).text
    lifting = re.search(r'action="(/erasures/holds/[^"]+)"', security.get("/erasures").text)
    assert lifting
    _post(security, "/erasures", lifting.group(1), reason="已结")
    assert due in reviewer.get("/erasures/due").text
    seen = _field(reviewer.get(page).text, "seen")
    assert _post(reviewer, page, "/erasures/new", holder=due, ground="", seen=seen).status_code == 422
    assert _post(reviewer, page, "/erasures/new", holder=due, ground="教档1号", seen="").status_code == 409
    case = _post(reviewer, page, "/erasures/new", holder=due, ground="教档1号", seen=seen).location
    assert "撤回" in reviewer.get(case).text
    assert _post(security, case, case, act="dance").status_code == 422
    assert _post(security, case, case, act="confirm", seen="x").status_code == 409
    assert _post(security, case, case, act="confirm", seen=_field(security.get(case).text, "seen")).location == case
    shown = security.get(case).text
    assert "已清除" in shown
    pdf = security.get(f"{case}/certificate.pdf")
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(pdf.data)).pages)
    assert "个人信息清除证明" in text
    assert due in text.replace("\n", "")
    for old in (f"/erasures/{'E0' * 8}", "/erasures/new", "/erasures/new?holder=nobody"):
        assert reviewer.get(old).status_code in (404, 422), old
    # The pages that showed the person still open.
    for path in ("/certificates", "/applications", "/changes", "/enrolments", "/media"):
        assert reviewer.get(path).status_code == 200, path


def _educa(wiring: Wiring, *arguments: str) -> Result:
    call = Call()
    call.__dict__.update(wiring=wiring, config=wiring.config)
    return CliRunner().invoke(main, [*arguments, "--json"], obj=call)


def _done(result: Result) -> Any:
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


def test_the_same_by_command_and_what_is_left_can_be_looked_for(
    wiring: Wiring, office: Office, clock: TestClock, due: str, tmp_path: Path
) -> None:
    for role in (Role.REVIEWER, Role.SECURITY_ADMIN):
        _staff(office, role)
    one, two = ("--as", "t-reviewer"), ("--as", "t-security-administrator")
    made = _done(_educa(wiring, "erasures", "propose", "--due", "--ground", "教档1号", *one))
    assert made["holders"] == [due]
    shown = _done(_educa(wiring, "erasures", "show", made["id"]))
    assert (shown["seen"], shown["hindrances"]) == (made["seen"], [])
    assert _educa(wiring, "erasures", "certificate", made["id"], str(tmp_path / "x.pdf")).exit_code == 1
    _done(_educa(wiring, "erasures", "confirm", made["id"], "--seen", shown["seen"], *two))
    before = _educa(wiring, "erasures", "check", due)
    assert (before.exit_code, json.loads(before.stdout)[0]["clean"]) == (1, False)
    clock.pass_time(hours=4)
    assert _erasures(wiring).mend
    while do_chores(wiring.services, WORKER, wiring.erasing_hands):
        continue
    assert not _erasures(wiring).mend
    assert _done(_educa(wiring, "erasures", "check", due))[0]["clean"]
    assert _educa(wiring, "erasures", "check", "nobody").exit_code == 1
    assert [row["holder"] for row in _done(_educa(wiring, "holders", "erased"))] == [due]
    _done(_educa(wiring, "erasures", "certificate", made["id"], str(tmp_path / "x.pdf")))
    (certificate,) = _done(_educa(wiring, "certs", "list"))
    gone = _educa(wiring, "certs", "export", certificate["serial"])
    assert (gone.exit_code, "SHA-256" in gone.stderr) == (1, True)
    # Something that is written back is found.
    with office.services.begin() as uow:
        uow.holders.change(uow.holders.get(due), name="某人")
    found = _educa(wiring, "erasures", "check")
    assert (found.exit_code, json.loads(found.stdout)[0]["rows"]) == (1, {"holder": 1})
    with office.services.begin() as uow:
        uow.holders.change(uow.holders.get(due), name=ERASED)
        (line,) = uow.erasing.lines.find()
        uow.erasing.lines.change(line, facts={**line.facts, "remains": []}, sha256="0" * 64)
    assert not json.loads(_educa(wiring, "erasures", "check").stdout)[0]["proven"]


def test_the_log_stays_as_it_was_and_a_proof_over_an_erasure_holds(wiring: Wiring, office: Office, due: str) -> None:
    """Who kept a checkpoint from before can be shown that the log of after continues it."""
    services = office.services
    assert renew_signer(wiring, AUDIT_SIGNER)
    kept = make_checkpoint(services, WORKER, wiring.sign_tree_head, origin=wiring.audit_origin)
    with services.read() as uow:
        before = list(uow.audit.entries())
    for role in (Role.REVIEWER, Role.SECURITY_ADMIN):
        _staff(office, role)
    made = _done(_educa(wiring, "erasures", "propose", due, "--ground", "教档1号", "--as", "t-reviewer"))
    seen = ("--seen", made["seen"], "--as", "t-security-administrator")
    _done(_educa(wiring, "erasures", "confirm", made["id"], *seen))
    with services.read() as uow:
        assert list(uow.audit.entries())[: len(before)] == before
    assert _done(_educa(wiring, "audit", "verify"))
    after = make_checkpoint(services, WORKER, wiring.sign_tree_head, origin=wiring.audit_origin)
    # Checked against both roots before it is returned.
    assert prove_consistency(services, WORKER, kept.note, after.note).path
