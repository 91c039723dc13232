"""From a freeze to the lists and answers: how long until OCSP says it, and until the delta CRL holds it.

The service is the real one: publication and worker as processes of their own, keys in SoftHSM, SQLite. One process
freezes and releases certificates, one after the other; another asks OCSP over HTTP until it says so, then fetches the
delta until it holds the last word on the certificate. Time counts from before the act is asked for, so that the act's
own transaction is in it. Run from the repository's root: `python -m bench.propagation [--quick]`.
"""

import http.client
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from statistics import median
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509 import ocsp as other

import crl
import ocsp
from bench.founded import founded
from bench.ocsp_world import request
from bench.servers import free_port, running
from bench.table import Row, in_own_process, missed, show
from ca_service.config import Config
from ca_service.wiring import Wiring
from ca_service.workflows.certificate_status import freeze, unfreeze
from ocsp.signer import certificate_facts
from tests.ca_service.office import Office

CHANGES = 100
_QUICK_CHANGES = 6
_CERTIFICATES = 20
_PATIENCE = 30.0


class Change(NamedTuple):
    """What the other process shall wait for."""

    serial: int
    frozen: bool


class Seen(NamedTuple):
    """When it was seen, by the clock that all processes share; from the act on, how many seconds later."""

    ocsp: float
    delta: float


@contextmanager
def service() -> Iterator[tuple[Config, str]]:
    """A founded CA whose publication and worker run; the configuration and where it publishes."""
    port = free_port()
    with founded(publication=f"127.0.0.1:{port}") as config:
        environ = {**os.environ, "EDUCA_CONFIG": str(config.folder / "config.toml")}
        program = (sys.executable, "-m", "ca_service.cli.main", "serve", "--part")
        with (
            running(*program, "publication", port=port, environ=environ),
            running(*program, "worker", port=port, environ=environ),
        ):
            yield config, f"http://127.0.0.1:{port}"


def watch(url: str, issuing: bytes, work: Connection) -> None:
    """The other process: answer each Change with what was Seen, until None comes."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    writer = ocsp.CertIdWriter(certificate_facts(issuing), ocsp.HashAlgorithm.SHA1)
    while (change := work.recv()) is not None:
        question = request(writer.write(change.serial), None)
        work.send(_seen(connection, question, change))


def _seen(connection: http.client.HTTPConnection, question: bytes, change: Change) -> Seen:
    by_ocsp = _until(lambda: _ocsp_says(connection, question) is change.frozen, 0.001)
    by_delta = _until(lambda: _delta_says(connection, change.serial) is change.frozen, 0.005)
    return Seen(by_ocsp, by_delta)


def _until(holds: Callable[[], bool], pause: float) -> float:
    """The moment when it holds, or when patience ends."""
    end = time.monotonic() + _PATIENCE
    while not holds() and time.monotonic() < end:
        time.sleep(pause)
    return time.monotonic()


def _ocsp_says(connection: http.client.HTTPConnection, question: bytes) -> bool:
    """Whether the certificate is revoked or on hold."""
    connection.request("POST", "/ocsp", question, {"Content-Type": "application/ocsp-request"})
    answer = other.load_der_ocsp_response(connection.getresponse().read())
    return answer.certificate_status is other.OCSPCertStatus.REVOKED


def _delta_says(connection: http.client.HTTPConnection, serial: int) -> bool | None:
    """Whether the delta has it on hold (True) or removed (False); None: it says nothing of it."""
    connection.request("GET", "/crl/delta/issuing.crl")
    reply = connection.getresponse()
    body = reply.read()
    if reply.status != http.client.OK:
        return None  # the first list after the founding has no delta
    entry = x509.load_der_x509_crl(body).get_revoked_certificate_by_serial_number(serial)
    if entry is None:
        return None
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    return reason is not x509.ReasonFlags.remove_from_crl


def measure(*, quick: bool = False) -> list[Row]:
    """Freeze and release in turn, each when the one before has been seen everywhere."""
    changes = _QUICK_CHANGES if quick else CHANGES
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    with service() as (config, url):
        wiring = Wiring(config)
        watcher = spawn.Process(target=watch, args=(url, wiring.ca_certificates()["issuing"], theirs), daemon=True)
        watcher.start()
        seen = list(_change(Office(wiring.services), ours, changes, min(_CERTIFICATES, changes // 2)))
        ours.send(None)
        watcher.join(10)
        with wiring.database.read() as uow:
            latest = uow.crls.latest("issuing")
        wiring.database.engine.dispose()
    lost = sum(max(each) >= _PATIENCE for each in seen)
    held = 0 if latest is None or latest.delta is None else len(crl.parse(latest.delta).entries)
    return [
        Row(what="changes, one after the other", value=f"{len(seen)}, the last delta has {held} entries"),
        *_rows("seen by OCSP", [each.ocsp for each in seen], median_goal=0.05, p99_goal=1),
        *_rows("seen in the delta CRL", [each.delta for each in seen], median_goal=None, p99_goal=3),
        Row(what="never seen", value=str(lost), goal="0", met=lost == 0),
    ]


def _change(office: Office, watcher: Connection, changes: int, certificates: int) -> Iterator[Seen]:
    spare, *serials = [office.enrolled(str(number)).serial for number in range(certificates + 1)]
    # All are frozen, then all released, then all frozen again: each change is another certificate's.
    plan = [(serials[n % certificates], n // certificates % 2 == 0) for n in range(changes)]
    chance = random.Random(20261124)
    # The first two find the services just started, and are not counted.
    for number, (serial, frozen) in enumerate([(spare, True), (spare, False), *plan]):
        act = freeze if frozen else unfreeze
        watcher.send(Change(int(serial, 16), frozen))
        # Else each act would fall right behind a look of the responder into the database.
        time.sleep(chance.uniform(0.05, 0.55))
        started = time.monotonic()
        act(office.services, office.reviewer, serial, reason="bench")
        if not watcher.poll(3 * _PATIENCE):
            raise RuntimeError("the watching process does not answer")
        seen: Seen = watcher.recv()
        if number > 1:
            yield Seen(*(moment - started for moment in seen))


def _rows(what: str, seconds: Sequence[float], *, median_goal: float | None, p99_goal: float) -> Iterator[Row]:
    ordered = sorted(seconds)
    middle, p99 = median(ordered), ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    goal = None if median_goal is None else f"< {median_goal * 1000:.0f} ms"
    met = median_goal is None or middle < median_goal
    yield Row(what=f"{what}, median", value=f"{middle * 1000:7.0f} ms", goal=goal, met=met)
    yield Row(what=f"{what}, p99", value=f"{p99 * 1000:7.0f} ms", goal=f"< {p99_goal:g} s", met=p99 < p99_goal)


def main(*, quick: bool = False) -> int:
    """Print the table; 1 if a goal is missed."""
    rows = in_own_process(measure, quick=quick)
    show("From a change of status to OCSP and the delta CRL", rows)
    return missed(rows)


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv))
