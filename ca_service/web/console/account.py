"""The own account: who one is here, second factor, sessions; the name and ID number of a first account."""

from asn1crypto import pem
from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.errors import Conflict, Invalid
from ca_service.passwords import verify_password
from ca_service.web.console.context import console, field, origin, services, signed_in_session, staff, upload
from ca_service.workflows import own_account, sessions, staff_certificates
from ca_service.workflows.passkeys import RelyingParty
from ca_service.workflows.second_factor import factors
from ca_service.workflows.staff import unit_names

pages = Blueprint("account", __name__, url_prefix="/account")


@pages.get("")
def index() -> str:
    """Name, unit, roles, second factor, and where this account is signed in."""
    return render_template(
        "console/account.html",
        unit=unit_names(services(), [staff().unit_code])[staff().unit_code],
        factors=factors(services(), staff()),
        certificates=staff_certificates.own_certificates(services(), staff()),
        now=services().clock(),
        passkeys_possible=bool(RelyingParty(console().own_url).id),
        sessions=sessions.own_sessions(services(), staff()),
        here=signed_in_session().id_hash,
    )


@pages.post("/certificates")
def request_certificate() -> ResponseReturnValue:
    """Certify the key of an uploaded request; the certificate with its chain comes back as a file."""
    typed = request.form.get("password", "")
    own_account.confirm_password(services(), staff(), typed, origin=origin(), verifier=verify_password)
    content, _ = upload("csr")
    issued = staff_certificates.request_certificate(services(), staff(), signed_in_session(), _csr_der(content))
    chain = (issued.der or b"", services().authority(issued.issuer).certificate)
    answer = Response(b"".join(pem.armor("CERTIFICATE", der) for der in chain), content_type="application/x-pem-file")
    answer.headers["Content-Disposition"] = f"attachment; filename=staff-{issued.serial}.pem"
    return answer


def _csr_der(content: bytes) -> bytes:
    """A request as DER, whether it came so or as PEM; what cannot be read is refused by the workflow."""
    try:
        return bytes(pem.unarmor(content)[2]) if pem.detect(content) else content
    except ValueError:
        return content


@pages.post("/certificates/<serial>/revoke")
def revoke_certificate(serial: str) -> ResponseReturnValue:
    """Revoke one of the own certificates."""
    staff_certificates.revoke_own(services(), staff(), serial)
    return redirect(url_for("console.account.index"))


@pages.post("/sessions")
def end_others() -> ResponseReturnValue:
    """Sign out everywhere but in this browser."""
    sessions.end_other_sessions(services(), staff(), signed_in_session())
    return redirect(url_for("console.account.index"))


@pages.route("/identity", methods=["GET", "POST"])
def identity() -> ResponseReturnValue:
    """Who the person behind a first account is: asked once, since the three administrators are three people."""
    if request.method == "GET":
        return render_template("console/identity.html")
    try:
        own_account.identify(services(), staff(), name=field("name"), id_number=field("id_number"))
    except (Invalid, Conflict) as error:
        return render_template("console/identity.html", wrong=error.detail, name=field("name")), 422
    return redirect(url_for("console.portal.overview"))
