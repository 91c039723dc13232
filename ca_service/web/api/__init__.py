"""The JSON API, one module a noun; the models beside the views make the OpenAPI document."""

from flask import Blueprint

from ca_service.push_tokens import Keyring
from ca_service.web.api import enrolments, registrations
from ca_service.workflows.ports import Services


def blueprint(services: Services, *, push_keys: Keyring) -> Blueprint:
    """`/api/v1` over these services; `push_keys` says who may push."""
    api = Blueprint("api", __name__, url_prefix="/api/v1")
    api.register_blueprint(enrolments.blueprint(services))
    api.register_blueprint(registrations.blueprint(services, push_keys))
    return api
