"""Before each view: who is it, judged anew, and for a change: did our own page ask for it?"""

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
    """Judge the certificate of this very request; changes take no remembered status.

    Raises `RefusalError`, and logs it.
    """
    presented = cast("bytes | None", request.environ.get(CLIENT_CERTIFICATE))
    try:
        return registry.gate.admit(presented, fresh=request.method == "POST")
    except RefusalError as refusal:
        if refusal.kind is not RefusalKind.NO_CERTIFICATE:
            registry.journal.refused(refusal.kind, _serial(presented), registry.clock())
        raise


def administrator_with_token(registry: Registry, tokens: CsrfTokens) -> VerifiedAdministrator:
    """For changes. Raises `RefusalError` or `CsrfRefusedError`."""
    actor = administrator(registry)
    token = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token") or ""
    tokens.check(token, actor.fingerprint, registry.clock())
    return actor


def _serial(presented: bytes | None) -> str | None:
    try:
        return f"{read_certificate(presented or b'').unverified.serial_number:x}"[:40]
    except RefusalError:
        return None
