"""The staff console: server-rendered pages over the workflows; every decision is the workflow's."""

from flask import Blueprint, Flask, Response, request

from ca_service.domain.errors import DomainError
from ca_service.web.characters import require_text_in_form
from ca_service.web.console import (
    account,
    applications,
    audit,
    batches,
    campaign,
    certificates,
    changes,
    enrolments,
    erasures,
    imports,
    media,
    messages,
    parcels,
    person_form,
    portal,
    proposals,
    review,
    roster,
    second_factor,
    sheets,
    staff,
    stamped,
    status,
    transfers,
    unit_cases,
    units,
)
from ca_service.web.console.context import (
    PAGE_SIZE,
    Console,
    client_certificate,
    csrf_token,
    enter,
    may,
    page_link,
    page_number,
    protect,
)
from ca_service.web.console.error_page import domain_page, http_page
from ca_service.web.console.texts import local_time, word

__all__ = ["Console", "http_page", "register"]

_PARTS = (
    portal, account, second_factor, campaign, applications, review, imports, stamped, batches, person_form,
    certificates, enrolments, changes, transfers, media, parcels, sheets, messages, units, unit_cases, roster, staff,
    proposals, erasures, audit, status,
)  # fmt: skip
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


def register(app: Flask, console: Console) -> None:
    """Add the console to the application; the API keeps its own authentication and no CSRF check."""
    app.extensions["console"] = console
    pages = Blueprint(
        "console", __name__, template_folder="templates", static_folder="static", static_url_path="/assets"
    )
    pages.before_request(enter)
    pages.before_request(protect)
    pages.before_request(require_text_in_form)
    pages.register_error_handler(DomainError, domain_page)
    for part in _PARTS:
        pages.register_blueprint(part.pages)
    app.register_blueprint(pages)
    app.context_processor(
        lambda: {
            "csrf_token": csrf_token,
            "client_certificate": client_certificate,
            "may": may,
            "public_url": console.public_url,
            "page_link": page_link,
            "page_number": page_number,
            "page_size": PAGE_SIZE,
        }
    )
    app.jinja_env.filters["word"] = word
    app.jinja_env.filters["local"] = local_time
    app.after_request(_harden)


def _harden(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _CSP)
    headers["Strict-Transport-Security"] = "max-age=31536000"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"
    if not request.path.startswith("/assets/") and "no-store" not in headers.get("Cache-Control", ""):
        headers["Cache-Control"] = "no-store"
    return response
