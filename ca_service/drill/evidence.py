"""What is on record in a copy after a fault: read by SQL of its own, parsed by `cryptography`, not by the service."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from sqlalchemy import Connection, Engine, text

from ca_service.domain.audit import GENESIS, AuditEntry, ChainBroken, linked

_CERTIFICATES = "SELECT issuer, serial, tbs, der, status FROM certificate WHERE serial IN ({})"
_LISTS = "SELECT name, number, status, tbs, der, delta_tbs, delta FROM crl WHERE number > :after AND name = :name"
_STEPS = "SELECT serial, event FROM certificate_event WHERE serial IN ({}) ORDER BY serial, seq"
_ENTRIES = (
    "SELECT seq, at, tag, actor, via, unit_code, subject, detail, previous, hash FROM audit_entry"
    " WHERE seq > :after ORDER BY seq"
)


@dataclass(frozen=True)
class Baseline:
    """What was there before the drill and is not read again: a copy may be of a large CA."""

    serials: frozenset[tuple[str, str]] = frozenset()
    lists: Mapping[str, int] = field(default_factory=dict)
    entry: tuple[int, bytes] = (0, GENESIS)


@dataclass(frozen=True)
class Recorded:
    """One certificate row: its serial as the row has it, as the signed TBS has it, as the certificate has it."""

    issuer: str
    serial: str
    in_tbs: int
    in_der: int | None
    status: str


@dataclass(frozen=True)
class Listed:
    """One number of a line: what became of it, and the number and time in the list itself."""

    name: str
    number: int
    status: str
    in_der: int | None = None
    this_update: str = ""


@dataclass(frozen=True)
class Evidence:
    """Everything since the baseline; `serials` are all there are, `sha256` those of every TBS on record.

    `chain`: where the audit chain is broken; empty where it holds.
    """

    serials: Counter[tuple[str, int]]
    certificates: Sequence[Recorded]
    lists: Sequence[Listed]
    sha256: frozenset[str]
    steps: Mapping[str, Sequence[str]]
    entries: Counter[tuple[str, str]]
    chain: str


def baseline(engine: Engine) -> Baseline:
    """How things are before the drill."""
    with engine.connect() as view:
        serials = frozenset((row[0], row[1]) for row in view.execute(text("SELECT issuer, serial FROM certificate")))
        lists = {row[0]: row[1] for row in view.execute(text("SELECT name, max(number) FROM crl GROUP BY name"))}
        last = view.execute(text("SELECT seq, hash FROM audit_entry ORDER BY seq DESC LIMIT 1")).first()
    return Baseline(serials, lists, (last[0], bytes(last[1])) if last else (0, GENESIS))


def current_issuer(engine: Engine) -> str:
    """The issuing CA that signs now: after a roll-over the one with the highest number."""
    with engine.connect() as view:
        found = view.scalars(text("SELECT name FROM issuer WHERE name <> 'root'"))
        return max(map(str, found), key=lambda name: int(name.rpartition("-")[2]) if "-" in name else 1)


def read(engine: Engine, since: Baseline) -> Evidence:
    """How things are now. Nobody writes meanwhile: the struck process is dead or done."""
    with engine.connect() as view:
        certificates, hashes = _certificates(view, since)
        lists, of_lists = _lists(view, since)
        entries, chain = _entries(view, since)
        known = Counter((issuer, int(serial, 16)) for issuer, serial in since.serials)
        known.update((one.issuer, one.in_tbs) for one in certificates)
        steps: dict[str, list[str]] = {}
        for serial, event in _of(view, _STEPS, [one.serial for one in certificates]):
            steps.setdefault(serial, []).append(event)
    return Evidence(known, certificates, lists, frozenset({*hashes, *of_lists}), steps, entries, chain)


def on_disk(mirror: Path) -> Mapping[str, int]:
    """The number of each complete list in the outside folder."""
    return {file.stem: _crl(file.read_bytes())[0] for file in sorted((mirror / "crl").glob("*.crl"))}


def _certificates(view: Connection, since: Baseline) -> tuple[list[Recorded], set[str]]:
    found, hashes = [], set()
    rows = view.execute(text("SELECT issuer, serial FROM certificate"))
    new = [row[1] for row in rows if (row[0], row[1]) not in since.serials]
    for issuer, serial, octets, signed, status in _of(view, _CERTIFICATES, new):
        tbs, der = bytes(octets), None if signed is None else bytes(signed)
        in_tbs = asn1_x509.TbsCertificate.load(tbs)["serial_number"].native
        in_der = None if der is None else x509.load_der_x509_certificate(der).serial_number
        found.append(Recorded(issuer, serial, in_tbs, in_der, status))
        hashes.add(_sha256(tbs))
    return found, hashes


def _of(view: Connection, query: str, serials: Sequence[str]) -> Iterator[Sequence[Any]]:
    """The rows of these serial numbers, so many at a time as a statement may name."""
    for start in range(0, len(serials), 500):
        piece = {f"s{place}": serial for place, serial in enumerate(serials[start : start + 500])}
        yield from view.execute(text(query.format(", ".join(f":{name}" for name in piece))), piece)


def _lists(view: Connection, since: Baseline) -> tuple[list[Listed], set[str]]:
    found: list[Listed] = []
    hashes: set[str] = set()
    for name in sorted(view.scalars(text("SELECT DISTINCT name FROM crl"))):
        rows = view.execute(text(f"{_LISTS} ORDER BY number"), {"name": name, "after": since.lists.get(name, 0)})
        for row in rows:
            hashes.update(_hashes(row))
            in_der, at = (None, "") if row[4] is None else _crl(bytes(row[4]))
            found.append(Listed(name, row[1], row[2], in_der, at))
    return found, hashes


def _hashes(row: Sequence[Any]) -> Iterator[str]:
    """Of the contents that were reserved, and of what was signed."""
    for tbs in (row[3], row[5]):
        if tbs:
            yield _sha256(bytes(tbs))
    for der in (row[4], row[6]):
        if der:
            yield _sha256(x509.load_der_x509_crl(bytes(der)).tbs_certlist_bytes)


def _crl(der: bytes) -> tuple[int, str]:
    read_list = x509.load_der_x509_crl(der)
    number = read_list.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    return number, read_list.last_update_utc.isoformat()


def _entries(view: Connection, since: Baseline) -> tuple[Counter[tuple[str, str]], str]:
    rows = view.execute(text(_ENTRIES), {"after": since.entry[0]}).mappings()
    entries = [AuditEntry(**{**row, "previous": bytes(row["previous"]), "hash": bytes(row["hash"])}) for row in rows]
    try:
        for _ in linked(entries, after=since.entry):
            pass
    except ChainBroken as broken:
        return _counted(entries), str(broken)
    return _counted(entries), ""


def _counted(entries: Sequence[AuditEntry]) -> Counter[tuple[str, str]]:
    return Counter((entry.tag, entry.subject) for entry in entries)


def _sha256(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()
