"""How a JSON body is read: strict pydantic models, unknown members refused, the input never echoed."""

import base64
import binascii
from typing import Annotated, TypeVar

from flask import request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from ca_service.domain.errors import Invalid
from ca_service.web.characters import require_text_in_json

B = TypeVar("B", bound=BaseModel)
Q = TypeVar("Q", bound="Query")


def _from_base64(value: object) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("must be base64 text") from error


Octets = Annotated[
    bytes,
    BeforeValidator(_from_base64),
    Field(max_length=16_384),
    WithJsonSchema({"type": "string", "contentEncoding": "base64", "maxLength": 21_848}),
]
Text = Annotated[str, Field(min_length=1, max_length=300)]


class Body(BaseModel):
    """A body of the API: no unknown member, no conversion between types, nothing of the input in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class Query(BaseModel):
    """The part of an address behind `?`: text is read as what the member is, an unknown member is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Answer(BaseModel):
    """An answer of the API; also what its OpenAPI schema is made from."""

    model_config = ConfigDict(frozen=True)


def read(model: type[B]) -> B:
    """The request's body as this model; raise Invalid naming the first member that does not fit."""
    try:
        document = request.get_json()
        require_text_in_json(document)
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise Invalid(f"请求内容不正确：{where}：{first['msg']}") from error
    except RecursionError as error:
        raise Invalid("请求内容不正确：JSON 嵌套过深。") from error


def read_query(model: type[Q]) -> Q:
    """The request's query as this model; raise Invalid naming the first parameter that does not fit."""
    try:
        return model.model_validate(request.args.to_dict())
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = next((name for name in model.model_fields if name in first["loc"]), "?")
        raise Invalid(f"请求参数不正确：{name}：{first['msg']}") from error


def text(octets: bytes) -> str:
    """Octets as standard base64."""
    return base64.b64encode(octets).decode()
