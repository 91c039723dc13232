"""The console and a desk over the test's adapters."""

import pytest
from flask import Flask

from ca_service.app import create_console
from ca_service.wiring import Wiring
from tests.ca_service.desk import Desk
from tests.ca_service.office import Office


@pytest.fixture
def app(wiring: Wiring) -> Flask:
    return create_console(wiring)


@pytest.fixture
def desk(office: Office) -> Desk:
    assert office.school
    return Desk(office)
