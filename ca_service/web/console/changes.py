"""Change cases (用户变更申请单): list, one case, a new form for a person who was found, review, decide, execute."""

from datetime import date

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.changes import UNDER_WAY, CertificateAct, Change, ChangeKind, ChangeStatus, Particular, Signature
from ca_service.domain.errors import Invalid
from ca_service.printing.filled import print_change
from ca_service.web.console.context import actor, chosen, field, services, upload, window
from ca_service.web.console.downloads import attachment
from ca_service.web.console.scans import scan_page, scan_picture
from ca_service.workflows import change
from ca_service.workflows.paper_forms import change_form_of
from ca_service.workflows.releases import obstacle
from ca_service.workflows.returned import whereabouts

pages = Blueprint("changes", __name__, url_prefix="/changes")
_TYPED: list[Particular] = [name for name in Particular if name is not Particular.UNIT_NAME]


@pages.get("")
def index() -> str:
    """The cases of the subtree, or what waits for the own unit."""
    args = request.args
    sought = change.Sought(
        status=chosen("status", ChangeStatus, noun="状态"),
        kind=chosen("kind", ChangeKind, noun="变更类型"),
        unit_code=args.get("unit", "").strip(),
        here=bool(args.get("here")),
    )
    found = change.cases(services(), actor(), window(), sought=sought)
    return render_template("console/changes.html", found=found, sought=sought, statuses=ChangeStatus, kinds=ChangeKind)


@pages.route("/new", methods=["GET", "POST"])
def find() -> str:
    """Look for the person whom a form is about. By POST: what is typed may be an ID number, and no address names it."""
    words, unit = field("words"), field("unit")
    found = change.people(services(), actor(), words, unit_code=unit)
    return render_template("console/change_find.html", found=found, words=words, unit=unit)


@pages.get("/new/<holder_id>")
def start(holder_id: str) -> str:
    """An empty form for one person."""
    holder, unit_names = change.start(services(), actor(), holder_id)
    no_unlock = obstacle(services(), actor(), holder_id)
    return render_template("console/change_form.html", no_unlock=no_unlock, **_form_page(holder, unit_names, None))


def _form_page(holder: object, unit_names: object, case: Change | None) -> dict[str, object]:
    return {
        "holder": holder,
        "unit_names": unit_names,
        "case": case,
        "kinds": ChangeKind,
        "particulars": _TYPED,
        "signatures": Signature,
    }


@pages.post("")
def submit() -> ResponseReturnValue:
    """Enter a form with its scan."""
    made = change.submit(services(), actor(), read_form(field("holder"), upload("scan"), kind=field("kind")))
    return redirect(url_for("console.changes.show", change_id=made.id))


def read_form(holder_id: str, scan: tuple[bytes, str], *, kind: str, transferred: bool = False) -> change.Form:
    """The form as it was typed; a page may say by itself of which kind it is, and that the person was transferred."""
    if kind not in {known.value for known in ChangeKind}:
        raise Invalid("请选择变更类型。")
    return change.Form(
        ChangeKind(kind),
        holder_id,
        field("explanation"),
        field("opinion"),
        transferred or bool(field("transferred")),
        *scan,
        after={name: field(f"after_{name.value}") for name in _TYPED if field(f"after_{name.value}")},
        login_account=field("login_account"),
        signed={block: _date(field(f"signed_{block.value}")) for block in Signature if field(f"signed_{block.value}")},
    )


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("签字日期应为“年-月-日”，例如 2026-11-20。") from error


@pages.get("/<change_id>")
def show(change_id: str) -> str:
    """One case; who may see the person's data unmasked leaves an audit entry by looking."""
    view = change.show(services(), actor(), change_id)
    page = _form_page(view.holder, view.unit_names, view.change)
    waiting = view.change.kind is ChangeKind.UNLOCK and view.change.status in UNDER_WAY
    no_unlock = obstacle(services(), actor(), view.change.holder_id) if waiting else ""
    token = whereabouts(services(), actor(), change_id)
    return render_template("console/change.html", view=view, no_unlock=no_unlock, token=token, **page)


@pages.get("/<change_id>/scan")
def scan(change_id: str) -> Response:
    """The original file of the stamped form; each look is recorded."""
    return scan_page(change.scan_of(services(), actor(), change_id))


@pages.get("/<change_id>/scan.png")
def scan_beside(change_id: str) -> Response:
    """The stamped form as a picture, to stand beside the data."""
    return scan_picture(change.scan_of(services(), actor(), change_id))


@pages.get("/<change_id>/form.pdf")
def form(change_id: str) -> Response:
    """The form to be stamped; it shows personal data, so printing it is recorded."""
    printable = change_form_of(services(), actor(), change_id)
    return attachment(print_change(printable), f"{printable.change.id}.pdf")


@pages.post("/<change_id>/review")
def review(change_id: str) -> ResponseReturnValue:
    """Forward or return, if the case is still what was shown; or submit it again, mended."""
    act, seen = field("act"), field("seen")
    if act == "forward":
        change.forward(services(), actor(), change_id, seen=seen)
    elif act == "return":
        change.give_back(services(), actor(), change_id, reason=field("reason"), seen=seen)
    elif act == "resubmit":
        file = request.files.get("scan")
        again = upload("scan") if file is not None and file.filename else (b"", "")
        form = read_form(field("holder"), again, kind=field("kind"))
        change.resubmit(services(), actor(), change_id, form)
    else:
        raise Invalid("没有这种审核操作。")
    return redirect(url_for("console.changes.show", change_id=change_id))


@pages.post("/<change_id>/decide")
def decide(change_id: str) -> ResponseReturnValue:
    """Approve or refuse, if the case is still what was shown."""
    act = field("certificate_act")
    if field("decision") not in ("approve", "refuse") or act not in ("", *CertificateAct):
        raise Invalid("请选择同意或不同意。")
    decision = change.Decision(field("decision") == "approve", field("reason"), CertificateAct(act) if act else None)
    change.decide(services(), actor(), change_id, decision, seen=field("seen"))
    return redirect(url_for("console.changes.show", change_id=change_id))


@pages.post("/<change_id>/execute")
def execute(change_id: str) -> ResponseReturnValue:
    """Carry out an approved case."""
    change.execute(services(), actor(), change_id)
    return redirect(url_for("console.changes.show", change_id=change_id))
