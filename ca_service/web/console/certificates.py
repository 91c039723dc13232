"""Certificates: list, one certificate, freeze, unfreeze, revoke."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.certificates import ORDERED, RevocationReason
from ca_service.domain.errors import Invalid
from ca_service.web.console.context import actor, field, refuse_stale, services, window
from ca_service.workflows import certificate_status
from ca_service.workflows.certificates import history, list_certificates, show_certificate
from ca_service.workflows.orders import confirm_order, list_orders, overdue_holds
from ca_service.workflows.outdated import due_for_replacement

pages = Blueprint("certificates", __name__, url_prefix="/certificates")
_REASONS = {r.name: r for r in RevocationReason if r in ORDERED}


@pages.get("")
def index() -> str:
    """The certificates of the subtree's people."""
    found = list_certificates(services(), actor(), window())
    return render_template("console/certificates.html", found=found, now=services().clock())


@pages.get("/orders")
def orders() -> str:
    """Orders that wait for a second officer, and holds that have lasted too long."""
    waiting = list_orders(services(), actor(), window(), waiting=bool(not request.args.get("all")))
    holds = overdue_holds(services(), actor(), window())
    return render_template("console/orders.html", waiting=waiting, holds=holds, everything=request.args.get("all"))


@pages.post("/orders/<order_id>/confirm")
def confirm(order_id: str) -> ResponseReturnValue:
    """The second officer confirms what the first did."""
    confirm_order(services(), actor(), order_id)
    return redirect(url_for("console.certificates.orders"))


@pages.get("/due")
def due() -> str:
    """Certificates that name what is no longer so."""
    found = due_for_replacement(services(), actor(), window())
    return render_template("console/certificates_due.html", found=found, now=services().clock())


@pages.get("/<serial>")
def show(serial: str) -> str:
    """One certificate and what may be done with it."""
    found = show_certificate(services(), actor(), serial)
    return render_template(
        "console/certificate.html",
        found=found,
        steps=history(services(), actor(), serial),
        now=services().clock(),
        reasons=_REASONS,
    )


@pages.post("/<serial>/status")
def change(serial: str) -> ResponseReturnValue:
    """Freeze, unfreeze or revoke, if the status is still the one that was shown."""
    refuse_stale(show_certificate(services(), actor(), serial).status.value)
    act, reason = field("act"), field("reason")
    if act == "freeze":
        certificate_status.freeze(services(), actor(), serial, reason=reason)
    elif act == "unfreeze":
        certificate_status.unfreeze(services(), actor(), serial, reason=reason)
    elif act == "revoke" and field("crl_reason") in _REASONS:
        crl_reason = _REASONS[field("crl_reason")]
        certificate_status.revoke(services(), actor(), serial, reason=reason, crl_reason=crl_reason)
    else:
        raise Invalid("没有这种操作，或没有选择吊销原因。")
    return redirect(url_for("console.certificates.show", serial=serial))
