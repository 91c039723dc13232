"""The console's application over the test's adapters, and a browser before it."""

import pytest
from flask import Flask

from ca_service.app import create_console
from ca_service.wiring import Wiring
from ca_service.workflows.ports import Services
from tests.ca_service.web.people import Browser


@pytest.fixture
def app(wiring: Wiring) -> Flask:
    return create_console(wiring)


@pytest.fixture
def services(wiring: Wiring) -> Services:
    return wiring.services


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser.of(app)
