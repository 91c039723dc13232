"""Steps 7 to 9 of the road: the sign-in with the key in the token, freeze, restore, transfer, and the audit log."""

import json
import shutil
import sqlite3
import time
from pathlib import Path

from tests.road.registration import CENTRE_REVIEWER, CLERK
from tests.road.tokens import Administrator
from tests.road.world import Done, RoadError, World, expect, wait_for

_AT_ONCE = 1.0


def sign_in(world: World, person: Administrator) -> None:
    """Step 7: curl with the PKCS#11 engine to a page of the own unit; one account's password is reset."""
    unit_name = next(unit["name"] for unit in world.educa("units", "list") if unit["code"] == person.unit)
    page = person.stick.curl("/accounts")
    expect(page, r"\n200$", what="sign-in by mTLS")
    expect(page, unit_name, what="the page of the own unit")
    nobody = world.run(
        "curl", "-sS", "-m", "5", "-w", "\n%{http_code}", "--cacert", str(world.folder / "root.pem"),
        f"{world.registry}/accounts",
    )  # fmt: skip
    expect(nobody, r"\n40[13]$", what="the refusal without a certificate")
    first, second = _reset_a_password(person)
    if first == second:
        raise RoadError("the password was not reset")
    world.observe("7 sign-in", f"page of {unit_name}; a password was reset; without a certificate refused", by="curl")


def _reset_a_password(person: Administrator) -> tuple[str, str]:
    accept = ("-H", "Accept: application/json")
    listed = _document(person.stick.curl("/accounts", *accept))
    send = (*accept, "-H", f"X-CSRF-Token: {listed['csrf_token']}", "-H", "Content-Type: application/json")
    wish = json.dumps({"kind": "viewer", "login": "chaxun01", "name": "示范查询员"}, ensure_ascii=False)
    made = _document(person.stick.curl("/accounts", *send, "-d", wish))
    reset = _document(person.stick.curl(f"/accounts/{made['account']['id']}/reset", *send, "-d", "{}"))
    return str(made["password"]), str(reset["password"])


def _document(done: Done) -> dict[str, dict[str, str]]:
    body, _, status = done.out.rpartition("\n")
    if not status.startswith("2"):
        raise RoadError(f"the registry answered {status}: {done.text[-300:]}")
    document: dict[str, dict[str, str]] = json.loads(body)
    return document


def freeze_and_restore(world: World, person: Administrator) -> None:
    """Step 8a: stop with freeze is seen within a second by OCSP, sign-in and CRL; restore brings everything back."""
    carry_out(world, person.holder, "stop", "freeze")
    frozen = _seen_by_ocsp(world, person, r"revoked[\s\S]*certificateHold")
    _refused(person, "证书已冻结")
    _seen_by_crl(world, person, "Certificate Hold")
    world.observe(
        "8a freeze",
        f"certificateHold after {frozen:.2f} s; 证书已冻结; in the CRL",
        by="openssl ocsp, curl, openssl crl",
    )
    carry_out(world, person.holder, "restore", None)
    restored = _seen_by_ocsp(world, person, r": good")
    wait_for(lambda: person.stick.curl("/accounts").out.endswith("\n200"), what="sign-in after restore", seconds=2)
    world.observe("8b restore", f"good after {restored:.2f} s; sign-in works", by="openssl ocsp, curl")


def transfer(world: World, person: Administrator) -> None:
    """Step 8c: stop for good because of a transfer: affiliationChanged in OCSP and CRL, the sign-in refused."""
    carry_out(world, person.holder, "stop", "revoke")
    seconds = _seen_by_ocsp(world, person, r"revoked[\s\S]*affiliationChanged")
    _refused(person, "证书已吊销")
    _seen_by_crl(world, person, "Affiliation Changed")
    refused = world.educa_raw("certs", "unfreeze", person.certificate_serial)
    if refused.code != 1:
        raise RoadError("a revoked certificate was released")
    world.observe(
        "8c transfer",
        f"affiliationChanged after {seconds:.2f} s; 证书已吊销; in the CRL",
        by="openssl ocsp, curl, openssl crl",
    )


def carry_out(world: World, holder: str, kind: str, act: str | None) -> None:
    """A change form through its three hands; the clock of the freeze starts when it is executed."""
    form = (
        "--holder", holder, "--kind", kind, "--scan", str(world.folder / "form.pdf"),
        "--explanation", "工作调整", "--opinion", "同意，介质随表交回",
    )  # fmt: skip
    transferred = ("--transferred",) if act == "revoke" else ()
    case = world.educa("changes", "submit", *form, *transferred, by=CLERK)
    certificate = ("--certificate", act) if act else ()
    world.educa("changes", "decide", case["id"], "--approve", *certificate, by=CENTRE_REVIEWER)
    world.educa("changes", "execute", case["id"], by=CENTRE_REVIEWER)


def _seen_by_ocsp(world: World, person: Administrator, pattern: str) -> float:
    issuing, root = str(world.folder / "issuing.pem"), str(world.folder / "root.pem")
    ask = ("-url", f"{world.publication}/ocsp", "-CAfile", root, "-issuer", issuing)
    started = time.monotonic()
    answer = world.run("openssl", "ocsp", *ask, "-serial", f"0x{person.certificate_serial}")
    while not _matches(answer, pattern):
        if time.monotonic() - started > _AT_ONCE:
            raise RoadError(f"openssl ocsp does not say {pattern} within {_AT_ONCE} s: {answer.text[-200:]}")
        answer = world.run("openssl", "ocsp", *ask, "-serial", f"0x{person.certificate_serial}")
    expect(answer, "Response verify OK", what="the signature of the OCSP response")
    return time.monotonic() - started


def _refused(person: Administrator, title: str) -> None:
    """The sign-in is refused, within the same second, by the page that says why."""

    def told() -> bool:
        page = person.stick.curl("/accounts")
        return title in page.out and page.out.endswith("\n403")

    wait_for(told, what=f"the refusal page {title}", seconds=_AT_ONCE)


def _matches(done: Done, pattern: str) -> bool:
    try:
        return bool(expect(done, pattern, what=""))
    except RoadError:
        return False


def _seen_by_crl(world: World, person: Administrator, reason: str) -> None:
    def listed() -> bool:
        path = world.folder / "fetched.crl"
        world.run("curl", "-fsS", "-o", str(path), f"{world.publication}/crl/issuing.crl")
        shown = world.run(
            "openssl", "crl", "-inform", "DER", "-in", str(path), "-noout", "-text", "-CAfile",
            str(world.folder / "issuing.pem"),
        )  # fmt: skip
        serial = person.certificate_serial.upper()
        return "verify OK" in shown.text and serial in shown.text and reason in shown.text.split(serial, 1)[-1][:400]

    wait_for(listed, what=f"the CRL with {person.certificate_serial} and {reason}", seconds=10)


def audit(world: World) -> None:
    """Step 9: the chain verifies; one changed byte in a copy of the database is named."""
    verified = world.educa("audit", "verify")
    target = verified["entries"] // 2
    folder = world.folder / "tampered"
    _copy(world, folder)
    database = sqlite3.connect(folder / "educa.db")
    with database:
        database.execute("UPDATE audit_entry SET actor = 'X' || substr(actor, 2) WHERE seq = ?", (target,))
    database.close()
    found = world.run("educa", "audit", "verify", "--config", str(folder / "config.toml"))
    expect(found, rf"第 {target} 条", what="the entry named after a byte was changed")
    if found.code != 1:
        raise RoadError("the tampered log was accepted")
    shutil.rmtree(folder)
    seen = f"{verified['entries']} entries verify; one byte of entry {target} changed in a copy: named"
    world.observe("9 audit", seen, by="educa audit verify on a tampered copy")


def _copy(world: World, folder: Path) -> None:
    folder.mkdir()
    source, target = sqlite3.connect(world.folder / "educa.db"), sqlite3.connect(folder / "educa.db")
    source.backup(target)
    for connection in (source, target):
        connection.close()
    shutil.copy(world.config, folder / "config.toml")
    shutil.copytree(world.folder / "secrets", folder / "secrets")
