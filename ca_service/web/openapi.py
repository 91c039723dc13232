"""`/api/openapi.json`: OpenAPI 3.1 from the routes and the models beside them; nothing is written by hand twice."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from ca_service.web.api.described import Operation, operation_of
from ca_service.web.errors import STATUS

_REFERENCE = "#/components/schemas/{model}"
_SCHEMES: Mapping[str, Mapping[str, str]] = {
    "directory": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "Signed by the directory's key over the SHA-256 of the body; at most two minutes old.",
    },
    "certificate": {
        "type": "mutualTLS",
        "description": "The certificate that is renewed, by its key on the token.",
    },
    "relying": {
        "type": "http",
        "scheme": "bearer",
        "description": "The relying system's own token.",
    },
}
_PROBLEM: Mapping[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "kind"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "Chinese, for the person"},
        "kind": {"type": "string", "description": "stable, for programs"},
    },
}
# What any body can meet before its view is called: not JSON, too large, another media type.
_OF_HTTP = ("400", "413", "415")


def blueprint() -> Blueprint:
    """`/api/openapi.json`."""
    pages = Blueprint("openapi", __name__)

    @pages.get("/api/openapi.json")
    def openapi() -> Response:
        """Made from the routes at each request; nobody has to sign in for it."""
        return jsonify(document(current_app))

    return pages


def document(app: Flask) -> dict[str, Any]:
    """The whole document for the routes of this application."""
    operations = list(_operations(app))
    models = {model for _, _, operation in operations for model in _models(operation)}
    _, schemas = models_json_schema(
        [(model, "validation") for model in sorted(models, key=lambda m: m.__name__)], ref_template=_REFERENCE
    )
    paths: dict[str, dict[str, Any]] = {}
    for rule, endpoint, operation in operations:
        path = re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            described = _describe(app, rule, endpoint, operation)
            paths.setdefault(path, {})[method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "Education CA", "version": "1", "description": "Errors are RFC 9457 problem documents."},
        "paths": paths,
        "components": {"schemas": {**schemas.get("$defs", {}), "Problem": _PROBLEM}, "securitySchemes": _SCHEMES},
    }


def _operations(app: Flask) -> Iterator[tuple[Rule, str, Operation]]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        operation = operation_of(app.view_functions[rule.endpoint])
        if operation is not None:
            yield rule, rule.endpoint, operation


def _models(operation: Operation) -> Iterator[type[BaseModel]]:
    if operation.body is not None:
        yield operation.body
    if not isinstance(operation.answer, str):
        yield operation.answer


def _describe(app: Flask, rule: Rule, endpoint: str, operation: Operation) -> dict[str, Any]:
    summary = (app.view_functions[endpoint].__doc__ or "").strip().splitlines()
    described: dict[str, Any] = {
        "operationId": endpoint,
        "summary": summary[0] if summary else endpoint,
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in rule.arguments),
            *_query(operation),
        ],
        "responses": {"200": _answer(operation), **_refusals(operation)},
    }
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": _schema(operation.body)}}
    if operation.security:
        described["security"] = [{operation.security: []}]
    return described


def _query(operation: Operation) -> Iterator[dict[str, Any]]:
    if operation.query is None:
        return
    schema = operation.query.model_json_schema()
    for name, described in schema["properties"].items():
        yield {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": described}


def _answer(operation: Operation) -> dict[str, Any]:
    if isinstance(operation.answer, str):
        return {"description": "done", "content": {operation.answer: {}}}
    return {"description": "done", "content": {"application/json": _schema(operation.answer)}}


def _refusals(operation: Operation) -> dict[str, Any]:
    kinds: dict[str, list[str]] = {status: [] for status in _OF_HTTP} if operation.body is not None else {}
    for kind in operation.refusals:
        kinds.setdefault(str(int(STATUS[kind])), []).append(kind)
    problem = {"application/problem+json": {"schema": {"$ref": _REFERENCE.format(model="Problem")}}}
    return {
        status: {"description": ", ".join(named) or "http", "content": problem}
        for status, named in sorted(kinds.items())
    }


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return {"schema": {"$ref": _REFERENCE.format(model=model.__name__)}}
