"""Steps 5 and 6 of the road: custody from the centre to the person, and the download onto the token."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.road.registration import CENTRE_REVIEWER, LEAGUE, banner_codes
from tests.road.stick import Stick
from tests.road.world import SOFTHSM, RoadError, World, expect, wait_for

_PEOPLE = 3
_AT_ONCE = 2


@dataclass(frozen=True)
class Administrator:
    """One person of the road: who the CA says they are, and their token."""

    holder: str
    unit: str
    stick: Stick
    certificate_serial: str


def custody(world: World) -> list[tuple[str, Stick]]:
    """Step 5: registered, initialised, shipped by two parcels, received, handed over; the record shows every hop."""
    banner = banner_codes()[0]
    below = {unit["code"] for unit in world.educa("units", "list") if unit["parent"] == banner}
    people = [holder["id"] for holder in world.educa("holders", "list") if holder["unit"] in below][:_PEOPLE]
    with ThreadPoolExecutor(_AT_ONCE) as hands:
        sticks = list(hands.map(lambda number: Stick.from_vendor(world, number), range(1, _PEOPLE + 1)))
        serials = [stick.serial for stick in sticks]
        world.educa("media", "register", *serials, "--model", "SoftHSM v2", by="custodian-centre")
        files = [str(path) for path in hands.map(Stick.initialise, sticks)]
    world.educa("media", "initialise", *files, by="custodian-centre")
    _ship(world, serials, to_unit=LEAGUE, by="custodian-centre", received_by="custodian-league")
    _ship(world, serials, to_unit=banner, by="custodian-league", received_by=f"custodian-{banner}")
    for stick, holder in zip(sticks, people, strict=True):
        world.educa("media", "hand-over", stick.serial, "--holder", holder, by=f"custodian-{banner}")
    hops = [row["event"] for row in world.educa("media", "report", serials[0])]
    wanted = ["initialise", "dispatch", "receive", "dispatch", "receive", "hand-over"]
    if hops != wanted:
        raise RoadError(f"the token's history is {hops}")
    world.observe("5 custody", f"{_PEOPLE} tokens, each: {' -> '.join(hops)}", by="educa media report")
    return list(zip(people, sticks, strict=True))


def _ship(world: World, serials: list[str], *, to_unit: str, by: str, received_by: str) -> None:
    parcel = world.educa("media", "dispatch", *serials, "--to", to_unit, "--courier", "SF0000000001", by=by)
    world.educa("media", "receive", parcel["parcel"], by=received_by)


def enrol(world: World, handed: list[tuple[str, Stick]]) -> list[Administrator]:
    """Step 6: each person downloads; a wrong code is counted, a stranger's token refused, a repeat gives the same."""
    codes = [_issue_code(world, holder) for holder, _ in handed]
    _refusals(handed[0][1], handed[1][1], codes[0])
    with ThreadPoolExecutor(_AT_ONCE) as hands:
        administrators = list(hands.map(lambda one, code: _enrol_one(world, one[0], one[1], code), handed, codes))
    if administrators[0].stick.enroll(*codes[0]).code:
        raise RoadError("a repeated enrolment was refused")
    first = administrators[0]
    listed = world.run(
        "pkcs11-tool", "--module", SOFTHSM, "--login", "--pin", first.stick.pin, "--list-objects", "--type", "privkey",
        env=first.stick.environment,
    )  # fmt: skip
    expect(listed, r"never extractable", what="key attributes by pkcs11-tool")
    root, issuing = str(world.folder / "root.pem"), str(world.folder / "issuing.pem")
    for person in administrators:
        arguments = ("verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", root, "-untrusted", issuing)
        expect(world.run("openssl", *arguments, person.stick.certificate), r": OK", what="openssl verify")
    certified = world.educa("certs", "list")
    if len(certified) != len(administrators):
        raise RoadError(f"{len(certified)} certificates for {len(administrators)} people")
    refused = "wrong code and wrong token refused; repeats doubled none"
    seen = f"{len(certified)} certificates, keys never extractable; {refused}"
    world.observe("6 download", seen, by="openssl verify, pkcs11-tool")
    return administrators


def _issue_code(world: World, holder: str) -> tuple[str, str]:
    """Reference number from the screen, authorisation code from the message: the two ways."""
    issued = world.educa("enrolments", "issue-code", holder, by=CENTRE_REVIEWER)
    return str(issued["reference_number"]), _code_from_sms(world, holder)


def _enrol_one(world: World, holder: str, stick: Stick, codes: tuple[str, str]) -> Administrator:
    done = stick.enroll(*codes)
    if done.code:
        raise RoadError(f"educa-token enroll: {done.err.strip()}")
    (stick.folder / "pin-changed").touch()
    row = next(c for c in world.educa("certs", "list") if c["holder"] == holder)
    if row["status"] != "active":
        raise RoadError(f"the certificate is {row['status']}")
    stick.certificate = str(world.folder / "certificates" / f"{row['serial']}.pem")
    Path(stick.certificate).parent.mkdir(exist_ok=True)
    exported = world.run("educa", "certs", "export", row["serial"], "--out", stick.certificate)
    expect(exported, r"^$", what="educa certs export")
    return Administrator(holder, row["unit"], stick, row["serial"])


def _refusals(stick: Stick, other: Stick, codes: tuple[str, str]) -> None:
    wrong = stick.enroll(codes[0], "2222222222")
    # The first PIN is changed before the CA is asked, so the holder's own is in force from here on.
    (stick.folder / "pin-changed").touch()
    expect(wrong, r"还可以再试 4 次|4", what="the refusal of a wrong code")
    stolen = other.enroll(*codes)
    (other.folder / "pin-changed").touch()
    if wrong.code != 1 or stolen.code != 1:
        raise RoadError("a wrong code or a stranger's token was accepted")
    expect(stolen, r"不是派发给您的", what="the refusal of a stranger's token")


def _code_from_sms(world: World, holder: str) -> str:
    """Read the newest message as its receiver does; the file sink stands for the SMS gateway."""
    outbox = world.folder / "outbox"
    seen = world.folder / "outbox-read"
    seen.mkdir(exist_ok=True)

    def unread() -> list[Path]:
        found = [path for path in outbox.glob("*.json") if not (seen / path.name).exists()]
        return [path for path in found if json.loads(path.read_text(encoding="utf-8"))["channel"] == "sms"]

    wait_for(lambda: bool(unread()), what=f"the authorisation code for {holder}")
    (path,) = unread()
    (seen / path.name).touch()
    found = re.search(r"授权码为 (\w+)", json.loads(path.read_text(encoding="utf-8"))["text"])
    if found is None:
        raise RoadError("the message has no authorisation code")
    return found.group(1)


def write_tokens(world: World, administrators: list[Administrator]) -> None:
    """Leave tokens.json: how to use each software token again."""
    rows = [
        {
            "serial": person.stick.serial,
            "label": person.stick.label,
            "module": SOFTHSM,
            "pin": person.stick.pin,
            "certificate": person.stick.certificate,
            "env": person.stick.environment,
            "holder": person.holder,
            "unit": person.unit,
        }
        for person in administrators
    ]
    (world.folder / "tokens.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
