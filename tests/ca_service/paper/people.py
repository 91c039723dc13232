"""Somebody signed in at the console."""

from flask import Flask
from flask.testing import FlaskClient

from ca_service.domain.roles import Role
from tests.ca_service.office import LEAGUE, Office
from tests.ca_service.web.test_console import _client, _sign_in, _staff


def signed_in(app: Flask, office: Office, role: Role, unit: str = LEAGUE) -> FlaskClient:
    """A browser of an account with this role there."""
    login = f"{role.value}-{unit}"
    _staff(office, role, login=login, unit=unit)
    client = _client(app)
    _sign_in(client, login)
    return client
