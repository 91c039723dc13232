"""The API under hostile bodies: problem documents of the 4xx class, nothing else; and no personal data at rest."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from ca_service.app import create_console
from ca_service.config import Config
from ca_service.push_tokens import mint
from ca_service.secret_files import read_secret
from ca_service.wiring import Wiring
from tests.ca_service.office import CONTACT, Office

_ENDPOINTS = ("registrations", "enrolments/begin", "enrolments/certificate", "enrolments/confirm")
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
)


@pytest.fixture
def client(wiring: Wiring) -> FlaskClient:
    return create_console(wiring).test_client()


def _post(client: FlaskClient, config: Config, endpoint: str, body: bytes) -> TestResponse:
    token = mint(read_secret(config.path(config.secrets.push_token)), body, at=datetime.now(UTC))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return client.post(f"/api/v1/{endpoint}", data=body, headers=headers)


@pytest.mark.parametrize("endpoint", _ENDPOINTS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=_JSON)
def test_any_json_gets_a_problem_document(client: FlaskClient, config: Config, endpoint: str, body: Any) -> None:
    answer = _post(client, config, endpoint, json.dumps(body).encode())
    assert 400 <= answer.status_code < 500
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["detail"]


@pytest.mark.parametrize("endpoint", _ENDPOINTS)
@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 5000])
def test_bytes_that_are_no_json_get_a_problem_document(
    client: FlaskClient, config: Config, endpoint: str, body: bytes
) -> None:
    answer = _post(client, config, endpoint, body)
    assert 400 <= answer.status_code < 500
    assert answer.content_type == "application/problem+json"


def test_the_push_needs_a_token(client: FlaskClient) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}):
        answer = client.post("/api/v1/registrations", json={"records": []}, headers=headers)
        assert (answer.status_code, answer.json and answer.json["kind"]) == (401, "unauthenticated")


def test_a_whole_download_over_the_api(client: FlaskClient, office: Office) -> None:
    holder, token = office.handed_over()
    reference, code = office.codes(holder)
    body = {"reference_number": reference, "authorisation_code": "AAAAAAAAAA", "token_serial": token.serial}
    refused = client.post("/api/v1/enrolments/begin", json=body)
    assert refused.json is not None
    assert (refused.status_code, refused.json["kind"], refused.json["tries_left"]) == (401, "code-wrong", 4)
    begun = client.post("/api/v1/enrolments/begin", json={**body, "authorisation_code": code}).json
    assert begun is not None
    csr = token.csr()
    signature = token.bind(base64.b64decode(begun["nonce"]), csr)
    asked = {"session": begun["session"], "csr": _text(csr), "binding_signature": _text(signature)}
    delivered = client.post("/api/v1/enrolments/certificate", json=asked).json
    assert delivered is not None
    proof = token.prove(base64.b64decode(delivered["challenge"]))
    answer = client.post("/api/v1/enrolments/confirm", json={"session": begun["session"], "signature": _text(proof)})
    assert answer.json is not None
    assert answer.json["state"] == "confirmed"


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def test_no_personal_value_lies_in_the_open_after_a_whole_run(office: Office, config: Config, tmp_path: Path) -> None:
    office.enrolled()
    if not config.database.url.startswith("sqlite"):
        pytest.skip("looks into the files of SQLite")
    octets = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert "示范人".encode() in octets
    for value in (CONTACT.id_number, CONTACT.mobile, CONTACT.email, CONTACT.office_phone):
        assert value.encode() not in octets
