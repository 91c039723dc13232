"""OCSP over HTTP: the ways in which clients ask, the fields they get, and the HTTP errors."""

import base64
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

import ocsp
from ocsp import Good

from .world import Source, World, load, make_request

TYPE = "application/ocsp-request"


@dataclass
class Reply:
    """What a WSGI server would send."""

    status: int
    headers: dict[str, str]
    body: bytes


def call(world: World, method: str, path: str, body: bytes = b"", **environ: Any) -> Reply:
    """Call the application as a server does that ends the input by itself (`wsgi.input_terminated`)."""
    described: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
    }
    if method == "POST":
        described |= {"CONTENT_TYPE": TYPE, "CONTENT_LENGTH": str(len(body))}
    described |= environ
    setup_testing_defaults(described)
    described = {name: value for name, value in described.items() if value is not None}
    return collect(ocsp.OcspApplication(world.responder), described)


def collect(application: Any, environ: dict[str, Any]) -> Reply:
    replies: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _info: object = None) -> object:
        replies.append((status, headers))
        return lambda _data: None

    parts: Iterable[bytes] = application(environ, start_response)
    body = b"".join(parts)
    if hasattr(parts, "close"):
        parts.close()
    ((status, headers),) = replies
    return Reply(int(status[:3]), dict(headers), body)


def name(reply: Reply) -> str:
    response = load(reply.body)
    if response.response_status.name != "SUCCESSFUL":
        return response.response_status.name
    return response.certificate_status.name


def test_post_is_answered_from_the_cache_with_the_same_octets() -> None:
    world = World()
    first, second = (call(world, "POST", "/ocsp", make_request(12)) for _ in range(2))
    assert (first.status, name(first), second.body) == (200, "GOOD", first.body)
    assert world.source.status_reads == 1


def test_fields_of_an_answer_that_may_be_kept() -> None:
    """RFC 5019 6.2: max-age, Last-Modified is thisUpdate, Expires is nextUpdate, ETag is a SHA-1."""
    reply = call(World(), "POST", "/ocsp", make_request(12))
    assert reply.headers == {
        "Content-Type": "application/ocsp-response",
        "Content-Length": str(len(reply.body)),
        "Cache-Control": "max-age=10, public, no-transform, must-revalidate",
        "Last-Modified": "Sun, 01 Mar 2026 08:00:00 GMT",
        "Expires": "Sun, 01 Mar 2026 08:10:00 GMT",
        "ETag": f'"{hashlib.sha1(reply.body).hexdigest()}"',
    }


@pytest.mark.parametrize(
    "body",
    [make_request(12, nonce=b"n" * 16), make_request(999), b"\x30\x00"],
    ids=["nonce", "never-issued", "malformed"],
)
def test_passing_answer_must_not_be_stored(body: bytes) -> None:
    reply = call(World(), "POST", "/ocsp", body)
    assert (reply.status, reply.headers["Cache-Control"]) == (200, "no-store")


def test_server_that_changes_the_list_of_fields_changes_no_later_answer() -> None:
    """PEP 3333: the server may change the headers list in any way it desires."""
    world = World()

    def spoil(_status: str, headers: list[tuple[str, str]], _info: object = None) -> object:
        headers.clear()
        return None

    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/ocsp", "CONTENT_TYPE": TYPE}
    spoilt: dict[str, Any] = {
        **environ,
        "wsgi.input": io.BytesIO(make_request(12)),
        "wsgi.input_terminated": True,
    }
    ocsp.OcspApplication(world.responder)(spoilt, spoil)  # type: ignore[arg-type]
    assert "ETag" in call(world, "POST", "/ocsp", make_request(12)).headers


def serial_with(fragment: str) -> bytes:
    """A request whose base64 has this fragment."""
    for serial in range(1 << 64, (1 << 64) + 100_000):
        request = make_request(serial)
        if fragment in base64.b64encode(request).decode():
            return request
    raise AssertionError(fragment)


ENCODED = base64.b64encode(make_request(12)).decode()


@pytest.mark.parametrize(
    "path",
    [
        "/ocsp/" + ENCODED,
        "/ocsp/" + ENCODED.rstrip("="),
        "/ocsp//" + ENCODED,
        "/ocsp/" + quote(ENCODED, safe=""),
        "/ocsp/" + ENCODED.replace("+", "-").replace("/", "_"),
        "/ocsp/" + ENCODED.replace("+", " "),
        "/ocsp/" + ENCODED[:64] + "%0D%0A" + ENCODED[64:],
        "/ocsp/" + ENCODED[:64] + "\r\n" + ENCODED[64:],
    ],
    ids=range(8),
)
def test_get_is_answered_however_it_is_encoded(path: str) -> None:
    world = World()
    asked_by_post = call(world, "POST", "/ocsp", make_request(12)).body
    reply = call(world, "GET", path)
    assert (reply.status, reply.body) == (200, asked_by_post)


def test_raw_path_is_believed_before_one_that_lost_a_slash() -> None:
    request = serial_with("//")
    world = World(source=Source({ocsp.parse_request(request).cert_ids[0].serial: Good()}))
    encoded = base64.b64encode(request).decode()
    collapsed = ("/ocsp/" + encoded).replace("//", "/")
    assert name(call(world, "GET", collapsed)) == "MALFORMED_REQUEST"
    assert name(call(world, "GET", collapsed, RAW_URI="/ocsp/" + encoded)) == "GOOD"
    assert name(call(world, "GET", collapsed, REQUEST_URI=f"http://ca/ocsp/{encoded}?x=/ocsp/")) == "GOOD"


def test_raw_path_of_another_mount_is_not_used() -> None:
    assert name(call(World(), "GET", "/ocsp/" + ENCODED, RAW_URI="/elsewhere/" + ENCODED)) == "GOOD"


def test_head_is_get_without_the_body() -> None:
    world = World()
    asked, headers_only = (call(world, method, "/ocsp/" + ENCODED) for method in ("GET", "HEAD"))
    assert (headers_only.status, headers_only.headers, headers_only.body) == (200, asked.headers, b"")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("listed", ["{}", '"x", {}', "W/{}", "*"])
def test_cache_that_has_the_answer_is_told_to_go_on_with_it(method: str, listed: str) -> None:
    """RFC 9110 15.4.5: Cache-Control, ETag and Expires as in a 200; no content."""
    world = World()
    full = call(world, "GET", "/ocsp/" + ENCODED)
    again = call(world, method, "/ocsp/" + ENCODED, HTTP_IF_NONE_MATCH=listed.format(full.headers["ETag"]))
    assert (again.status, again.body) == (304, b"")
    assert again.headers == {name: full.headers[name] for name in ("Cache-Control", "ETag", "Expires", "Last-Modified")}


def test_cache_that_has_another_answer_gets_this_one() -> None:
    world = World()
    assert call(world, "GET", "/ocsp/" + ENCODED, HTTP_IF_NONE_MATCH='"x"').status == 200
    assert call(world, "GET", "/ocsp/" + ENCODED, HTTP_IF_MODIFIED_SINCE="Mon, 01 Mar 2027 08:00:00 GMT").status == 200


def test_passing_answer_is_never_not_modified() -> None:
    never_issued = base64.b64encode(make_request(999)).decode()
    assert call(World(), "GET", "/ocsp/" + never_issued, HTTP_IF_NONE_MATCH="*").status == 200


@pytest.mark.parametrize("path", ["/ocsp", "/ocsp/", "/ocsp/????", "/ocsp/%", "/ocsp/MEUw", "/ocsp/\xff", "/ocsp/证"])
def test_get_of_no_request_is_a_malformed_request(path: str) -> None:
    assert name(call(World(), "GET", path)) == "MALFORMED_REQUEST"


@pytest.mark.parametrize("type_", [TYPE + "; charset=x", "Application/OCSP-Request"])
@pytest.mark.parametrize("path", ["/ocsp", "/ocsp/"])
def test_post_with_an_unusual_type_or_slash_is_answered(type_: str, path: str) -> None:
    assert name(call(World(), "POST", path, make_request(12), CONTENT_TYPE=type_)) == "GOOD"


def test_post_is_read_by_its_length_where_the_server_does_not_end_the_input() -> None:
    request = make_request(12)
    environ = {"wsgi.input_terminated": None, "CONTENT_LENGTH": str(len(request))}
    assert name(call(World(), "POST", "/ocsp", request + b"the next request", **environ)) == "GOOD"


def test_chunked_post_has_no_length() -> None:
    reply = call(World(), "POST", "/ocsp/", make_request(12), CONTENT_LENGTH="")
    assert name(reply) == "GOOD"


@pytest.mark.parametrize(
    ("method", "path", "environ", "status"),
    [
        ("PUT", "/ocsp", {}, 405),
        ("DELETE", "/ocsp/x", {}, 405),
        ("POST", "/ocsp", {"CONTENT_TYPE": "text/plain"}, 415),
        ("POST", "/ocsp", {"CONTENT_TYPE": None}, 415),
        ("POST", "/ocsp", {"CONTENT_LENGTH": None, "wsgi.input_terminated": None}, 411),
        ("POST", "/ocsp/", {"CONTENT_LENGTH": "-1"}, 411),
        ("POST", "/ocsp/", {"CONTENT_LENGTH": "²"}, 411),
        ("POST", "/ocsp/", {"CONTENT_LENGTH": "1" * 5000}, 413),
        ("POST", "/ocsp/", {"CONTENT_LENGTH": "16385"}, 413),
        ("POST", "/ocsp", {"wsgi.input": io.BytesIO(bytes(16385))}, 413),
        ("POST", "/ocsp/", {"wsgi.input": io.BytesIO(bytes(16385)), "CONTENT_LENGTH": ""}, 413),
        ("GET", "/ocsp/" + "M" * 65536, {}, 414),
        ("GET", "/ocspx", {}, 404),
        ("POST", "/crl", {}, 404),
        ("GET", "", {}, 404),
    ],
    ids=range(15),
)
def test_what_is_no_ocsp_is_an_http_error(method: str, path: str, environ: dict[str, Any], status: int) -> None:
    world = World()
    reply = call(world, method, path, **environ)
    assert (reply.status, reply.body, reply.headers["Content-Length"]) == (status, b"", "0")
    assert reply.headers.get("Allow") == ("GET, HEAD, POST" if status == 405 else None)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_application_keeps_to_the_wsgi_standard(method: str) -> None:
    """The standard library's validator raises where PEP 3333 is not kept."""
    world = World()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "PATH_INFO": "/ocsp/" + ENCODED,
    }
    if method == "POST":
        request = make_request(12)
        environ |= {"PATH_INFO": "/ocsp", "CONTENT_TYPE": TYPE, "CONTENT_LENGTH": str(len(request))}
        environ["wsgi.input"] = io.BytesIO(request)
    setup_testing_defaults(environ)
    reply = collect(validator(ocsp.OcspApplication(world.responder)), environ)
    assert reply.status == (405 if method == "PUT" else 200)
