"""How long the server takes for every console page of a whole region: `python -m bench.console_pages`.

12,000 units, 15,000 applications, 200,000 audit entries, 9,000 people with token and certificate, 36,000 responsible
persons. Each GET endpoint is asked for by every role that may see it, through Flask's test client: everything but the
network and TLS. Ends with 1 when the p95 of a page is over LIMIT, or a page was not measured; both are in the table.
`--postgres` measures on a PostgreSQL of its own instead of SQLite; `--cpu` judges by this process's processor time, for
a machine that is busy with other work (on SQLite all the work is in it); `--small` only tries that every page answers.
"""

import argparse
import gc
import logging
import os
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from flask import Flask
from flask.testing import FlaskClient
from rich.console import Console
from rich.table import Table
from werkzeug.routing import Rule

from bench.filled import BANNER, LEAGUE, Filled, Sizes, fill
from bench.founded import founded
from bench.moved import placed
from ca_service.app import create_console
from ca_service.domain.roles import Role
from ca_service.domain.sign_in import Method, Origin
from ca_service.wiring import Wiring
from ca_service.workflows.sessions import open_session

LIMIT = 0.150
_REQUESTS = 20
_SMALL = Sizes(units=300, applications=300, audit_entries=500, changes=20, staff=5)
# A file as it lies on the disk, and what sends a person who is signed in elsewhere.
_LEFT_OUT = frozenset(
    {"console.static", "console.account.identity", "console.second_factor.verify", "console.second_factor.passkey"}
    | {"console.portal.password", "console.media.find"}
    # Spreadsheets and documents made for the asking.
    | {"console.campaign.sheet", "console.imports.marked", "console.imports.template", "console.batches.marked"}
    | {"console.applications.scan", "console.changes.scan"}
    | {"console.applications.scan_beside", "console.changes.scan_beside"}
)
# A month among the oldest entries: the log goes back for 300 days.
_SINCE, _UNTIL = (datetime.now(UTC).date() - timedelta(days=days) for days in (280, 250))
# What else is asked for besides the plain address: pages far behind, searches, filters.
_VARIANTS: Mapping[str, Sequence[str]] = {
    "console.units.index": ("", f"?at={LEAGUE}", f"?at={BANNER}", "?q=第&page=200", "?q=21150", "?q=示范大学"),
    "console.applications.index": ("", "?page=200", "?status=submitted"),
    "console.review.queue": ("", "?page=20", "?name=示范人", "?conflict=1", "?batch=B000002"),
    "console.certificates.index": ("", "?page=150"),
    "console.media.index": ("", "?page=150"),
    "console.roster.index": ("", "?page=200"),
    "console.changes.index": ("", "?page=20"),
    "console.staff.index": ("", "?page=6"),
    "console.audit.index": (
        "",
        "?below=100000",
        "?above=1000",
        "?act=staff",
        "?act=ca:crl:published",
        "?act=certificates",
        "?act=ra:application:unmasked",
        f"?unit={LEAGUE}",
        f"?unit={BANNER}",
        f"?unit={BANNER}&exact=1",
        "?unit=150000&act=media",
        "?actor=clerk-7",
        "?actor=nobody",
        "?actor=clerk-7&act=staff",
        "?subject=A00000042",
        f"?unit={LEAGUE}&act=ca:crl:published",
        f"?unit={LEAGUE}&actor=clerk-7&act=ra:application:unmasked",
        f"?since={_SINCE}&until={_UNTIL}",
        f"?until={_UNTIL}&act=staff&unit={LEAGUE}",
        f"?since={_SINCE}&until={_UNTIL}&actor=clerk-7",
        "?act=ca:crl:published&above=5",
    ),
    "console.unit_cases.preview": ("?look=1&target=150303&name=示范",),
}


@dataclass(frozen=True)
class Measured:
    """One address for one role, in seconds; `work` is the p95 of processor time, to which other load does not add."""

    endpoint: str
    address: str
    role: str
    p50: float
    p95: float
    work: float


def main() -> None:
    """Fill, measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--small", action="store_true")
    given = parser.parse_args()
    # The lines of requests would stand between those of the table.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with founded() as base, placed(base, on_postgres=given.postgres) as place:
        wiring = Wiring(place.config)
        filled = fill(wiring, _SMALL if given.small else Sizes())
        if given.postgres:
            _count(wiring)
        # What filling left in memory is not the service's: its collection must not count as a page's time.
        gc.collect()
        gc.freeze()
        measured, missing = measure(wiring, filled, requests=2 if given.small else _REQUESTS)
        wiring.database.engine.dispose()
    slow = report(measured, missing, by_work=given.cpu)
    sys.exit(1 if missing or (slow and not given.small) else 0)


def _count(wiring: Wiring) -> None:
    """What autovacuum does within a minute of so many new rows; the bench does not wait for it."""
    with wiring.database.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")


def measure(wiring: Wiring, filled: Filled, *, requests: int) -> tuple[list[Measured], list[str]]:
    """Every page by every role that may see it, and the endpoints for which nothing was measured."""
    app = create_console(wiring)
    clients = {login: _signed_in(app, wiring, login) for login in filled.logins.values()}
    measured = []
    pages = [rule for rule in app.url_map.iter_rules() if _is_page(rule)]
    for rule in pages:
        for address in _addresses(rule, filled):
            for (role, unit), login in filled.logins.items():
                times = _times(clients[login], address, requests)
                if times:
                    measured.append(_summary(rule.endpoint, address, f"{role.value} {unit}", times))
    seen = {one.endpoint for one in measured}
    return measured, sorted({rule.endpoint for rule in pages} - seen)


def _is_page(rule: Rule) -> bool:
    return rule.endpoint.startswith("console.") and "GET" in (rule.methods or ()) and rule.endpoint not in _LEFT_OUT


def _signed_in(app: Flask, wiring: Wiring, login: str) -> FlaskClient:
    """A browser with a session as it is after password and second factor."""
    client = app.test_client()
    client.environ_base["wsgi.url_scheme"] = "https"
    with wiring.services.begin() as uow:
        opened = open_session(wiring.services, uow, uow.staff.get(login), Method.TOTP, Origin("192.0.2.1", "bench"))
    with client.session_transaction(base_url="https://localhost") as session:
        session["id"] = opened.identifier
    return client


def _addresses(rule: Rule, filled: Filled) -> list[str]:
    """The addresses of a page; an argument without a sample leaves none, so that the page counts as not measured."""
    if rule.endpoint == "console.erasures.preview":
        return [f"{rule.rule}?holder={filled.holders[-2]}"]
    samples = {
        "application_id": filled.applications[-1 if "edit" in rule.rule else len(filled.applications) // 2],
        "serial": (filled.media if rule.endpoint.startswith("console.media") else filled.certificates)[7],
        "change_id": filled.changes[3],
        "holder_id": filled.holders[3],
        "code": LEAGUE if "roster" in rule.endpoint else BANNER,
        "act": "merge",
        "login": filled.logins[Role.CLERK, LEAGUE],
        "case_id": _case(rule.endpoint, filled),
        "proposal_id": filled.proposal,
        "batch_id": filled.batch,
        "draft_id": filled.draft,
        "parcel_id": filled.parcel,
        "transfer_id": filled.transfer,
        "seq": "77",
    }
    path = rule.rule
    for name in rule.arguments:
        if name not in samples:
            return []
        path = path.replace(f"<{name}>", samples[name])
    return [path + variant for variant in _VARIANTS.get(rule.endpoint, ("",))]


def _case(endpoint: str, filled: Filled) -> str:
    if endpoint.startswith("console.review"):
        return filled.conflict
    return filled.erasure if endpoint.startswith("console.erasures") else filled.unit_case


def _times(client: FlaskClient, address: str, requests: int) -> list[tuple[float, float]]:
    """Seconds and processor seconds of each request after a first one; none where this role may not see the page."""
    first = client.get(address)
    if first.status_code >= 500:
        raise RuntimeError(f"{address}: {first.status_code}")
    if first.status_code != 200:
        return []
    times = []
    for _ in range(requests):
        started, worked = time.perf_counter(), time.process_time()
        client.get(address)
        times.append((time.perf_counter() - started, time.process_time() - worked))
    return times


def _summary(endpoint: str, address: str, role: str, times: Sequence[tuple[float, float]]) -> Measured:
    took, worked = zip(*times, strict=True)
    p95, work = (statistics.quantiles(values, n=20)[-1] for values in (took, worked))
    return Measured(endpoint, address, role, statistics.median(took), p95, work)


def report(measured: Sequence[Measured], missing: Sequence[str], *, by_work: bool) -> list[Measured]:
    """Print the slowest role of each address, slowest first; return those over the limit."""

    def judged(one: Measured) -> float:
        return one.work if by_work else one.p95

    slowest: dict[str, Measured] = {}
    for one in sorted(measured, key=judged):
        slowest[one.address] = one
    load = os.getloadavg()[0]
    table = Table(
        title=f"console pages, limit p95 {LIMIT * 1000:.0f} ms; load {load:.1f} on {os.cpu_count()} processors"
    )
    for heading in ("page", "slowest for", "p95 cpu ms", "p50 ms", "p95 ms", ""):
        table.add_column(heading, justify="right" if heading.endswith("ms") else "left")
    ranked = sorted(slowest.values(), key=judged, reverse=True)
    for one in ranked:
        flag = "OVER" if judged(one) > LIMIT else ""
        table.add_row(one.address, one.role, *(f"{s * 1000:.0f}" for s in (one.work, one.p50, one.p95)), flag)
    console = Console(width=110)
    console.print(table)
    for endpoint in missing:
        console.print(f"not measured: {endpoint} (give its arguments a sample in bench/console_pages.py)")
    return [one for one in ranked if judged(one) > LIMIT]


if __name__ == "__main__":
    main()
