"""`educa serve` as an operator starts it: processes of its own, on a copy of the founded CA, scraped over HTTP."""

import http.client
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from ca_service import config as configuration
from ca_service.config import Config
from ca_service.wiring import Wiring
from tests.ca_service.office import Office

Sample = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class Scrape:
    """What one scrape said."""

    values: Mapping[Sample, float]

    @classmethod
    def of(cls, text: str) -> "Scrape":
        """Read the text format."""
        families = text_string_to_metric_families(text)
        return cls({(s.name, frozenset(s.labels.items())): s.value for f in families for s in f.samples})

    @property
    def names(self) -> frozenset[str]:
        """Every name that a rule can use."""
        return frozenset(name for name, _ in self.values)

    def __call__(self, name: str, **labels: str) -> float:
        """A value; 0 where there is none yet."""
        return self.values.get((name, frozenset(labels.items())), 0.0)

    def total(self, name: str) -> float:
        """The sum over all labels."""
        return sum(value for (own, _), value in self.values.items() if own == name)


@dataclass(frozen=True)
class Running:
    """The running service and the office that works on its database."""

    office: Office
    publication: str
    console: str
    metrics: str
    log: Path

    def scrape(self) -> Scrape:
        """Ask `/metrics`."""
        return Scrape.of(self._get(self.metrics, "/metrics"))

    def scrape_until(self, holds: Callable[[Scrape], bool]) -> Scrape:
        """Scrape again until something holds."""
        found: list[Scrape] = []

        def asked() -> bool:
            found.append(self.scrape())
            return holds(found[-1])

        wait_for(asked, "a scrape that shows it")
        return found[-1]

    def ask_ocsp(self, body: bytes) -> bytes:
        """Ask over a connection of its own, so that whichever worker accepts it answers."""
        connection = http.client.HTTPConnection(*_split(self.publication), timeout=10)
        connection.request("POST", "/ocsp", body, {"Content-Type": "application/ocsp-request"})
        answer = connection.getresponse().read()
        connection.close()
        return answer

    @staticmethod
    def _get(address: str, path: str) -> str:
        connection = http.client.HTTPConnection(*_split(address), timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse().read().decode()
        connection.close()
        return answer


@contextmanager
def running(founded: Config, folder: Path, *, workers: int) -> Iterator[Running]:
    """Serve a copy of the founded CA until the block ends."""
    home = folder / "ca"
    shutil.copytree(founded.folder, home)
    addresses = {name: f"127.0.0.1:{port}" for name, port in zip(("c", "p", "m"), _free_ports(3), strict=True)}
    path = home / "config.toml"
    text = path.read_text(encoding="utf-8").replace(f'"{founded.service.console}"', f'"{addresses["c"]}"')
    text = text.replace(f'publication = "{founded.service.publication}"', f'publication = "{addresses["p"]}"')
    extra = f'[service]\nmetrics = "{addresses["m"]}"\npublication_workers = {workers}\n'
    path.write_text(text.replace("[service]\n", extra, 1), encoding="utf-8")
    conf = home / "softhsm2.conf"
    conf.write_text(conf.read_text(encoding="utf-8").replace(str(founded.folder), str(home)), encoding="utf-8")
    wiring = Wiring(configuration.load(path))
    log = folder / "serve.log"
    with log.open("wb") as out:
        program = [sys.executable, "-m", "ca_service.cli.main", "serve", "--config", str(path)]
        server = subprocess.Popen(program, stdout=out, stderr=out)
    try:
        made = Running(Office(wiring.services), addresses["p"], addresses["c"], addresses["m"], log)
        for address in addresses.values():
            wait_for(lambda address=address: server.poll() is not None or _listens(address), log)  # type: ignore[misc]
        assert server.poll() is None, log.read_text(encoding="utf-8")
        # A worker that begins after a change has nothing to observe of it.
        made.scrape_until(lambda seen: seen("educa_processes", part="publication") == workers)
        yield made
    finally:
        server.terminate()
        server.wait(30)
        wiring.issuing_sessions.drop()
        wiring.database.engine.dispose()


def wait_for(condition: Callable[[], bool], what: object, *, seconds: float = 90) -> None:
    """Ask again until it holds; a loaded machine may take long for what is usually at once."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def _listens(address: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(_split(address)) == 0


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


def _free_ports(number: int) -> list[int]:
    probes = [socket.socket() for _ in range(number)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
