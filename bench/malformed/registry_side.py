"""The teacher registry: every route as administrator, neighbour, teacher and stranger."""

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import Connection, Engine, event, update

from bench.malformed.judge import HARDENED, Rules
from bench.malformed.request import Draft, Upload, pairs_of
from teacher_registry.accounts.models import Account, AccountKind
from teacher_registry.accounts.people import Credentials
from teacher_registry.accounts.sheets import template
from teacher_registry.accounts.wishes import NewAccount
from teacher_registry.config import load_config
from teacher_registry.web.app import create_app
from teacher_registry.web.csrf import CsrfTokens
from teacher_registry.web.guard import CLIENT_CERTIFICATE
from teacher_registry.web.texts import ACTS
from teacher_registry.wiring import Registry, build_registry
from tests.teacher_registry.authority import POLICY, Authority, Identity, Wish, certify, shared_authority
from tests.teacher_registry.publication import Clock, Publication, published

_WRITES = re.compile(r"\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM) \"?(\w+)", re.IGNORECASE)
_CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_PERSON_COOKIE = "__Host-person"
# A refused request may leave its entry in the log, and the count of wrong passwords that locks.
_MAY_WRITE = frozenset({"log", "log_head", "accounts", "person_sessions"})
_FIELDS: Mapping[str, Mapping[str, str]] = {
    "views.create": {"login": "wangfang2", "name": "王芳", "kind": "viewer"},
    "views.search": {"text": "王", "kind": "viewer", "condition": "active"},
    "views.reset": {"mobile": "13800138000"},
    "sheets.take_import": {"partial": "yes"},
    "sheets.export": {"reason": "按上级要求核对账号"},
    "personal.sign_in": {"unit": "150102001", "name": "wangfang", "password": "wrong password"},
    "personal.password": {"password": "a new password 7", "again": "a new password 7", "current": "x"},
    "personal.sign_out": {},
}


@dataclass
class RegistrySide:
    """Drafts for the registry, and what holds for its answers."""

    registry: Registry
    app: Flask
    tokens: CsrfTokens
    certificates: Mapping[str, bytes | None]
    person: str
    accounts: Sequence[str]
    connection: Connection

    def __post_init__(self) -> None:
        self._written: list[str] = []
        event.listen(self.connection.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if found := _WRITES.match(statement):
            self._written.append(found.group(1).lower())

    @cached_property
    def applications(self) -> Mapping[str, Any]:
        """The WSGI application under the name that reports give it."""
        return {"registry": self.app.wsgi_app}

    @cached_property
    def routes(self) -> Sequence[tuple[str, str, str]]:
        """Endpoint, method and address of every rule."""
        rules = self.app.url_map.iter_rules()
        return [
            (rule.endpoint, method, rule.rule)
            for rule in sorted(rules, key=lambda rule: rule.rule)
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]

    def draft(self, rng: Random) -> tuple[str, Draft]:
        """A sound request, at random."""
        endpoint, method, rule = rng.choice(self.routes)
        path = rule.replace("<account_id>", rng.choice(self.accounts)).replace("<act>", rng.choice(sorted(ACTS)))
        path = path.replace("<path:filename>", "registry.css")
        asker = rng.choice(("admin", "admin", "admin", "admin", *self.certificates))
        headers = [("Accept", "application/json")] if rng.random() < 0.4 else []
        environ = {CLIENT_CERTIFICATE: self.certificates[asker]}
        draft = Draft(f"{method} {endpoint} {asker}", method, path, environ=environ)
        personal = endpoint.startswith("personal.")
        if personal:
            headers.append(("Cookie", f"{_PERSON_COOKIE}={self.person}"))
        if method == "GET":
            query = (("before", "9"), ("kind", "viewer"), ("condition", "active"), ("done", "password"))
            return "registry", replace(draft, headers=tuple(headers), query=query if rng.random() < 0.5 else ())
        token = self._token(asker, personal=personal) if rng.random() < 0.97 else "1.x"
        fields = dict(_FIELDS.get(endpoint, {}))
        if endpoint.startswith("views.") and rng.random() < 0.5:
            headers.append(("X-CSRF-Token", token))
            return "registry", replace(draft, headers=tuple(headers), document=fields)
        uploads = (Upload("sheet", "accounts.xlsx", self._sheet),) if endpoint == "sheets.take_import" else ()
        form = pairs_of({"csrf_token": token, **fields})
        return "registry", replace(draft, headers=tuple(headers), fields=form, uploads=uploads)

    @cached_property
    def _sheet(self) -> bytes:
        return template()

    def _token(self, asker: str, *, personal: bool) -> str:
        shown = self.certificates[asker] or b""
        bound = b"person\0" + self.person.encode() if personal else shown
        return self.tokens.issue(sha256(bound).digest(), self.registry.clock())

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Whatever a request does inside is looked at and rolled back."""
        self._written.clear()
        outer = self.connection.begin()
        try:
            yield
        finally:
            outer.rollback()

    def wrote(self) -> set[str]:
        """The tables that the request wrote to, also what was rolled back."""
        return set(self._written)

    def rules(self, _part: str) -> Rules:
        """What holds for its answers."""
        return Rules(headers=HARDENED, may_write=lambda _sent, _status: _MAY_WRITE)


@contextmanager
def registry_side(folder: Path, database: str = "") -> Iterator[RegistrySide]:
    """A registry in this folder over a test CA that publishes for the length of the block."""
    authority = shared_authority()
    with published(Publication(authority, Clock())) as publication:
        config = _configuration(folder, authority, publication.url, database or f"sqlite:///{folder / 'registry.db'}")
        registry = build_registry(load_config(config), publication.clock, _CHEAP)
        tokens = CsrfTokens(bytes(32))
        admin = authority.administrator()
        accounts, person = _people(registry, admin)
        certificates = _certificates(authority, admin)
        connection = _one_connection(registry)
        app = create_app(registry, tokens)
        yield RegistrySide(registry, app, tokens, certificates, person, accounts, connection)
        connection.close()


def _configuration(folder: Path, authority: Authority, url: str, database: str) -> Path:
    server = certify(Wish(common_name="localhost", serial=3), authority.issuing)
    contents = {"root.pem": authority.root.pem, "issuing.pem": authority.issuing.pem}
    contents |= {"tls.pem": server.pem, "tls.key": server.key_pem}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)
    values = {
        "listen": "127.0.0.1:0", "database": database, "anchor": "root.pem",
        "issuing": "issuing.pem", "crl_url": f"{url}/crl/issuing.crl", "root_crl_url": f"{url}/crl/root.crl",
        "ocsp_url": f"{url}/ocsp", "tls_certificate": "tls.pem", "tls_key": "tls.key", "policy_oid": POLICY,
        "outbox": "outbox",
    }  # fmt: skip
    path = folder / "config.toml"
    path.write_text("[registry]\n" + "".join(f'{key} = "{value}"\n' for key, value in values.items()))
    return path


def _certificates(authority: Authority, admin: Identity) -> Mapping[str, bytes | None]:
    neighbour = authority.administrator(serial=0x2002, holder_id="H000002", unit_code="150102002")
    expired = authority.administrator(serial=0x2003, not_after=Wish().not_before + timedelta(hours=1))
    return {
        "admin": admin.der, "neighbour": neighbour.der, "expired": expired.der, "nobody": None,
        "damaged": admin.der[:-40], "server": authority.ocsp_signer.der,
    }  # fmt: skip


def _people(registry: Registry, admin: Identity) -> tuple[Sequence[str], str]:
    """Accounts of the administrator's unit, and the session of one who signed in by password."""
    actor = registry.gate.admit(admin.der, fresh=True)
    wishes = [NewAccount(f"wangfang{n or ''}", "王芳", AccountKind.VIEWER) for n in range(3)]
    made = [registry.book.create(actor, wish) for wish in wishes]
    registry.book.create(actor, NewAccount(None, "李老师", AccountKind.TEACHER))
    with registry.sessions.begin() as session:
        session.execute(update(Account).values(must_change=False))
    person = _signed_in(registry, made[0].account.unit_code, made[0].account.login or "", made[0].password)
    return [one.account.id for one in made] + [secrets.token_hex(8)], person


def _signed_in(registry: Registry, unit: str, login: str, password: str) -> str:
    return registry.people.sign_in(Credentials(unit, login, password), registry.clock())


def _one_connection(registry: Registry) -> Connection:
    """From now on every transaction of the registry runs as a savepoint of one that is rolled back."""
    engine: Engine = registry.sessions.kw["bind"]
    if engine.dialect.name == "sqlite":
        engine.dispose()
        event.listen(engine, "connect", _without_driver_transactions)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    connection = engine.connect()
    registry.sessions.configure(bind=connection, join_transaction_mode="create_savepoint")
    return connection


def _without_driver_transactions(connection: Any, _record: object) -> None:
    connection.isolation_level = None
