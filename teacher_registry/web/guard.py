"""Before each view: who is it, judged anew, and for a change: did our own page ask for it?"""

from dataclasses import replace
from datetime import datetime
from typing import cast

from flask import request

from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification.certificates import read_certificate
from teacher_registry.verification.subject import VerifiedAdministrator
from teacher_registry.web.csrf import CsrfTokens
from teacher_registry.wiring import Registry

# Set by our TLS layer only. Request headers reach WSGI as HTTP_..., so no header can take this name.
CLIENT_CERTIFICATE = "teacher_registry.client_certificate"


def administrator(registry: Registry) -> VerifiedAdministrator:
    """Judge the certificate of this very request, and then the holder's account.

    A POST changes something or takes something out, so it takes no remembered status and no old news. Raises
    `RefusalError`, and logs it.
    """
    actor, _ = _judged(registry)
    return actor


def administrator_with_token(registry: Registry, tokens: CsrfTokens) -> VerifiedAdministrator:
    """For changes. Raises `RefusalError` or `CsrfRefusedError`."""
    actor, void_before = _judged(registry)
    token = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token") or ""
    tokens.check(token, actor.fingerprint, registry.clock(), void_before=void_before)
    return actor


def _judged(registry: Registry) -> tuple[VerifiedAdministrator, datetime | None]:
    presented = cast("bytes | None", request.environ.get(CLIENT_CERTIFICATE))
    change = request.method == "POST"
    try:
        actor = registry.gate.admit(presented, fresh=change)
        admitted = registry.standings.require(actor)
        registry.news.require(change=change)
    except RefusalError as refusal:
        if presented is not None and refusal.kind is not RefusalKind.NO_CERTIFICATE:
            registry.journal.refused(refusal.kind, presented, _serial(presented), registry.clock())
        raise
    # The feed is newer than the certificate. The name stays the certificate's: the feed tells none.
    return replace(actor, unit_code=admitted.unit_code), admitted.void_before


def _serial(presented: bytes) -> str | None:
    try:
        return f"{read_certificate(presented).unverified.serial_number:x}"[:40]
    except RefusalError:
        return None
