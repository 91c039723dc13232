"""deploy/postgresql: who gets in over the network, and that the URL of docs/deployment.md finds the primary."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from ca_service.store.engines import connect
from tests.ca_service import postgres
from tests.deployment.conftest import ROOT
from tests.teacher_registry.nginx import free_port

_PASSWORD = "only-of-this-test"
_RULES = re.findall(
    r"^    - ((?:local|host\w*) .*)$", (ROOT / "deploy/postgresql/patroni.yml").read_text(), re.MULTILINE
)
_NETWORK = "10.20.0.0/24"


@dataclass(frozen=True)
class Server:
    """A PostgreSQL with the rules of deploy/, on this machine instead of the three."""

    port: int
    folder: Path

    def try_in(self, **given: str) -> None:
        """Connect as the CA does, but for what is given; raise OperationalError."""
        usual = {"host": "127.0.0.1", "port": str(self.port), "dbname": "educa", "user": "educa", "password": _PASSWORD}
        usual |= {"sslmode": "verify-full", "sslrootcert": str(self.folder / "db.pem")}
        psycopg.connect(**(usual | given)).close()  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folder, port = Path(tempfile.mkdtemp(prefix="educa-pg-")), free_port()
    try:
        folder.chmod(0o755)
        _certify(folder)
        rules = [rule.replace(_NETWORK, "127.0.0.1/32") for rule in _RULES]
        # Patroni's own door is for the user postgres; the test's server is ruled by educa.
        (folder / "hba").write_text("\n".join(["local all educa trust", *rules]) + "\n")
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c hba_file={folder}/hba -c ssl=on"
        options += f" -c ssl_cert_file={folder}/db.pem -c ssl_key_file={folder}/db.key"
        with postgres.cluster(folder, more=options) as address:
            with psycopg.connect(f"{address} port={port} dbname=postgres", autocommit=True) as connection:
                connection.execute(f"ALTER ROLE educa PASSWORD '{_PASSWORD}'")
                connection.execute("CREATE DATABASE educa")
                connection.execute(f"CREATE ROLE registry LOGIN PASSWORD '{_PASSWORD}'")
            yield Server(port, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _certify(folder: Path) -> None:
    subject = ["-subj", "/CN=db1", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(folder / "db.key")]
    command = ["openssl", "req", "-x509", *key, *subject, "-out", str(folder / "db.pem")]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "db.key").chmod(0o600)
    for name in ("db.key", "db.pem"):
        shutil.chown(folder / name, "postgres") if _is_root() else None


def _is_root() -> bool:
    return Path("/proc/self").stat().st_uid == 0


def test_the_ca_gets_in_with_tls_and_its_password(server: Server) -> None:
    server.try_in()


@pytest.mark.parametrize(
    "given",
    [{"sslmode": "disable"}, {"password": "another"}, {"dbname": "postgres"}, {"user": "registry"}],
    ids="-".join,
)
def test_nobody_else_gets_in(server: Server, given: dict[str, str]) -> None:
    with pytest.raises(psycopg.OperationalError):
        server.try_in(**given)


def test_the_url_of_the_guide_finds_the_primary_behind_a_machine_that_is_down(server: Server) -> None:
    guide = (ROOT / "docs/deployment.md").read_text(encoding="utf-8")
    found = re.search(r'url = "(postgresql\+psycopg://educa@/educa\?[^"]+)"', guide)
    assert found
    passwords = server.folder / "pgpass"
    passwords.write_text(f"*:*:educa:educa:{_PASSWORD}\n")
    passwords.chmod(0o600)
    changes = {
        "db1:5432": f"127.0.0.1:{free_port()}",
        "db2:5432": f"127.0.0.1:{server.port}",
        "db3:5432": f"127.0.0.1:{free_port()}",
        "/etc/educa/db-ca.pem": str(server.folder / "db.pem"),
        "/var/lib/educa/secrets/pgpass": str(passwords),
    }
    url = found[1]
    for old, new in changes.items():
        assert old in url
        url = url.replace(old, new)
    engine = connect(url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")) is True
        assert connection.scalar(text("SELECT NOT pg_is_in_recovery()")) is True
    engine.dispose()
