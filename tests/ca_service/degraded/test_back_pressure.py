"""More is asked of a key than it may give: who is refused hears when to come back, and lists are signed still."""

import base64
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ca_service.app import create_console, responder
from ca_service.config import Config
from ca_service.domain.certificates import CertificateStatus
from ca_service.signing.turns import TURNS
from ca_service.wiring import Wiring
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service.office import Office
from tests.ca_service.presigned.answering import request_for
from tests.ca_service.signing.line import Told, taken

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


def _limited(config: Config, **limits: float) -> Iterator[Wiring]:
    made = Wiring(config.model_copy(update={"hsm": config.hsm.model_copy(update=limits)}))
    yield made
    made.issuing_sessions.drop()
    made.database.engine.dispose()


@pytest.fixture
def slow(config: Config) -> Iterator[Wiring]:
    """One certificate and one answer, and a thousand seconds later the next: no machine is so slow."""
    yield from _limited(config, certificates_per_second=0.001, answers_per_second=0.001)


@pytest.fixture
def impatient(config: Config) -> Iterator[Wiring]:
    """Nobody waits longer than a moment."""
    yield from _limited(config, wait_seconds=0.1)


def _downloads(office: Office, client: FlaskClient, *numbers: str) -> list[dict[str, str]]:
    """Downloads that have come to the point where the certificate is asked for."""
    asked = []
    for number in numbers:
        holder, token = office.handed_over(number)
        reference, code = office.codes(holder)
        body = {"reference_number": reference, "authorisation_code": code, "token_serial": token.serial}
        begun = client.post("/api/v1/enrolments/begin", json=body).json
        assert begun is not None
        csr = token.csr()
        signature = token.bind(base64.b64decode(begun["nonce"]), csr)
        asked.append({"session": begun["session"], "csr": _text(csr), "binding_signature": _text(signature)})
    return asked


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _fetch(client: FlaskClient, download: dict[str, str]) -> TestResponse:
    return client.post("/api/v1/enrolments/certificate", json=download)


def test_downloads_over_the_rate_are_told_when_to_come_back_and_lists_are_signed_meanwhile(
    slow: Wiring, wiring: Wiring
) -> None:
    office, client = Office(slow.services), create_console(slow).test_client()
    first, second = _downloads(office, client, "1", "2")
    assert _fetch(client, first).status_code == 200
    refused = _fetch(client, second)
    problem = refused.json
    assert problem is not None
    assert (refused.status_code, problem["kind"]) == (503, "busy")
    assert 0 < int(refused.headers["Retry-After"]) <= 1000
    assert "请稍候重试" in problem["detail"]
    with office.services.read() as uow:
        assert uow.certificates.count(status=CertificateStatus.SIGNING) == 0
    for _ in range(3):
        publish_crl(office.services, office.operator, "issuing")
    # What was begun goes on where there is room: here in another process of the service.
    assert _fetch(create_console(wiring).test_client(), second).status_code == 200


def test_answers_over_the_rate_are_told_to_try_later_and_what_was_signed_is_told(slow: Wiring) -> None:
    with slow.database.read() as uow:
        serials = [one.serial for one in uow.certificates.find(issuer="issuing")][:2]
    questions = [request_for(slow, serial) for serial in serials]
    answering = responder(slow)
    good, later = (answering.answer(question).body for question in questions)
    assert (len(good) > 100, later) == (True, bytes.fromhex("30030a0103"))
    assert answering.answer(questions[0]).body == good


def test_a_request_that_waits_too_long_for_the_token_is_answered(impatient: Wiring) -> None:
    office, client = Office(impatient.services), create_console(impatient).test_client()
    (download,) = _downloads(office, client, "1")
    with taken(TURNS, Told()):
        refused = _fetch(client, download)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert client.get("/login").status_code == 200
        assert [device.why for device in impatient.devices()] == ["Busy"]
    assert _fetch(client, download).status_code == 200
