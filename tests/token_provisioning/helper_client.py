"""A helper's page server in this process, and a client that says exactly what it is told to."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.token_provisioning.soft_token import Desk
from token_provisioning.acts import CaAddress
from token_provisioning.cli.holder import this_computer
from token_provisioning.helper.desk import Desk as HelperDesk
from token_provisioning.helper.server import running


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """Talks like our own page; the `changes` of a question replace headers, `None` leaves one out."""

    url: str
    desk: HelperDesk
    ended: threading.Event

    @property
    def authority(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def secret(self) -> str:
        return urlsplit(self.url).fragment

    def ask(self, method: str, path: str, body: Any = None, **changes: str | None) -> Answer:
        headers: dict[str, str | None] = {
            "Host": self.authority,
            "Authorization": f"Bearer {self.secret}",
            "Sec-Fetch-Site": "same-origin",
        }
        if method == "POST":
            headers |= {"Origin": f"http://{self.authority}", "Content-Type": "application/json"}
        headers |= {name.replace("_", "-"): value for name, value in changes.items()}
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection(self.authority, timeout=10)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        sent = {name: value for name, value in headers.items() if value is not None}
        for name, value in sent.items():
            connection.putheader(name, value)
        if method == "POST":
            connection.putheader("Content-Length", str(len(octets)))
        connection.endheaders(octets if method == "POST" else None)
        response = connection.getresponse()
        answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        connection.close()
        return answer

    def state(self) -> Any:
        return self.ask("GET", "/api/state").document

    def do(self, act: str, **wish: str) -> Any:
        """Begin an act, wait for its end, and return the job."""
        started = self.ask("POST", f"/api/{act}", wish)
        assert started.status == 202, started.body.decode()
        self.desk.wait(60)
        return self.state()["job"]


@contextmanager
def helper_at(desk: Desk, server: str) -> Iterator[Client]:
    """Run the page's server at a desk whose CA is `server`."""
    root = desk.folder / "root.pem"
    with desk.inside():
        address = CaAddress(server=server, ca_file=root)
        with running(Path(desk.module), address, this_computer(), version="test") as page:
            yield Client(page.url, page.desk, page.ended)
