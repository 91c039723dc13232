"""`/api/v1/registrations`: the push from the unified user directory, and its receipts."""

from typing import Annotated, Literal

from flask import Blueprint, Response, jsonify, request
from pydantic import Field

from ca_service.domain.applications import Contact
from ca_service.domain.errors import Unauthenticated
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.push_tokens import Keyring, verify
from ca_service.web.api.bodies import Answer, Body, Text, read
from ca_service.web.api.described import Operation, described
from ca_service.workflows.ports import Services
from ca_service.workflows.push import PushedPerson, Reception, receipt, receive

MAX_RECORDS = 10_000


class PushRecord(Body):
    """One approved person of the unified user directory."""

    external_id: Annotated[str, Field(min_length=1, max_length=80)]
    unit_code: Text
    name: Text
    user_type: Text
    id_number: Text
    office_phone: Text
    email: Text
    mobile: Text
    approved_sha256: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""


class Push(Body):
    """At most MAX_RECORDS persons at once; each is answered for itself."""

    records: Annotated[list[PushRecord], Field(min_length=1, max_length=MAX_RECORDS)]


class PushConfirmation(Answer):
    """The CA's answer for one record (系统确认); `holder_id` is empty and `detail` says why when it is refused."""

    external_id: str
    outcome: Literal["registered", "unchanged", "refused"]
    holder_id: str
    detail: str


class PushReceipt(Answer):
    """What the CA received, and what became of it when it came first; kept, and the same for every repeat."""

    id: str
    sha256: Annotated[str, Field(description="of the body's octets, hex")]
    directory: str
    received_at: Annotated[str, Field(description="RFC 3339, UTC")]
    records: int
    registered: int
    unchanged: int
    refused: int


class PushAnswer(Answer):
    """One confirmation a record, in the order of the request, and the receipt."""

    confirmations: list[PushConfirmation]
    receipt: PushReceipt


def blueprint(services: Services, keys: Keyring) -> Blueprint:
    """The push over these services; `keys` says who may."""
    pages = Blueprint("registrations", __name__, url_prefix="/registrations")
    refusals = ("unauthenticated", "invalid", "conflict", "unavailable")

    @pages.post("")
    @described(Operation(PushAnswer, Push, refusals, security="directory"))
    def push() -> Response:
        """Register approved persons; idempotent by external_id."""
        actor = _directory(services, keys)
        persons = [_person(record) for record in read(Push).records]
        return jsonify(_told(receive(services, actor, persons, body=request.get_data())))

    @pages.get("/receipts/<receipt_id>")
    @described(Operation(PushReceipt, refusals=("unauthenticated", "not-found"), security="directory"))
    def kept(receipt_id: str) -> Response:
        """The receipt of an earlier push of the same directory; the token is over an empty body."""
        actor = _directory(services, keys)
        return jsonify(vars(receipt(services, actor, receipt_id).shown()))

    return pages


def _directory(services: Services, keys: Keyring) -> Actor:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("推送接口需要签名令牌（Authorization: Bearer …）。")
    name = verify(token.strip(), request.get_data(), keys=keys, at=services.clock())
    return Actor(f"directory:{name}", CENTRE_CODE, frozenset({Role.DIRECTORY}), "api")


def _person(record: PushRecord) -> PushedPerson:
    return PushedPerson(
        external_id=record.external_id,
        unit_code=record.unit_code,
        name=record.name,
        user_type=record.user_type,
        contact=Contact(record.id_number, record.office_phone, record.email, record.mobile),
        approved_sha256=record.approved_sha256,
    )


def _told(reception: Reception) -> dict[str, object]:
    return {
        "confirmations": [vars(answer) for answer in reception.confirmations],
        "receipt": vars(reception.receipt.shown()),
    }
