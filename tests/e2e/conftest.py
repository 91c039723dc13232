"""One founded CA for all tests here: two in one process would take each other's tokens away."""

from tests.ca_service import conftest as ca_fixtures

founded = ca_fixtures.founded
