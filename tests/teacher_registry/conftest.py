"""A registry over a test CA: once as a Flask client, once behind real TLS."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from flask.testing import FlaskClient
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from teacher_registry.accounts.models import Account, LogEntry
from teacher_registry.config import Config, load_config
from teacher_registry.serving import build_server
from teacher_registry.web.app import create_app
from teacher_registry.web.csrf import CsrfTokens
from teacher_registry.web.guard import CLIENT_CERTIFICATE
from teacher_registry.wiring import Registry, build_registry
from tests.ca_service import postgres
from tests.teacher_registry.authority import (
    NOW,
    POLICY,
    Authority,
    Identity,
    Wish,
    certify,
    new_authority,
    shared_authority,
)
from tests.teacher_registry.publication import Clock, Publication, published, running

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_NUMBERS = itertools.count(1)
JSON = {"Accept": "application/json"}


@pytest.fixture(scope="session")
def authority() -> Authority:
    """Our CA."""
    return shared_authority()


@pytest.fixture(scope="session")
def stranger() -> Authority:
    """Another CA that gives itself the same names."""
    return new_authority()


@pytest.fixture(scope="session")
def admin(authority: Authority) -> Identity:
    """The information administrator of the unit 150102001."""
    return authority.administrator()


@pytest.fixture(scope="session")
def neighbour(authority: Authority) -> Identity:
    """The administrator of another unit."""
    return authority.administrator(
        serial=0x2002,
        holder_id="H000002",
        common_name="李河",
        unit_code="150102002",
        unit_name="第二试验小学",
    )


@pytest.fixture
def publication(authority: Authority) -> Iterator[Publication]:
    """The CA's OCSP and CRLs, with a clock that the registry shares."""
    with published(Publication(authority, Clock())) as publication:
        yield publication


@pytest.fixture
def config_file(tmp_path: Path, publication: Publication, authority: Authority) -> Path:
    """A complete configuration on disk, shared with a CA whose tables are not ours."""
    server = certify(
        Wish(
            common_name="localhost",
            not_after=NOW + timedelta(days=36500),
            usages=(ExtendedKeyUsageOID.SERVER_AUTH,),
            policies=(),
            key=ec.generate_private_key(ec.SECP256R1()),
            extra=((x509.SubjectAlternativeName([x509.DNSName("localhost")]), False),),
        )
    )
    for name, content in {
        "root.pem": authority.root.pem,
        "issuing.pem": authority.issuing.pem,
        "tls.pem": server.pem,
        "tls.key": server.key_pem,
    }.items():
        (tmp_path / name).write_bytes(content)
    path = tmp_path / "config.toml"
    path.write_text(
        f"""
[ca]
anything = "is not ours"

[registry]
listen = "127.0.0.1:0"
database = "sqlite:///registry.db"
anchor = "root.pem"
issuing = "issuing.pem"
crl_url = "{publication.url}/crl/issuing.crl"
root_crl_url = "{publication.url}/crl/root.crl"
ocsp_url = "{publication.url}/ocsp"
tls_certificate = "tls.pem"
tls_key = "tls.key"
policy_oid = "{POLICY}"
max_status_age_seconds = 0.9
"""
    )
    return path


@pytest.fixture
def config(config_file: Path) -> Config:
    """The same, read."""
    return load_config(config_file)


@pytest.fixture
def registry(config: Config, publication: Publication) -> Registry:
    """The registry without HTTP."""
    return build_registry(config, publication.clock, CHEAP)


@dataclass
class Browser:
    """The Flask application with the certificate where the TLS layer puts it."""

    client: FlaskClient
    identity: Identity | None

    def as_(self, identity: Identity | None) -> Browser:
        """The same registry for someone else."""
        return replace(self, identity=identity)

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        """GET."""
        return self.client.get(path, environ_overrides=self._environ(), **kwargs)

    def post(self, path: str, **kwargs: Any) -> TestResponse:
        """POST, without a token."""
        return self.client.post(path, environ_overrides=self._environ(), **kwargs)

    def token(self) -> str:
        """A token from the list, as a program gets it."""
        return str(self.get("/accounts", headers=JSON).get_json()["csrf_token"])

    def send(self, path: str, body: object = None) -> TestResponse:
        """POST of JSON with a token."""
        return self.post(path, json=body or {}, headers={**JSON, "X-CSRF-Token": self.token()})

    def create(self, login: str = "wangfang", **fields: str) -> TestResponse:
        """A new account."""
        return self.send("/accounts", {"login": login, "name": "王芳", "kind": "viewer", **fields})

    def _environ(self) -> dict[str, object]:
        return {CLIENT_CERTIFICATE: self.identity.der if self.identity else None}


@pytest.fixture
def browser(registry: Registry, admin: Identity) -> Browser:
    """The good administrator at the registry's pages."""
    return Browser(create_app(registry, CsrfTokens(bytes(32))).test_client(), admin)


@dataclass
class Rows:
    """The database as it is on disk."""

    url: str

    def accounts(self) -> dict[str, Account]:
        """By login name."""
        with Session(create_engine(self.url), expire_on_commit=False) as session:
            return {account.login: account for account in session.scalars(select(Account))}

    def log(self) -> list[LogEntry]:
        """In order."""
        with Session(create_engine(self.url), expire_on_commit=False) as session:
            return list(session.scalars(select(LogEntry).order_by(LogEntry.id)))

    def set(self, login: str, **values: object) -> None:
        """Change a row, as the password sign-in of the teacher system does."""
        with Session(create_engine(self.url)) as session, session.begin():
            account = session.scalars(select(Account).where(Account.login == login)).one()
            for key, value in values.items():
                setattr(account, key, value)


@pytest.fixture
def rows(config: Config, registry: Registry) -> Rows:
    """What was written."""
    return Rows(config.database)


@pytest.fixture(scope="session")
def postgres_of_the_registry() -> Iterator[str]:
    """A PostgreSQL cluster of this process's own."""
    folder = Path(tempfile.mkdtemp(prefix="registry-pg-"))
    folder.chmod(0o755)
    try:
        with postgres.cluster(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, once on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'registry.db'}"
        return
    server: str = request.getfixturevalue("postgres_of_the_registry")
    name = f"registry{next(_NUMBERS)}"
    yield postgres.create(server, name)
    postgres.drop(server, name)


@dataclass(frozen=True)
class Answer:
    """What curl got; status 0: the TLS handshake failed."""

    status: int
    body: str

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


@dataclass
class Curl:
    """curl with a certificate in a file, against the registry's TLS port."""

    port: int
    folder: Path

    def __call__(self, identity: Identity | None, path: str = "/", *options: str) -> Answer:
        command = ["curl", "-sk", "--max-time", "20", "-w", "\n%{http_code}", *options]
        if identity is not None:
            pem = self.folder / f"{identity.certificate.serial_number:x}.pem"
            pem.write_bytes(identity.pem + identity.key_pem)
            command += ["--cert", str(pem)]
        done = subprocess.run(
            [*command, f"https://127.0.0.1:{self.port}{path}"], capture_output=True, text=True, check=False
        )
        body, _, status = done.stdout.rpartition("\n")
        return Answer(int(status), body)


@pytest.fixture
def curl(config: Config, registry: Registry, tmp_path: Path) -> Iterator[Curl]:
    """The registry behind its own TLS, in this process."""
    server = build_server(config, create_app(registry, CsrfTokens(bytes(32))))
    server.expiration_interval = 0.02
    server.prepare()
    with running(server.serve, server.stop):
        yield Curl(server.bind_addr[1], tmp_path)
