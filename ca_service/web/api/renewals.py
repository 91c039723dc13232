"""`/api/v1/renewals`: renewal over TLS with the certificate that is renewed; each step may be repeated."""

from flask import Blueprint, Response, jsonify, request

from ca_service.web.api.bodies import Body, Text, read
from ca_service.web.api.described import Operation, described
from ca_service.web.api.enrolments import (
    Begun,
    CertificateRequest,
    Confirm,
    Confirmed,
    Delivered,
    begun_answer,
    delivery,
)
from ca_service.web.front import CERTIFICATE
from ca_service.workflows import enrol, enrol_certificate, renew
from ca_service.workflows.enrol_sessions import Session
from ca_service.workflows.ports import Services


class RenewalBegin(Body):
    """Which token is plugged in; who asks is the holder of the client certificate."""

    token_serial: Text


class Renewed(Confirmed):
    """`superseded` is the serial of the certificate that was renewed."""

    superseded: str


def blueprint(services: Services) -> Blueprint:
    """Renewal over these services."""
    pages = Blueprint("renewals", __name__, url_prefix="/renewals")
    mutual = "certificate"
    begins = (
        *("invalid", "unauthenticated", "renewal-not-due", "superseded", "certificate-not-live", "wrong-token"),
        *("conflict", "unavailable"),
    )
    requests = (
        *("invalid", "unauthenticated", "session-unknown", "csr-invalid", "key-weak", "key-in-use", "binding-invalid"),
        *("code-used", "certificate-not-live", "not-approved", "conflict", "unavailable"),
    )
    proofs = (
        *("invalid", "unauthenticated", "session-unknown", "proof-invalid", "certificate-not-live", "conflict"),
        "unavailable",
    )

    @pages.post("/begin")
    @described(Operation(Begun, RenewalBegin, begins, mutual))
    def begin() -> Response:
        """Open a session to renew the client certificate."""
        body, serial = read(RenewalBegin), _shown()
        return begun_answer(renew.begin(services, serial=serial, medium_serial=body.token_serial))

    @pages.post("/certificate")
    @described(Operation(Delivered, CertificateRequest, requests, mutual))
    def certificate() -> Response:
        """The certificate for the new key; the same one for every repeat."""
        body, serial = read(CertificateRequest), _shown()
        return delivery(
            enrol_certificate.certificate(
                services, Session(body.session, serial), csr=body.csr, binding_signature=body.binding_signature
            )
        )

    @pages.post("/confirm")
    @described(Operation(Renewed, Confirm, proofs, mutual))
    def confirm() -> Response:
        """Make the new certificate active and end the old one once the new key has proven itself."""
        body, serial = read(Confirm), _shown()
        active = enrol.confirm(services, Session(body.session, serial), signature=body.signature)
        return jsonify(state="confirmed", serial=active.serial, superseded=serial)

    def _shown() -> str:
        return renew.shown(services, request.environ.get(CERTIFICATE, b""))

    return pages
