"""Somebody at a browser: an account, a client, the steps of a sign-in."""

import re
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ca_service.domain.roles import Role
from ca_service.domain.second_factors import STEP, TotpSecret
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE
from ca_service.passwords import hash_password
from ca_service.workflows.ports import Services
from tests.ca_service.conftest import TestClock

PASSWORD = "correct horse battery"
NEW_PASSWORD = "another long sentence"


def account(services: Services, login: str = "zhang", role: Role = Role.REVIEWER, **changes: object) -> Staff:
    """An account in the store; tests say what deviates from one that has its own password."""
    plain: dict[str, object] = {
        "login": login, "name": "示范人", "unit_code": CENTRE_CODE, "roles": frozenset({role}),
        "password_hash": hash_password(PASSWORD), "must_change_password": False, "active": True,
        "created_at": services.clock(),
    }  # fmt: skip
    made = Staff(**(plain | changes))  # type: ignore[arg-type]
    with services.begin() as uow:
        uow.staff.add(made)
    return made


@dataclass
class Browser:
    """A client that fills in forms as a person does."""

    client: FlaskClient

    @classmethod
    def of(cls, app: Flask, *, address: str = "192.0.2.1") -> "Browser":
        """A browser with no cookies yet."""
        client = app.test_client()
        client.environ_base.update({"wsgi.url_scheme": "https", "REMOTE_ADDR": address})
        return cls(client)

    @property
    def cookie(self) -> str:
        """The session cookie as it stands."""
        found = self.client.get_cookie("__Host-educa")
        assert found
        return found.value

    def get(self, path: str) -> TestResponse:
        """A page."""
        return self.client.get(path)

    def post(self, page: str, path: str = "", **fields: object) -> TestResponse:
        """Send the form that stands on a page, to the page itself or to a path."""
        return self.client.post(path or page, data={"csrf_token": token(self.client.get(page)), **fields})

    def sign_in(self, login: str = "zhang", password: str = PASSWORD) -> TestResponse:
        """The password's form."""
        return self.post("/login", login=login, password=password)

    def enrol(self, clock: TestClock) -> TotpSecret:
        """Enrol an authenticator from the secret that the page shows; the codes of this moment are used up."""
        secret = shown_secret(self.get("/second-factor/totp"))
        assert self.post("/second-factor/totp", code=code(secret, clock)).status_code == 200
        return secret


def token(answer: TestResponse) -> str:
    """The CSRF token of a page's first form."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
    assert found, answer.text
    return found.group(1)


def shown_secret(page: TestResponse) -> TotpSecret:
    """The authenticator's secret as a person reads it."""
    found = re.search(r'id="secret">([A-Z2-7 ]+)<', page.text)
    assert found, page.text
    return TotpSecret(found.group(1).replace(" ", ""))


def code(secret: TotpSecret, clock: TestClock, *, later: int = 0) -> str:
    """What the authenticator shows now, or some steps later."""
    return secret.code_at(int(clock().timestamp()) // STEP + later)
