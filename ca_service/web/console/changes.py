"""Change cases: list, submit, decide, execute."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.changes import CertificateAct, ChangeKind
from ca_service.domain.errors import Invalid
from ca_service.web.console.context import actor, field, refuse_stale, services, upload, window
from ca_service.workflows import change

pages = Blueprint("changes", __name__, url_prefix="/changes")


@pages.get("")
def index() -> str:
    """The cases of the subtree, with the form for a new one."""
    return render_template("console/changes.html", found=change.cases(services(), actor(), window()), kinds=ChangeKind)


@pages.post("")
def submit() -> ResponseReturnValue:
    """Enter a form with its scan."""
    if field("kind") not in {kind.value for kind in ChangeKind}:
        raise Invalid("请选择变更类型。")
    kind, scanned = ChangeKind(field("kind")), upload("scan")
    moved = bool(field("transferred"))
    form = change.Form(kind, field("holder"), field("explanation"), field("opinion"), moved, *scanned)
    change.submit(services(), actor(), form)
    return redirect(url_for("console.changes.index"))


@pages.post("/<change_id>/decide")
def decide(change_id: str) -> ResponseReturnValue:
    """Approve or refuse."""
    _refuse_stale(change_id)
    act = field("certificate_act")
    if field("decision") not in ("approve", "refuse") or act not in ("", *CertificateAct):
        raise Invalid("请选择同意或不同意。")
    decision = change.Decision(field("decision") == "approve", field("reason"), CertificateAct(act) if act else None)
    change.decide(services(), actor(), change_id, decision)
    return redirect(url_for("console.changes.index"))


@pages.post("/<change_id>/execute")
def execute(change_id: str) -> ResponseReturnValue:
    """Carry out an approved case."""
    _refuse_stale(change_id)
    change.execute(services(), actor(), change_id)
    return redirect(url_for("console.changes.index"))


def _refuse_stale(change_id: str) -> None:
    refuse_stale(change.case(services(), actor(), change_id).status.value)
