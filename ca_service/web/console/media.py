"""Tokens: stock, one token with its whole life and what may be done with it, registration, reconciliation."""

from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.clock import SHANGHAI
from ca_service.domain.errors import Invalid
from ca_service.domain.media import IN_STOCK, WITH_PERSON, MediumStatus
from ca_service.domain.unblocks import UNDER_WAY, ReleaseStatus
from ca_service.intake.media_file import read_media, scanned
from ca_service.web.console.context import actor, chosen, field, refuse_stale, services, window
from ca_service.workflows import custody, handovers, incidents, reconciliation, releases

pages = Blueprint("media", __name__, url_prefix="/media")

_RELEASES = {
    ReleaseStatus.OPEN: "待解锁",
    ReleaseStatus.CONFIRMED: "已解锁",
    ReleaseStatus.BLOCKED: "输错锁定",
    ReleaseStatus.VOIDED: "已作废",
}


@pages.get("")
def index() -> str:
    """The tokens of the subtree, a page of them, of one status if one is asked for."""
    wanted = chosen("status", MediumStatus, noun="介质状态")
    found = custody.stock(services(), actor(), window(), status=wanted)
    return render_template("console/media.html", found=found, statuses=MediumStatus, wanted=wanted)


@pages.get("/find")
def find() -> ResponseReturnValue:
    """The page of the token whose serial number was typed or scanned."""
    medium, _ = custody.show(services(), actor(), request.args.get("serial", "").strip())
    return redirect(url_for("console.media.history", serial=medium.serial))


@pages.get("/unblocks")
def unblocks() -> str:
    """The releases of locked tokens in the subtree, newest first."""
    found = releases.list_releases(services(), actor(), window())
    return render_template(
        "console/unblocks.html", found=found, words=_RELEASES, under_way=UNDER_WAY, now=services().clock()
    )


@pages.post("/unblocks/<release_id>/ask")
def ask_again(release_id: str) -> ResponseReturnValue:
    """Ask for another code in place of one that was lost, expired or blocked."""
    releases.ask_again(services(), actor(), release_id)
    return redirect(url_for("console.media.unblocks"))


@pages.post("/unblocks/<release_id>/release")
def release_again(release_id: str) -> ResponseReturnValue:
    """The second person gives it; the code goes to the person's telephone."""
    releases.release_again(services(), actor(), release_id)
    return redirect(url_for("console.media.unblocks"))


@pages.get("/<serial>")
def history(serial: str) -> str:
    """Every step of one token."""
    medium, steps = custody.show(services(), actor(), serial)
    return render_template("console/medium.html", m=medium, steps=steps, in_stock=IN_STOCK, with_person=WITH_PERSON)


@pages.post("/<serial>/act")
def act(serial: str) -> ResponseReturnValue:
    """One step, if the token still is what the page showed."""
    medium, _ = custody.show(services(), actor(), serial)
    refuse_stale(f"{medium.status.value}/{medium.place}")
    match field("act"):
        case "allocate":
            handovers.allocate(services(), actor(), serial, holder_id=field("holder"))
        case "release":
            handovers.release(services(), actor(), serial)
        case "hand-over":
            handovers.hand_over(services(), actor(), serial, holder_id=field("holder"))
        case "lost":
            incidents.report_lost(services(), actor(), serial, reason=field("reason"))
        case "damaged":
            incidents.report_damaged(services(), actor(), serial, reason=field("reason"))
        case "locked":
            incidents.report_locked(services(), actor(), serial)
        case "found":
            incidents.report_found(services(), actor(), serial)
        case "destroy":
            incidents.destroy(services(), actor(), serial, witness=field("witness"))
        case _:
            raise Invalid("没有这种介质操作。")
    return redirect(url_for("console.media.history", serial=serial))


@pages.post("/register")
def register() -> ResponseReturnValue:
    """A box of blank tokens: scanned lines, or a file; all of them or none."""
    model, firmware = field("model") or "UKEY", field("firmware")
    file = request.files.get("file")
    if file is not None and file.filename:
        read = read_media(file.read(), filename=file.filename)
    else:
        read = scanned(request.form.get("serials", ""))
    new = [custody.NewMedium(one.serial, one.model or model, one.firmware or firmware) for one in read]
    custody.register(services(), actor(), new)
    return redirect(url_for("console.media.index", status=MediumStatus.BLANK.value))


@pages.get("/reconciliation")
def reconcile() -> str:
    """Where every token of a unit's subtree is, or was at a moment."""
    unit = request.args.get("unit", "")[:20] or actor().unit_code
    typed = request.args.get("at", "")
    done = reconciliation.reconcile(services(), actor(), unit, at=_moment(typed) if typed else None)
    return render_template("console/reconciliation.html", done=done, unit=unit, typed=typed, statuses=MediumStatus)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    except ValueError:
        raise Invalid("请按日历选择日期和时间。") from None
