"""The JSON API, one module a noun; the models beside the views make the OpenAPI document."""

from collections.abc import Callable, Mapping

from flask import Blueprint

from ca_service.push_tokens import Keyring
from ca_service.web.api import account_events, enrolments, registrations, renewals, sign_ins, unblocks
from ca_service.workflows.ports import Services


def blueprint(
    services: Services, *, push_keys: Keyring, relying: Mapping[str, str], sign_page: Callable[[bytes], bytes]
) -> Blueprint:
    """`/api/v1` over these services; `push_keys`: who may push; `relying`: each relying system's token by its name;
    `sign_page` makes a page of the account feed into a JWS.
    """
    api = Blueprint("api", __name__, url_prefix="/api/v1")
    api.register_blueprint(enrolments.blueprint(services))
    api.register_blueprint(renewals.blueprint(services))
    api.register_blueprint(unblocks.blueprint(services))
    api.register_blueprint(registrations.blueprint(services, push_keys))
    api.register_blueprint(sign_ins.blueprint(services, relying))
    api.register_blueprint(account_events.blueprint(services, relying, sign_page))
    return api
