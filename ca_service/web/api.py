"""The JSON API: push of registrations, and the three steps of the self-download."""

import base64
import binascii
import hmac
from collections.abc import Callable
from typing import Annotated, TypeVar

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ca_service.domain.applications import Contact
from ca_service.domain.errors import Invalid, Unauthenticated
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows import enrol
from ca_service.workflows.ports import Services
from ca_service.workflows.push import PushedPerson, receive

DIRECTORY = Actor("directory", CENTRE_CODE, frozenset({Role.DIRECTORY}), "api")
_MAX_RECORDS = 10_000
_B = TypeVar("_B", bound=BaseModel)


def _from_base64(value: object) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("must be base64 text") from error


Octets = Annotated[bytes, BeforeValidator(_from_base64), Field(max_length=16_384)]
Text = Annotated[str, Field(min_length=1, max_length=300)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class PushRecord(_Body):
    """One approved person of the unified user directory."""

    external_id: Annotated[str, Field(min_length=1, max_length=80)]
    unit_code: Text
    name: Text
    user_type: Text
    id_number: Text
    office_phone: Text
    email: Text
    mobile: Text


class Push(_Body):
    """Body of `POST /api/v1/registrations`."""

    records: Annotated[list[PushRecord], Field(min_length=1, max_length=_MAX_RECORDS)]


class Begin(_Body):
    """Body of `POST /api/v1/enrolments/begin`."""

    reference_number: Text
    authorisation_code: Text
    token_serial: Text


class CertificateRequest(_Body):
    """Body of `POST /api/v1/enrolments/certificate`."""

    session: Text
    csr: Octets
    binding_signature: Octets


class Confirm(_Body):
    """Body of `POST /api/v1/enrolments/confirm`."""

    session: Text
    signature: Octets


def blueprint(services: Services, *, push_token: Callable[[], str]) -> Blueprint:
    """The API over these services; `push_token` is the shared secret of the user directory."""
    api = Blueprint("api", __name__, url_prefix="/api/v1")

    @api.post("/registrations")
    def registrations() -> Response:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), push_token().encode()):
            raise Unauthenticated("推送接口的令牌不正确。")
        answers = receive(services, DIRECTORY, [_person(record) for record in _read(Push).records])
        return jsonify(confirmations=[vars(answer) for answer in answers])

    @api.post("/enrolments/begin")
    def begin() -> Response:
        body = _read(Begin)
        begun = enrol.begin(
            services,
            reference=body.reference_number,
            code=body.authorisation_code,
            medium_serial=body.token_serial,
        )
        return jsonify(
            session=begun.session,
            state=begun.state.value,
            nonce=_text(begun.nonce),
            holder=begun.holder,
            unit=begun.unit,
            key_algorithm=begun.key_algorithm,
        )

    @api.post("/enrolments/certificate")
    def certificate() -> Response:
        body = _read(CertificateRequest)
        delivered = enrol.certificate(
            services, session=body.session, csr=body.csr, binding_signature=body.binding_signature
        )
        return jsonify(
            certificate=_text(delivered.certificate),
            chain=[_text(der) for der in delivered.chain],
            challenge=_text(delivered.challenge),
        )

    @api.post("/enrolments/confirm")
    def confirm() -> Response:
        body = _read(Confirm)
        active = enrol.confirm(services, session=body.session, signature=body.signature)
        return jsonify(state="confirmed", serial=active.serial)

    return api


def _read(model: type[_B]) -> _B:
    try:
        return model.model_validate(request.get_json())
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise Invalid(f"请求内容不正确：{where}：{first['msg']}") from error
    except RecursionError as error:
        raise Invalid("请求内容不正确：JSON 嵌套过深。") from error


def _person(record: PushRecord) -> PushedPerson:
    return PushedPerson(
        external_id=record.external_id,
        unit_code=record.unit_code,
        name=record.name,
        user_type=record.user_type,
        contact=Contact(record.id_number, record.office_phone, record.email, record.mobile),
    )


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
