"""The lists over HTTP as caches, downloaders and curl ask for them, from the server that serves them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from ca_service import config as configuration
from ca_service.app import publication_pages
from ca_service.config import Config
from ca_service.domain.crls import PublishedCrl
from ca_service.wiring import Wiring
from ca_service.workflows.certificate_status import freeze
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office

_URL = "/crl/issuing.crl"


@pytest.fixture
def published(office: Office) -> PublishedCrl:
    freeze(office.services, office.reviewer, office.enrolled().serial, reason="遗失")
    return publish_crl(office.services, office.operator, "issuing")


@pytest.fixture
def client(wiring: Wiring, published: PublishedCrl) -> FlaskClient:
    assert published.der
    return publication_pages(wiring).test_client()


def test_a_list_may_be_kept_until_its_next_update_and_a_delta_or_a_shared_copy_for_a_minute(
    client: FlaskClient, published: PublishedCrl, clock: TestClock
) -> None:
    complete, delta = client.get(_URL), client.get("/crl/delta/issuing.crl")
    left = (published.next_update - clock()).total_seconds()
    assert left - 5 < (complete.cache_control.max_age or 0) <= left + 1
    assert (complete.cache_control.s_maxage, delta.cache_control.max_age) == (60, 60)
    assert complete.last_modified == published.this_update
    assert complete.expires == published.next_update
    clock.passed += published.next_update - clock() - timedelta(seconds=20)
    assert 15 <= (client.get("/crl/delta/issuing.crl").cache_control.max_age or 0) <= 20
    clock.pass_time(minutes=1)
    assert client.get(_URL).cache_control.max_age == 0


def test_a_list_is_never_compressed(client: FlaskClient, published: PublishedCrl) -> None:
    answer = client.get(_URL, headers={"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in answer.headers
    assert answer.cache_control.no_transform
    assert answer.data == published.der


def test_head_tells_what_get_would(client: FlaskClient, published: PublishedCrl) -> None:
    got, head = client.get(_URL), client.head(_URL)
    assert head.data == b""
    assert head.headers["Content-Length"] == str(len(published.der or b""))
    kept = ("ETag", "Last-Modified", "Expires", "Content-Type", "Accept-Ranges", "Cache-Control")
    assert [head.headers[name] for name in kept] == [got.headers[name] for name in kept]


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=10-19", slice(10, 20)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=20-999999", slice(20, None)),
    ],
)
def test_a_range_is_that_part_of_the_list(
    client: FlaskClient, published: PublishedCrl, wanted: str, part: slice
) -> None:
    whole = published.der or b""
    answer = client.get(_URL, headers={"Range": wanted})
    start = part.indices(len(whole))[0]
    assert (answer.status_code, answer.data) == (206, whole[part])
    assert answer.headers["Content-Range"] == f"bytes {start}-{start + len(answer.data) - 1}/{len(whole)}"


def test_a_range_beyond_the_end_is_refused_with_the_length(client: FlaskClient, published: PublishedCrl) -> None:
    answer = client.get(_URL, headers={"Range": "bytes=999999-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(published.der or b'')}"


@pytest.mark.parametrize("wanted", ["lines=1-2", "bytes=", "bytes=5-2", "bytes=a-b", "bytes=0-1,5-6"])
def test_what_is_no_single_range_of_bytes_is_answered_whole(
    client: FlaskClient, published: PublishedCrl, wanted: str
) -> None:
    answer = client.get(_URL, headers={"Range": wanted})
    assert (answer.status_code, answer.data) == (200, published.der)


def test_a_download_is_taken_up_again_only_while_it_is_the_same_list(
    client: FlaskClient, published: PublishedCrl, office: Office
) -> None:
    etag = client.get(_URL).headers["ETag"]
    go_on = {"Range": "bytes=100-", "If-Range": etag}
    assert client.get(_URL, headers=go_on).data == (published.der or b"")[100:]
    newer = publish_crl(office.services, office.operator, "issuing")
    answer = client.get(_URL, headers=go_on)
    assert (answer.status_code, answer.data) == (200, newer.der)


def test_what_the_asker_has_already_is_not_sent_again(client: FlaskClient, published: PublishedCrl) -> None:
    etag = client.get(_URL).headers["ETag"]
    for condition in (
        {"If-None-Match": etag},
        {"If-None-Match": f'"other", {etag}'},
        {"If-Modified-Since": format_datetime(published.this_update, usegmt=True)},
    ):
        answer = client.get(_URL, headers=condition)
        assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", etag)
    older = format_datetime(published.this_update - timedelta(seconds=1), usegmt=True)
    assert client.get(_URL, headers={"If-Modified-Since": older}).status_code == 200


def test_a_list_is_read_once_however_often_it_is_asked_for_and_the_next_one_at_once(
    client: FlaskClient, wiring: Wiring, published: PublishedCrl, office: Office
) -> None:
    read: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        # The columns with the octets of a list.
        if re.search(r"SELECT crl\.(der|delta|tbs)\b|, crl\.der\b", statement):
            read.append(statement)

    event.listen(wiring.database.engine, "before_cursor_execute", note)
    with ThreadPoolExecutor(4) as pool:
        bodies = set(pool.map(lambda _: client.application.test_client().get(_URL).data, range(20)))
    assert bodies == {published.der}
    assert len(read) == 1
    event.remove(wiring.database.engine, "before_cursor_execute", note)
    newer = publish_crl(office.services, office.operator, "issuing")
    assert client.get(_URL).data == newer.der


def test_a_delta_is_gone_when_its_issuer_has_none_any_more(
    client: FlaskClient, config: Config, office: Office, published: PublishedCrl
) -> None:
    assert client.get("/crl/issuing-delta.crl").data == published.delta
    plain = config.model_copy(update={"ca": config.ca.model_copy(update={"delta_crls": False})})
    publish_crl(Wiring(plain).services, office.operator, "issuing")
    assert client.get("/crl/issuing-delta.crl").status_code == 404


class Curl(NamedTuple):
    """What curl found."""

    status: int
    body: bytes


class Served(NamedTuple):
    """The real server of the publication port, and curl in a folder."""

    url: str
    folder: Path

    def curl(self, *options: str, have: bytes = b"") -> Curl:
        command = ["curl", "-sS", "-m", "20", "-o", "got", "-w", "%{http_code}", *options, f"{self.url}{_URL}"]
        (self.folder / "got").write_bytes(have)
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True)
        return Curl(int(done.stdout), (self.folder / "got").read_bytes())


@pytest.fixture(scope="module")
def served(founded: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    from bench.servers import free_port, running

    port, folder = free_port(), tmp_path_factory.mktemp("served")
    text = (founded.folder / "config.toml").read_text(encoding="utf-8").replace("127.0.0.1:2", f"127.0.0.1:{port}")
    path = founded.folder / "served.toml"
    path.write_text(text, encoding="utf-8")
    assert configuration.load(path).service.publication.endswith(str(port))
    program = (sys.executable, "-m", "ca_service.cli.main", "serve", "--part", "publication")
    with running(*program, port=port, environ={**os.environ, "EDUCA_CONFIG": str(path)}):
        yield Served(f"http://127.0.0.1:{port}", folder)


def test_curl_fetches_by_ranges_and_conditions_from_the_real_server(served: Served) -> None:
    whole = served.curl("--compressed")
    assert whole.status == 200
    assert served.curl("-r", "0-99") == Curl(206, whole.body[:100])
    assert served.curl("-r", "999999-").status == 416
    assert served.curl("--etag-save", "etag").status == 200
    assert served.curl("--etag-compare", "etag") == Curl(304, b"")
    assert served.curl("-z", "Tue, 24 Nov 2099 00:00:00 GMT") == Curl(304, b"")
    assert served.curl("-z", "Wed, 01 Jan 2020 00:00:00 GMT").status == 200
    assert served.curl("-C", "-", have=whole.body[:50]) == Curl(206, whole.body)
    head = subprocess.run(["curl", "-sSI", f"{served.url}{_URL}"], capture_output=True, text=True, check=True)
    assert f"content-length: {len(whole.body)}" in head.stdout.lower()
