"""Steps 1 to 4 of the road: ceremony, units, roster, review and push."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ca_service.intake.columns import Column
from tests.road.roster import Damage, GeneratedRoster, make_roster, make_scan_pdf, make_units
from tests.road.world import RoadError, World, all_equal, expect, wait_for

LEAGUE = "150300"
CENTRE = "150000"
SECURITY, CA_ADMIN = "security-admin", "ca-admin"
CLERK, LEAGUE_REVIEWER, CENTRE_REVIEWER = "clerk-league", "reviewer-league", "reviewer-centre"
_ROWS = 200


@dataclass(frozen=True)
class Staffing:
    """Who works where: login, unit, role."""

    login: str
    unit: str
    role: str


def found_the_ca(world: World) -> None:
    """Step 1: the ceremony, judged by openssl; a second one is refused."""
    ports = world.ports
    addresses = ("--console", ports.console, "--publication", ports.publication, "--registry", ports.registry)
    arguments = [str(a) if not isinstance(a, int) else f"127.0.0.1:{a}" for a in addresses]
    # In a process of its own: a PKCS#11 module reads its environment once, and this process serves other CAs in tests.
    done = world.run("educa", "init", "--json", *arguments)
    if done.code:
        raise RoadError(f"educa init: {done.err.strip()}")
    record = json.loads(done.out)
    (world.folder / "first-staff.json").write_text(json.dumps(record["first_staff"]), encoding="utf-8")
    root, issuing = str(world.folder / "root.pem"), str(world.folder / "issuing.pem")
    verified = world.run("openssl", "verify", "-x509_strict", "-CAfile", root, issuing)
    observed = expect(verified, r"issuing\.pem: OK", what="openssl verify of the issuing certificate")
    again = world.educa_raw("init")
    if again.code != 1:
        raise RoadError("a second educa init was not refused")
    world.observe("1 ceremony", f"{observed}; a second init is refused: {again.err.strip()}", by="openssl verify")


def staff_and_units(world: World) -> None:
    """Step 2: the units of a league from a file, and its staff."""
    units = world.folder / "units.csv"
    units.write_bytes(make_units(schools=_ROWS + 50, league_code=LEAGUE).csv)
    report = world.educa("units", "import", str(units))
    with ThreadPoolExecutor(2) as hands:
        list(hands.map(lambda staff: _add(world, staff), staffing()))
    listed = world.educa("units", "list")
    if len(listed) != 116 + report["added"]:
        raise RoadError(f"{len(listed)} units listed after {report['added']} were added to 116")
    again = world.educa("units", "import", str(units))
    if again["added"] != 0:
        raise RoadError("importing the same units again added some")
    world.observe("2 units", f"{len(listed)} units, a repeat adds none", by="educa units list")


def _add(world: World, staff: Staffing) -> None:
    arguments = ("--name", "示范人员", "--unit", staff.unit, "--role", staff.role)
    proposed = world.educa("staff", "add", staff.login, *arguments, by=SECURITY)
    world.educa("proposals", "confirm", proposed["proposal"], by=CA_ADMIN)


def staffing() -> list[Staffing]:
    """The reviewers of each banner, and one of each role where the road needs it."""
    banners = banner_codes()
    return [
        Staffing(CLERK, LEAGUE, "clerk"),
        *(Staffing(f"reviewer-{code}", code, "reviewer") for code in banners),
        Staffing(LEAGUE_REVIEWER, LEAGUE, "reviewer"),
        Staffing(CENTRE_REVIEWER, CENTRE, "reviewer"),
        Staffing("custodian-centre", CENTRE, "custodian"),
        Staffing("custodian-league", LEAGUE, "custodian"),
        Staffing(f"custodian-{banners[0]}", banners[0], "custodian"),
    ]


def banner_codes() -> list[str]:
    """The banners of the road's league."""
    return [unit.code for unit in make_units(schools=0, league_code=LEAGUE).units if unit.kind.value == "banner"]


def import_the_roster(world: World) -> str:
    """Step 3: a damaged roster; every bad cell is named, the good rows are taken, a repeat doubles nothing."""
    roster = make_roster(make_units(schools=_ROWS + 50, league_code=LEAGUE).units, rows=_ROWS)
    sheet, scan = world.folder / "roster.xlsx", world.folder / "form.pdf"
    sheet.write_bytes(roster.xlsx)
    scan.write_bytes(make_scan_pdf())
    arguments = ("registrations", "import", str(sheet), "--unit", LEAGUE, "--scan", str(scan))
    report = world.educa(*arguments, by=CLERK)
    _compare(report, roster)
    again = world.educa(*arguments, by=CLERK)
    if again["taken"] or len(again["already_there"]) != len(report["taken"]) or again["batch"] != report["batch"]:
        raise RoadError("the same sheet again was not recognised")
    seen = f"{len(report['taken'])} rows taken, {len(report['bad'])} bad cells named as they were damaged, repeat: none"
    world.observe("3 roster", seen, by="the generator's list of damage")
    return str(report["batch"])


def _compare(report: dict[str, list[dict[str, object]]], roster: GeneratedRoster) -> None:
    """What the import says must be exactly what the generator did."""
    named = {(bad["row"], bad["heading"]) for bad in report["bad"]}
    wanted = {(row, column.value) for row, column in roster.errors}
    if named != wanted or len(report["taken"]) != len(roster.good):
        raise RoadError(f"bad cells differ: {sorted(map(str, named ^ wanted))}; {len(report['taken'])} rows taken")
    mended = {row for row, column in roster.mended if column is Column.ID_NUMBER}
    if not mended <= {note["row"] for note in report["normalised"]} or Damage.ID_LOWER_X not in roster.mended.values():
        raise RoadError("a mended ID number was not shown")


def review_and_push(world: World, batch: str) -> None:
    """Step 4: up the tree by different people, approved at the centre, pushed over HTTP, confirmed by the CA."""
    own = world.educa_raw("registrations", "forward", "--batch", batch, by=CLERK)
    if own.code != 1:
        raise RoadError("a clerk could forward an application")
    with ThreadPoolExecutor(2) as hands:
        forward = ("registrations", "forward", "--batch", batch)
        list(hands.map(lambda code: world.educa(*forward, by=f"reviewer-{code}"), banner_codes()))
    world.educa("registrations", "forward", "--batch", batch, by=LEAGUE_REVIEWER)
    approved = world.educa("registrations", "approve", "--batch", batch, by=CENTRE_REVIEWER)["applications"]
    seconds = wait_for(lambda: _confirmed(world, batch), what="all applications confirmed by the CA")
    holders = world.educa("holders", "list")
    if len(holders) != len(approved):
        raise RoadError(f"{len(approved)} approved, {len(holders)} holders")
    seen = f"{len(holders)} persons confirmed by the CA {seconds:.1f} s after approval; the clerk's own review refused"
    world.observe("4 review and push", seen, by="educa registrations list, educa holders list")


def _confirmed(world: World, batch: str) -> bool:
    listed = world.educa("registrations", "list", "--batch", batch)
    return all_equal([row["status"] for row in listed], "confirmed")
