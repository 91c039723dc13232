"""`/api/v1/unblocks`: the three steps of a PIN unblock; SO PINs go in and out sealed only."""

from typing import Literal

from flask import Blueprint, Response, jsonify

from ca_service.web.api.bodies import Answer, Body, Octets, Text, read, text
from ca_service.web.api.described import Operation, described
from ca_service.web.api.enrolments import Confirm
from ca_service.workflows import unblock
from ca_service.workflows.ports import Services


class UnblockBegin(Body):
    """Which token is plugged in, and the release code (解锁码)."""

    token_serial: Text
    release_code: Text


class UnblockBegun(Answer):
    """A session of 15 minutes; `reader` is the custody key (DER SPKI), `nonce` 32 octets, both base64."""

    session: str
    nonce: str
    reader: str


class Handing(Body):
    """What a locked token can show, the key of this run (DER SPKI, P-256), and the next SO PIN, sealed."""

    session: Text
    binding_public_key: Octets
    reader: Octets
    next_so_pin_sealed: Octets


class Handed(Answer):
    """The SO PINs that the token may have, newest first, sealed for the run's key."""

    so_pins_sealed: list[str]


class Unblocked(Answer):
    """The release is used up."""

    state: Literal["confirmed"]


def blueprint(services: Services) -> Blueprint:
    """PIN unblock over these services."""
    pages = Blueprint("unblocks", __name__, url_prefix="/unblocks")
    codes = (
        *("invalid", "not-released", "wrong-token", "code-wrong", "code-blocked", "code-expired", "code-used"),
        *("conflict", "unavailable"),
    )
    handing = (
        *("invalid", "session-unknown", "binding-invalid", "wrong-token", "not-released", "code-expired", "code-used"),
        *("code-blocked", "conflict", "unavailable"),
    )
    proofs = ("invalid", "session-unknown", "proof-invalid", "conflict", "unavailable")

    @pages.post("/begin")
    @described(Operation(UnblockBegun, UnblockBegin, codes))
    def begin() -> Response:
        """Open a session with the release code and the token that it is for."""
        body = read(UnblockBegin)
        begun = unblock.begin(services, serial=body.token_serial, code=body.release_code)
        return jsonify(session=begun.session, nonce=text(begun.nonce), reader=text(begun.reader))

    @pages.post("/release")
    @described(Operation(Handed, Handing, handing))
    def release() -> Response:
        """Take the next SO PIN in, then give out those that the token may have."""
        body = read(Handing)
        sealed = unblock.hand_out(
            services,
            session=body.session,
            binding_key=body.binding_public_key,
            reader=body.reader,
            next_sealed=body.next_so_pin_sealed,
        )
        return jsonify(so_pins_sealed=[text(one) for one in sealed])

    @pages.post("/confirm")
    @described(Operation(Unblocked, Confirm, proofs))
    def confirm() -> Response:
        """End the unblock once the binding key has signed under the new PIN."""
        body = read(Confirm)
        unblock.confirm(services, session=body.session, signature=body.signature)
        return jsonify(state="confirmed")

    return pages
