"""What no database, page or spreadsheet takes is refused at the door, with words that say what to mend."""

from contextlib import nullcontext
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ca_service.domain.errors import Invalid
from ca_service.domain.roles import Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.web.characters import require_text_in_json
from ca_service.wiring import Wiring
from ca_service.workflows.ports import Services
from tests.ca_service.office import Office
from tests.ca_service.web.people import Browser, account, token

pytestmark = pytest.mark.usefixtures("quick_hashes")
ON_SQLITE = pytest.mark.parametrize("config", ["sqlite"], indirect=True)
_BEGIN = {"reference_number": "R", "authorisation_code": "A", "token_serial": "T"}


@pytest.fixture
def signed_in(services: Services, browser: Browser) -> Browser:
    """A clerk at the centre."""
    account(services, role=Role.CLERK)
    assert browser.sign_in().status_code == 302
    return browser


@ON_SQLITE
def test_a_host_that_is_none_is_a_bad_request(app: Flask) -> None:
    for host in ("a" * 64, "x..y", "[::1", "localhost:abc", "x@y", "x/y", "x y", "", "é.example"):
        assert app.test_client().get("/", headers={"Host": host}).status_code == 400, host
    for host in ("localhost", "ca.example.cn:8443", "[::1]:8443", "10.0.0.1", "xn--fiq228c.example"):
        assert app.test_client().get("/", headers={"Host": host}).status_code == 200, host


@ON_SQLITE
def test_the_host_a_client_names_is_shown_and_followed_nowhere(signed_in: Browser) -> None:
    names = ("Host", "X-Forwarded-Host", "X-Forwarded-Server", "Forwarded", "X-Original-URL", "X-Rewrite-URL")
    for name in names:
        for path in (
            "/",
            "/login",
            "/overview",
            "/applications/import",
            "/nothing",
            "/applications//new",
            "/units/",
            "/api/openapi.json",
        ):
            value = "host=evil.example" if name == "Forwarded" else "evil.example"
            answer = signed_in.client.get(path, headers={name: value})
            assert "evil.example" not in answer.text
            assert "evil.example" not in str(answer.headers)


@ON_SQLITE
@pytest.mark.parametrize(
    "path", ["/applications/%00", "/media/x%1b", "/units/%7f", "/staff/%ef%bf%bf", "/proposals/%00"]
)
def test_an_address_with_an_unusable_character_leads_nowhere(signed_in: Browser, path: str) -> None:
    assert signed_in.get(path).status_code == 404


@ON_SQLITE
def test_a_query_with_an_unusable_character_is_refused_by_name(signed_in: Browser) -> None:
    answer = signed_in.get("/units?q=%00")
    assert (answer.status_code, "“q”" in answer.text, "U+0000" in answer.text) == (422, True, True)
    assert signed_in.get("/units?q=%e7%a4%ba%09%0a").status_code == 200


@ON_SQLITE
@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f", "\x9f", "\ufffe"])
def test_a_form_with_an_unusable_character_is_refused_by_name(signed_in: Browser, character: str) -> None:
    page = signed_in.get("/applications/new")
    form = {"csrf_token": token(page), "REMARKS": f"示范{character}人"}
    answer = signed_in.client.post("/applications/new", data=form)
    assert (answer.status_code, "“REMARKS”" in answer.text) == (422, True)


@ON_SQLITE
def test_a_sign_in_with_an_unusable_character_is_refused(browser: Browser) -> None:
    assert browser.sign_in("zhang\0").status_code == 422


@ON_SQLITE
def test_a_files_name_and_a_part_without_a_name_are_looked_at_too(signed_in: Browser) -> None:
    form = {"csrf_token": token(signed_in.get("/applications/import")), "unit": CENTRE_CODE}
    files = {"sheet": (BytesIO(b"x"), "a\x1b.xlsx"), "scan": (BytesIO(b"x"), "b.pdf")}
    assert "“sheet”" in signed_in.client.post("/applications/import", data={**form, **files}).text
    body = f'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{form["csrf_token"]}\r\n'
    body += "--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n"
    answer = signed_in.client.post("/applications/import", data=body, content_type="multipart/form-data; boundary=x")
    assert (answer.status_code, "没有名称" in answer.text) == (422, True)


@ON_SQLITE
@pytest.mark.parametrize("text", ["\0", "a\ud800", "\x1b[31m"])
def test_json_with_an_unusable_character_is_refused(app: Flask, text: str) -> None:
    client: FlaskClient = app.test_client()
    for body in ({**_BEGIN, "token_serial": text}, {**_BEGIN, text: "x"}, [[text]]):
        answer = client.post("/api/v1/enrolments/begin", json=body)
        assert (answer.status_code, answer.get_json()["kind"]) == (422, "invalid")


def test_deep_json_costs_no_stack() -> None:
    deep: object = "示范"
    for _ in range(100_000):
        deep = [deep]
    require_text_in_json(deep)
    with pytest.raises(Invalid):
        require_text_in_json([deep, {"a": "\0"}])


def test_a_value_that_the_database_cannot_take_is_the_askers_to_mend(services: Services, wiring: Wiring) -> None:
    """SQLite keeps what PostgreSQL refuses; no service is unavailable for it."""
    refuses = wiring.config.database_url.startswith("postgresql")
    with pytest.raises(Invalid, match="更正") if refuses else nullcontext(), services.read() as uow:
        uow.units.find(code="\0")
    with services.read() as uow:
        assert uow.units.find(code=CENTRE_CODE)


def test_the_progress_of_units_can_be_exported_once_people_are_registered(
    office: Office, services: Services, signed_in: Browser, wiring: Wiring
) -> None:
    """PostgreSQL sums whole numbers as decimals, which no cell takes."""
    assert office.holder()
    answer = signed_in.get(f"/campaign/sheet?unit={CENTRE_CODE}")
    assert (answer.status_code, answer.data[:2]) == (200, b"PK")
