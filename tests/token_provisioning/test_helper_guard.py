"""Nobody but our own page of this run gets through: other names, other sites, other programs, other users."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.token_provisioning.helper_client import Client, helper_at
from tests.token_provisioning.soft_token import new_desk
from token_provisioning.helper.server import start_page


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, module: str) -> Iterator[Client]:
    desk = new_desk(tmp_path_factory.mktemp("guard"), module)
    with helper_at(desk, "https://127.0.0.1:1") as client:
        yield client


def test_the_page_itself_is_served_with_a_strict_policy(client: Client) -> None:
    page = client.ask("GET", "/", Authorization=None, Sec_Fetch_Site="none")

    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert b"<script>" not in page.body
    assert b" style=" not in page.body
    assert client.secret.encode() not in page.body


@pytest.mark.parametrize("name", ["helper.css", "helper.js", "views.js", "icon.svg"])
def test_what_the_page_needs_is_there_and_of_its_kind(client: Client, name: str) -> None:
    answer = client.ask("GET", f"/{name}")

    kinds = {"css": "text/css", "js": "javascript", "svg": "image/svg+xml"}
    assert answer.status == 200
    assert kinds[name.rpartition(".")[2]] in answer.headers["content-type"]


REBOUND = ["evil.example", "evil.example:{port}", "localhost:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", None]


@pytest.mark.parametrize("host", REBOUND)
@pytest.mark.parametrize("path", ["/", "/helper.js", "/api/state"])
def test_a_name_that_was_made_to_point_here_gets_nothing(client: Client, host: str | None, path: str) -> None:
    port = client.authority.rpartition(":")[2]

    answer = client.ask("GET", path, Host=None if host is None else host.format(port=port))

    assert answer.status == 403
    assert b"token" not in answer.body
    assert b"script" not in answer.body


@pytest.mark.parametrize(
    "changes",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Origin": None},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Type": "multipart/form-data; boundary=x"},
        {"Content_Type": None},
        {"Authorization": None},
        {"Authorization": "Bearer guessed"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer \xff"},
    ],
)
@pytest.mark.parametrize("act", ["quit", "test"])
def test_a_post_that_is_not_our_pages_does_nothing(client: Client, changes: dict[str, str | None], act: str) -> None:
    answer = client.ask("POST", f"/api/{act}", {"serial": "x", "pin": "123456"}, **changes)

    assert answer.status == 403
    assert client.state()["job"] is None


@pytest.mark.parametrize("method", ["OPTIONS", "POST", "GET"])
def test_no_answer_may_be_read_by_another_site(client: Client, method: str) -> None:
    answer = client.ask(method, "/api/state", {}, Origin="https://evil.example")

    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/api/state", "/api/log"])
def test_another_program_or_user_without_the_secret_sees_nothing(client: Client, path: str) -> None:
    assert client.ask("GET", path, Authorization=None).status == 403


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/static/index.html", "/api/", "/%2e%2e/server.py", "/x" * 900])
def test_there_are_no_other_paths(client: Client, path: str) -> None:
    assert client.ask("GET", path).status == 404


MALFORMED = [
    *(b"", b"{", b"[]", b"7", b"[" * 3000, b"\xff\xfe", b" " * 5000),
    *(b'{"serial": 7, "pin": "x"}', b'{"pin": "x"}', b'{"serial": "x", "pin": "y", "more": "z"}'),
    b'{"serial": "' + b"x" * 300 + b'", "pin": "y"}',
]


@pytest.mark.parametrize("body", MALFORMED)
def test_a_malformed_wish_is_refused_and_nothing_begins(client: Client, body: bytes) -> None:
    assert client.ask("POST", "/api/test", body).status == 400
    assert client.state()["job"] is None


def test_an_act_that_does_not_exist(client: Client) -> None:
    assert client.ask("POST", "/api/erase", {"serial": "x"}).status == 404


def test_the_secret_is_long_and_of_this_run_alone(client: Client, tmp_path: Path, module: str) -> None:
    assert len(client.secret) >= 43  # 256 bits
    with start_page(client.url, tmp_path) as address:
        path = Path(address.removeprefix("file://"))
        assert path.stat().st_mode & 0o777 == 0o600
        assert client.secret in path.read_text(encoding="utf-8")
        (tmp_path / "start-999999.html").touch()
    with start_page(client.url, tmp_path):
        assert len(list(tmp_path.glob("start-*.html"))) == 1
    assert not list(tmp_path.glob("start-*.html"))


def test_it_listens_on_the_loopback_address_only(client: Client) -> None:
    port = int(client.authority.rpartition(":")[2])
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    addresses = {
        line[1].split(":")[0] for line in listening if line[3] == "0A" and int(line[1].split(":")[1], 16) == port
    }

    assert addresses == {"0100007F"}
