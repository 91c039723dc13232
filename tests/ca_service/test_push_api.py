"""The push over HTTP: who may, what is answered, what is kept; and the public description of the API."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ca_service.app import create_console
from ca_service.config import Config, PushTable
from ca_service.domain.holders import HolderStatus
from ca_service.domain.persons import UserType
from ca_service.push_tokens import OWN_WORKER, Keyring, mint, verify
from ca_service.secret_files import read_secret
from ca_service.store.models import HolderRow
from ca_service.web.errors import STATUS
from ca_service.wiring import Wiring
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import CONTACT, Office

_KEY = ec.generate_private_key(ec.SECP256R1())
_PUBLIC = _KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture
def config(config: Config) -> Config:
    """With one user directory, `unified`."""
    path = config.path(config.service.documents).parent / "unified.pem"
    path.write_text(_PUBLIC)
    return config.model_copy(update={"push": PushTable(directories={"unified": path})})


@pytest.fixture
def client(wiring: Wiring) -> FlaskClient:
    return create_console(wiring).test_client()


def _records(office: Office, *numbers: int, user_type: str = UserType.TRAINING) -> bytes:
    records = [
        {"external_id": f"X{n}", "unit_code": office.school, "name": "示范人", "user_type": user_type} | vars(CONTACT)
        for n in numbers
    ]
    return json.dumps({"records": records}).encode()


def _token(clock: TestClock, octets: bytes, *, key: Any = _KEY, algorithm: str = "ES256", **changes: Any) -> str:
    now = int(clock().timestamp())
    claims = {"iss": "unified", "aud": "educa:push", "iat": now, "exp": now + 60}
    claims["body"] = hashlib.sha256(octets).hexdigest()
    kept = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm)


def _push(client: FlaskClient, body: bytes, token: str) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return client.post("/api/v1/registrations", data=body, headers=headers)


def _json(answer: TestResponse) -> Mapping[str, Any]:
    assert answer.json is not None
    found: Mapping[str, Any] = answer.json
    return found


def test_a_directory_pushes_and_gets_a_confirmation_a_record_and_a_receipt(
    client: FlaskClient, office: Office, clock: TestClock
) -> None:
    body = _records(office, 1, 2)
    told = _json(_push(client, body, _token(clock, body)))
    assert [c["outcome"] for c in told["confirmations"]] == ["registered", "registered"]
    receipt = told["receipt"]
    assert (receipt["directory"], receipt["records"], receipt["registered"]) == ("directory:unified", 2, 2)
    assert receipt["sha256"] == hashlib.sha256(body).hexdigest()


def test_a_repeated_push_changes_nothing_and_has_the_receipt_of_the_first(
    client: FlaskClient, office: Office, clock: TestClock
) -> None:
    body = _records(office, 1)
    first = _json(_push(client, body, _token(clock, body)))
    again = _json(_push(client, body, _token(clock, body)))
    assert again["receipt"] == first["receipt"]
    assert [c["outcome"] for c in again["confirmations"]] == ["unchanged"]
    assert again["confirmations"][0]["holder_id"] == first["confirmations"][0]["holder_id"]
    with office.services.read() as uow:
        assert (uow.holders.count(), uow.receipts.count()) == (1, 1)


def test_the_receipt_can_be_fetched_by_its_directory_only(
    client: FlaskClient, office: Office, clock: TestClock, config: Config
) -> None:
    body = _records(office, 1)
    receipt = _json(_push(client, body, _token(clock, body)))["receipt"]
    address = f"/api/v1/registrations/receipts/{receipt['id']}"
    own = client.get(address, headers={"Authorization": f"Bearer {_token(clock, b'')}"})
    assert _json(own) == receipt
    secret = read_secret(config.path(config.secrets.push_token))
    other = client.get(address, headers={"Authorization": f"Bearer {mint(secret, b'', at=clock())}"})
    assert other.status_code == 404


def test_a_record_of_an_unknown_unit_is_refused_and_the_others_are_taken(
    client: FlaskClient, office: Office, clock: TestClock
) -> None:
    records = json.loads(_records(office, 1, 2))
    records["records"][0]["unit_code"] = "999999"
    body = json.dumps(records).encode()
    told = _json(_push(client, body, _token(clock, body)))
    assert [c["outcome"] for c in told["confirmations"]] == ["refused", "registered"]
    assert "999999" in told["confirmations"][0]["detail"]


def test_a_units_only_place_is_given_once_within_a_push_and_after_it(
    client: FlaskClient, office: Office, clock: TestClock
) -> None:
    for numbers, outcomes in (((1, 2), ["registered", "refused"]), ((2, 1), ["refused", "unchanged"])):
        body = _records(office, *numbers, user_type=UserType.INFORMATION)
        told = _json(_push(client, body, _token(clock, body)))
        assert [c["outcome"] for c in told["confirmations"]] == outcomes
    with office.services.read() as uow:
        assert uow.holders.count(unit_code=office.school, status=HolderStatus.ACTIVE) == 1


_FOREIGN = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    "deviation",
    [
        {"key": _FOREIGN},
        {"iss": "somebody"},
        {"iss": OWN_WORKER},
        {"aud": "educa:other"},
        {"iat": None},
        {"exp": None},
        {"body": None},
        {"body": "0" * 64},
        {"iat": 1, "exp": 60},
        {"iat": "now"},
        {"iat": True},
        # The public key as an HMAC secret, and no signature at all.
        {"key": hashlib.sha256(_PUBLIC.encode()).hexdigest(), "algorithm": "HS256"},
        {"key": None, "algorithm": "none"},
    ],
    ids=range(13),
)
def test_a_token_that_deviates_is_refused(
    client: FlaskClient, office: Office, clock: TestClock, deviation: dict[str, Any]
) -> None:
    body = _records(office, 1)
    answer = _push(client, body, _token(clock, body, **deviation))
    assert (answer.status_code, _json(answer)["kind"]) == (401, "unauthenticated")
    with office.services.read() as uow:
        assert uow.holders.count() == 0


def test_a_token_for_longer_than_two_minutes_is_refused(client: FlaskClient, office: Office, clock: TestClock) -> None:
    body = _records(office, 1)
    now = int(clock().timestamp())
    assert "120" in _json(_push(client, body, _token(clock, body, exp=now + 600)))["detail"]


def test_a_stolen_token_dies_after_its_time(client: FlaskClient, office: Office, clock: TestClock) -> None:
    body = _records(office, 1)
    token = _token(clock, body)
    clock.pass_time(minutes=5)
    assert _push(client, body, token).status_code == 401


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30.", "." * 5000, "é"])
def test_garbage_in_place_of_a_token_is_refused(token: str, clock: TestClock) -> None:
    from ca_service.domain.errors import Unauthenticated

    with pytest.raises(Unauthenticated):
        verify(token, b"", keys=Keyring("secret", {"unified": _PUBLIC}), at=clock())


def test_private_numbers_are_sealed_in_the_row(
    client: FlaskClient, office: Office, clock: TestClock, wiring: Wiring
) -> None:
    body = _records(office, 1)
    assert _push(client, body, _token(clock, body)).status_code == 200
    with wiring.database.engine.connect() as connection:
        (row,) = connection.execute(HolderRow.__table__.select()).all()
    assert not [value for value in row if CONTACT.id_number in str(value) or CONTACT.mobile in str(value)]


def test_the_description_names_every_operation_with_models_that_resolve(client: FlaskClient) -> None:
    document = _json(client.get("/api/openapi.json"))
    served = {
        rule.rule.replace("<", "{").replace(">", "}")
        for rule in client.application.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
    }
    assert set(document["paths"]) == served
    schemas = document["components"]["schemas"]
    references = set(_references(document))
    assert references
    assert {reference.rsplit("/", 1)[1] for reference in references} <= set(schemas)


def _references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for inner in value.values() for found in _references(inner)]
    return [found for inner in value for found in _references(inner)] if isinstance(value, list) else []


def test_the_description_tells_the_status_of_each_refusal(client: FlaskClient) -> None:
    responses = _json(client.get("/api/openapi.json"))["paths"]["/api/v1/enrolments/begin"]["post"]["responses"]
    assert {"200", "400", "413", "415", str(int(STATUS["code-wrong"])), str(int(STATUS["wrong-token"]))} <= set(
        responses
    )
    assert "code-blocked" in responses["403"]["description"]


def test_a_private_key_in_place_of_a_public_one_refuses_to_start(wiring: Wiring, config: Config) -> None:
    from ca_service.config import ConfigError

    private = _KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    config.push.directories["unified"].write_bytes(private)
    with pytest.raises(ConfigError, match="公钥"):
        create_console(wiring)
