"""The founded CA of tests/ca_service, for what drives it from outside."""

from tests.ca_service import conftest as ca_fixtures

founded = ca_fixtures.founded
