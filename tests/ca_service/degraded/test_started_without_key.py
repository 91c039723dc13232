"""Processes that start while the key device is away: they serve what needs no key, and find it once it is there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.x509 import ocsp

from ca_service.app import create_console, publication_pages, responder
from ca_service.cli import doctor
from ca_service.config import Config
from ca_service.domain.errors import Unavailable
from ca_service.domain.health import Alarm
from ca_service.domain.roles import Role
from ca_service.periodic import tasks
from ca_service.web.console.status_texts import sentence
from ca_service.wiring import Wiring
from ca_service.workflows.health import status
from ca_service.workflows.presign import presign
from tests.ca_service.office import Office, actor
from tests.ca_service.presigned.answering import request_for
from tests.ca_service.presigned.means import means

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


@pytest.fixture
def keyless(config: Config) -> Iterator[Wiring]:
    """A process whose module is not there."""
    hsm = config.hsm.model_copy(update={"module": Path("/nonexistent/module.so")})
    made = Wiring(config.model_copy(update={"hsm": hsm}))
    yield made
    made.database.engine.dispose()


def test_answers_signed_ahead_are_served_and_for_the_rest_clients_try_later(wiring: Wiring, keyless: Wiring) -> None:
    office = Office(wiring.services)
    ahead = office.enrolled("1")
    presign(office.services, office.operator, *means(wiring))
    later = office.enrolled("2")
    answering = responder(keyless)

    def ask(serial: str) -> ocsp.OCSPResponse:
        return ocsp.load_der_ocsp_response(answering.answer(request_for(wiring, serial)).body)

    assert ask(ahead.serial).certificate_status is ocsp.OCSPCertStatus.GOOD
    assert ask(later.serial).response_status is ocsp.OCSPResponseStatus.TRY_LATER


def test_pages_lists_and_registrations_are_served_and_readiness_says_what_is_not(keyless: Wiring) -> None:
    office = Office(keyless.services)
    console, published = create_console(keyless).test_client(), publication_pages(keyless).test_client()
    assert console.get("/login").status_code == 200
    assert published.get("/crl/issuing.crl").status_code == 200
    assert office.push([office.person("A1")])
    ready = published.get("/readyz")
    assert (ready.status_code, "No certificates" in ready.text) == (200, True)


def test_the_status_page_says_it_in_chinese(keyless: Wiring) -> None:
    first = status(keyless.services, actor(Role.CA_ADMIN)).alarms[0]
    assert first.alarm is Alarm.KEY_AWAY
    assert "登记、审核、介质" in sentence(first)


def test_a_root_that_custodians_hold_is_no_finding_of_the_doctor(keyless: Wiring) -> None:
    hsm = keyless.config.hsm.model_copy(update={"root_unlock": "shares"})
    found = doctor._root_key(Wiring(keyless.config.model_copy(update={"hsm": hsm})))
    assert (found.mend, "由保管人分持" in found.found) == ("", True)


def test_the_worker_does_the_rest_of_its_round(keyless: Wiring) -> None:
    office = Office(keyless.services)
    office.handed_over()
    todo, failed = tasks(keyless), set()
    for name in todo.keys() - {"push"}:
        try:
            todo[name]()
        except Unavailable:
            failed.add(name)
    assert failed <= {"crl", "checkpoint", "ocsp-signer", "feed-signer", "audit-signer", "ocsp-answers"}
