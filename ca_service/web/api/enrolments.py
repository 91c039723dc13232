"""`/api/v1/enrolments`: the three steps of the self-download; each may be repeated and answers the same."""

from typing import Literal

from flask import Blueprint, Response, jsonify

from ca_service.web.api.bodies import Answer, Body, Octets, Text, read, text
from ca_service.web.api.described import Operation, described
from ca_service.workflows import enrol, enrol_certificate
from ca_service.workflows.enrol_sessions import Session
from ca_service.workflows.ports import Services


class Begin(Body):
    """What the person types and which token is plugged in."""

    reference_number: Text
    authorisation_code: Text
    token_serial: Text


class Replaced(Answer):
    """The person's certificate before this download; `revoked`: it has ended for good."""

    serial: str
    revoked: bool


class Begun(Answer):
    """An open session of 15 minutes; `nonce` is base64, 32 octets; the holder's name is masked."""

    session: str
    state: Literal["open", "issued", "confirmed"]
    nonce: str
    holder: str
    unit: str
    key_algorithm: Literal["ec-p256", "rsa-2048"]
    replaces: Replaced | None = None


class CertificateRequest(Body):
    """A PKCS#10 request (DER) and the binding key's signature over nonce and request."""

    session: Text
    csr: Octets
    binding_signature: Octets


class Delivered(Answer):
    """DER as base64; the chain has the issuing CA first; `challenge` is 32 octets for the new key to sign."""

    certificate: str
    chain: list[str]
    challenge: str


class Confirm(Body):
    """The new key's signature over the challenge."""

    session: Text
    signature: Octets


class Confirmed(Answer):
    """The certificate is active; `serial` is lower-case hex."""

    state: Literal["confirmed"]
    serial: str


def blueprint(services: Services) -> Blueprint:
    """The self-download over these services."""
    pages = Blueprint("enrolments", __name__, url_prefix="/enrolments")
    codes = ("invalid", "code-wrong", "code-blocked", "code-expired", "code-used", "wrong-token", "unavailable")
    proofs = ("invalid", "session-unknown", "proof-invalid", "conflict", "unavailable")
    request_refusals = (
        *("invalid", "session-unknown", "csr-invalid", "key-weak", "key-in-use", "binding-invalid", "code-used"),
        *("conflict", "unavailable"),
    )

    @pages.post("/begin")
    @described(Operation(Begun, Begin, codes))
    def begin() -> Response:
        """Open a session with both codes and the token that was handed over."""
        body = read(Begin)
        begun = enrol.begin(
            services,
            reference=body.reference_number,
            code=body.authorisation_code,
            medium_serial=body.token_serial,
        )
        return begun_answer(begun)

    @pages.post("/certificate")
    @described(Operation(Delivered, CertificateRequest, request_refusals))
    def certificate() -> Response:
        """The certificate for the key of the request; the same one for every repeat."""
        body = read(CertificateRequest)
        delivered = enrol_certificate.certificate(
            services, Session(body.session), csr=body.csr, binding_signature=body.binding_signature
        )
        return delivery(delivered)

    @pages.post("/confirm")
    @described(Operation(Confirmed, Confirm, proofs))
    def confirm() -> Response:
        """Make the certificate active once the new key has proven itself."""
        body = read(Confirm)
        active = enrol.confirm(services, Session(body.session), signature=body.signature)
        return jsonify(state="confirmed", serial=active.serial)

    return pages


def begun_answer(begun: enrol.Begun) -> Response:
    """The answer of `begin`; `replaces` is left out where the person had no certificate."""
    replaced = begun.replaces
    replaces = {} if replaced is None else {"replaces": {"serial": replaced.serial, "revoked": replaced.revoked}}
    return jsonify(
        session=begun.session,
        state=begun.state.value,
        nonce=text(begun.nonce),
        holder=begun.holder,
        unit=begun.unit,
        key_algorithm=begun.key_algorithm,
        **replaces,
    )


def delivery(delivered: enrol_certificate.Delivered) -> Response:
    """What enrolment and renewal answer alike: DER and challenge in base64."""
    return jsonify(
        certificate=text(delivered.certificate),
        chain=[text(der) for der in delivered.chain],
        challenge=text(delivered.challenge),
    )
