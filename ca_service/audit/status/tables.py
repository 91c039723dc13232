"""The history against the other tables: the certificate's row, the change log, grounds and orders, the audit log."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from asn1crypto import crl as asn1_crl
from cryptography import x509

from ca_service.audit.status.findings import GOOD, Check, Disagreement, Word, shown
from ca_service.audit.status.records import Order, Records, Row, Step
from ca_service.audit.status.replay import LISTED, NO_LIFE, Life

# These are made active by the service itself, without a step of the history.
_UNRECORDED = frozenset({"root", "issuing", "ocsp-signer", "tls-server", "feed-signer", "staff"})
_TAGS = {
    "freeze": "ca:certificate:frozen",
    "unfreeze": "ca:certificate:unfrozen",
    "unfreeze-unconfirmed": "ca:certificate:unfrozen",
    "supersede": "ca:certificate:superseded",
    "revoke": "ca:certificate:revoked",
    "abandon": "ca:certificate:abandoned",
}
_ACTS = {"freeze": "freeze", "unfreeze": "unfreeze", "unfreeze-unconfirmed": "unfreeze", "revoke": "revoke"}
# What the service does by itself when a time has passed has no paper; its reason says which time.
_TIMER = "worker"


def check_tables(records: Records, lives: Mapping[str, Life]) -> Iterator[Disagreement]:
    """Everything that the database alone can disagree about."""
    for serial, life in lives.items():
        for objection in life.objections:
            step = objection.step
            said = {"history": f"step {step.seq}, {step.event}: {objection.why}"}
            yield Disagreement(objection.check, records.issuer, said, serial, since=step.at)
    yield from _rows(records, lives)
    yield from _log(records)
    yield from _grounds(records)
    yield from _audit(records)


def _rows(records: Records, lives: Mapping[str, Life]) -> Iterator[Disagreement]:
    for serial, row in records.rows.items():
        life = lives.get(serial, NO_LIFE)
        for check, said in _row(row, life):
            yield Disagreement(check, records.issuer, said, serial, since=life.since)


def _row(row: Row, life: Life) -> Iterator[tuple[Check, dict[str, str]]]:
    told = Word(row.revoked_at, row.reason or None)
    if told != life.word or not _status_fits(row, life):
        history = f"{life.status or 'no change'}, {life.word}"
        yield Check.TABLE, {"history": history, "table": f"{row.status}, {told}"}
    entry = _entry(row)
    wanted = f"{int(row.serial, 16):x}, {life.word}" if life.word != GOOD else "none"
    if entry != wanted:
        yield Check.STORED_ENTRY, {"history": wanted, "stored entry": entry}
    if life.word != GOOD and row.der is not None and (end := _end(row.der)) != shown(row.not_after):
        # Who ends a certificate in the table takes it off the list.
        yield Check.TABLE, {"certificate": f"ends {end}", "table": f"ends {shown(row.not_after)}"}


def _status_fits(row: Row, life: Life) -> bool:
    if life.status in LISTED:
        return row.status == life.status
    if row.status == "active" and life.status == "issued":
        return row.profile in _UNRECORDED
    return row.status == life.status or (not life.status and row.status in ("signing", "issued", "active"))


def _entry(row: Row) -> str:
    """What the entry says that is kept to be joined into CRLs."""
    if row.crl_entry is None:
        return "none"
    try:
        parsed = asn1_crl.RevokedCertificate.load(row.crl_entry, strict=True)
        reason: Any = parsed.crl_reason_value
        said = Word(parsed["revocation_date"].native, int(reason.contents[0]) if reason is not None else None)
        return f"{parsed['user_certificate'].native:x}, {said}"
    except Exception as error:
        return f"unreadable: {error}"


def _end(der: bytes) -> str:
    try:
        return shown(x509.load_der_x509_certificate(der).not_valid_after_utc)
    except Exception as error:
        return f"unreadable: {error}"


def _log(records: Records) -> Iterator[Disagreement]:
    """Versions from 1 on without a gap, and for each one step of the history of the serial that it names."""
    steps = Counter((step.version, serial) for serial, taken in records.steps.items() for step in taken if step.version)
    log = Counter(records.log)
    for version, serial in sorted({*steps, *log}):
        told, logged = steps[version, serial], log[version, serial]
        if told != 1 or logged != 1:
            said = {"change log": f"version {version} x{logged}", "history": f"version {version} x{told}"}
            yield _of_step(records, Check.CHANGE_LOG, serial, version, said)
    versions = [version for version, _ in records.log]
    if versions != list(range(1, records.status_version + 1)):
        missing = sorted(set(range(1, records.status_version + 1)) - set(versions))[:5]
        said = {"issuer": f"version {records.status_version}", "change log": f"{len(versions)} rows, lacks {missing}"}
        yield Disagreement(Check.CHANGE_LOG, records.issuer, said)


def _grounds(records: Records) -> Iterator[Disagreement]:
    named: set[str] = set()
    for serial, steps in records.steps.items():
        for step in steps:
            if step.version:
                named.add(step.ground)
                why = _bad_ground(records, step)
                if why:
                    said = {"history": f"step {step.seq}, {step.event} by {step.by}", "ground": why}
                    yield Disagreement(Check.GROUND, records.issuer, said, serial, since=step.at)
    for key, order in records.orders.items():
        if key not in named:
            said = {"orders": f"{key}: {order.act}", "history": "no step on it"}
            yield Disagreement(Check.GROUND, records.issuer, said, order.serial)


def _bad_ground(records: Records, step: Step) -> str:
    """Why a step does not stand on what it names: a change form, an order, a download, a unit case, a token
    that was reported, a staff account that ended."""
    if step.event == "abandon" or (step.by == _TIMER and not step.ground):
        return ""
    order = records.orders.get(step.ground)
    if order is not None:
        fits = order == Order(step.serial, _ACTS.get(step.event, ""))
        return "" if fits else f"the order {step.ground} is to {order.act} {order.serial}"
    if not step.ground:
        return "none"
    return "" if step.ground in records.grounds else f"{step.ground} does not exist"


def _audit(records: Records) -> Iterator[Disagreement]:
    """One entry for each change, of its kind and ground, and none besides."""
    wanted = {
        (serial, step.version): f"{_TAGS.get(step.event, '?')} {step.ground}".strip()
        for serial, steps in records.steps.items()
        for step in steps
        if step.version
    }
    found: dict[tuple[str, int], list[str]] = {}
    for entry in records.entries:
        found.setdefault((entry.serial, entry.version or 0), []).append(f"{entry.tag} {entry.ground}".strip())
    for serial, version in sorted({*wanted, *found}):
        step, entries = wanted.get((serial, version)), found.get((serial, version), [])
        if entries != [step]:
            said = {"history": step or f"no step of version {version}", "audit log": "; ".join(entries) or "no entry"}
            yield _of_step(records, Check.AUDIT_LOG, serial, version, said)


def _of_step(records: Records, check: Check, serial: str, version: int, said: Mapping[str, str]) -> Disagreement:
    at = next((step.at for step in records.steps.get(serial, ()) if step.version == version), None)
    return Disagreement(check, records.issuer, said, serial, since=at)
