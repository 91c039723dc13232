"""Durable issuing through the API: intent, signature in SoftHSM, record and audit entry, each committed to the disk.

The real `educa serve` with two console processes, asked over TLS by wrk; what counts is the certificates that lie in
the database afterwards. On SQLite, and on a PostgreSQL that syncs; beside a thousand certificates and beside a million.
The peer, `cfssl serve`, keeps nothing. Needs wrk, cfssl and PostgreSQL. `python -m bench.issuing [--quick]`.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from asn1crypto import pem
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import func, select

from bench.issuing_world import csr, found, moved, people, store_certificates
from bench.ocsp_peers import ENVIRON
from bench.ocsp_world import certificate
from bench.servers import Load, free_port, load, missing, running
from bench.table import Row, missed, show
from ca_service import config as configuration
from ca_service.config import Config
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import CertificateStatus
from ca_service.store.models import AuditRow, CertificateRow
from ca_service.wiring import Wiring
from tests.ca_service import postgres

SECONDS = 8
_GOALS = {"sqlite": 400, "postgresql": 600}
_PER_SECOND = 800  # more than can be issued: no request is sent twice
_FEW, _MANY = 1_000, 1_000_000
_POST = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local bodies, next = {{}}, 0
for line in io.lines("{bodies}") do bodies[#bodies + 1] = line end
request = function() next = next % #bodies + 1; return wrk.format(nil, nil, nil, bodies[next]) end
"""


def main(*, quick: bool = False) -> int:
    """Print the table; 1 if a goal is missed, 2 if a program is."""
    absent = missing("wrk", "cfssl")
    if absent:
        print("not installed:", *absent)
        return 2
    with tempfile.TemporaryDirectory(prefix="educa-bench-") as name, _postgres() as server:
        rows = measure(Path(name), server, seconds=1 if quick else SECONDS, many=10_000 if quick else _MANY)
    show("durable issuing through the API", rows)
    return missed(rows)


def measure(folder: Path, server: str, *, seconds: int, many: int) -> list[Row]:
    """A row for each database and fullness, and the peer's."""
    path = found(folder, workers=2)
    here = configuration.load(path)
    per_run = seconds * _PER_SECOND
    bodies = people(here, 2 * per_run)
    scripts = [_script(folder, "few", bodies[:per_run]), _script(folder, "many", bodies[per_run:])]
    there = moved(path, postgres.create(server, "bench"))
    cfssl = _cfssl(folder, seconds)
    rows = [Row(what="cfssl serve, nothing kept", value=f"{cfssl.rate:8,.0f}/s")]
    for each in (path, there):
        config = configuration.load(each)
        name = config.database.url.partition(":")[0].partition("+")[0]
        seen, stored = list[float](), 0
        for fullness, script in zip((_FEW, many), scripts, strict=True):
            store_certificates(config, stored, fullness)
            seen.append(_run(each, config, script, seconds))
            stored = fullness
        rows += _rows(name, seen, many, cfssl)
    return rows


def _rows(name: str, seen: Sequence[float], many: int, cfssl: Load) -> list[Row]:
    few, full = seen
    goal = _GOALS[name]
    return [
        Row(
            what=f"{name}, {_FEW:,} certificates stored",
            value=f"{few:8,.0f}/s   {few / cfssl.rate:.3f} of cfssl",
            goal=f">= {goal}/s",
            met=few >= goal,
        ),
        Row(what=f"{name}, {many:,} certificates stored", value=f"{full:8,.0f}/s"),
        Row(
            what=f"{name}, cost of one beside many : beside few",
            value=f"{few / full:.2f}",
            goal="<= 1.2",
            met=few / full <= 1.2,
        ),
    ]


def _run(path: Path, config: Config, script: Path, seconds: int) -> float:
    """Certificates a second, as they lie in the database after the load."""
    port = int(config.service.console.rpartition(":")[2])
    since = datetime.now(UTC)
    command = (sys.executable, "-m", "ca_service.cli.main", "serve", "--config", str(path))
    with running(*command, port=port, environ=dict(os.environ)):
        load(f"https://{config.service.console}/api/v1/enrolments/certificate", seconds=seconds, script=script)
    return _rate(config, since)


def _rate(config: Config, since: datetime) -> float:
    """Of those issued since then, every one recorded in the audit log."""
    database = Wiring(config).database
    row, noted = CertificateRow, AuditRow
    recorded = select(noted.seq).where(noted.subject == row.serial, noted.tag == Tag.CERTIFICATE_ISSUED.value)
    query = select(func.count(), func.min(row.created_at), func.max(row.created_at)).where(
        row.created_at >= since, row.status == CertificateStatus.ISSUED, row.der.is_not(None), recorded.exists()
    )
    with database.reading.connect() as connection:
        number, first, last = connection.execute(query).one()
    database.engine.dispose()
    return number / (last - first).total_seconds() if number > 1 else 0.0


def _script(folder: Path, name: str, bodies: Sequence[bytes]) -> Path:
    lines, script = folder / f"{name}.bodies", folder / f"{name}.lua"
    lines.write_bytes(b"\n".join(bodies) + b"\n")
    script.write_text(_POST.format(bodies=lines), encoding="utf-8")
    return script


def _cfssl(folder: Path, seconds: int) -> Load:
    """It signs with a P-256 key in a file, and remembers nothing."""
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / "peer.pem").write_bytes(certificate("Bench CA", key, key, None).public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "peer-key.pem").write_bytes(secret)
    requests = [pem.armor("CERTIFICATE REQUEST", csr()).decode() for _ in range(200)]
    bodies = [json.dumps({"certificate_request": one}).encode() for one in requests]
    port = free_port()
    command = ("cfssl", "serve", "-address", "127.0.0.1", "-port", str(port), "-loglevel", "5")
    keys = ("-ca", str(folder / "peer.pem"), "-ca-key", str(folder / "peer-key.pem"))
    with running(*command, *keys, port=port, environ=ENVIRON):
        url = f"http://127.0.0.1:{port}/api/v1/cfssl/sign"
        return load(url, seconds=seconds, script=_script(folder, "cfssl", bodies))


@contextmanager
def _postgres() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="educa-bench-pg-") as name:
        Path(name).chmod(0o755)
        with postgres.cluster(Path(name), durable=True) as server:
            yield server


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv))
