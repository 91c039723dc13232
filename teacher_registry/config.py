"""The table `[registry]` of the shared TOML file -> a frozen `Config`. An unknown or unsafe key refuses to
start.
"""

import ipaddress
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

# Ceilings of the policy: a config edit cannot make the registry believe old news for longer than this.
_MAX_STATUS_AGE_SECONDS = 60.0
_MAX_CRL_REFRESH_SECONDS = 3600.0
_MAX_TIMEOUT_SECONDS = 30.0
_MAX_GRACE_SECONDS = 86_400.0


class ConfigError(Exception):
    """The configuration cannot be used; the text says which key and why."""


@dataclass(frozen=True)
class Config:
    """Everything that the registry is told. Each key: default; what its thief gains.

    listen                       "127.0.0.1:9443"; port 0 takes a free one
    database                     SQLAlchemy URL; a reader learns login names, a writer sets password hashes
    anchor, issuing              PEM files, must exist; a writer decides who is an administrator
    crl_url, root_crl_url        plain HTTP is enough, the lists are signed
    delta_crl_url                "" = none; the delta list of the issuing CA
    ocsp_url                     "" = no responder, the CRL alone decides
    tls_certificate, tls_key     PEM files of this server; a reader of the key can pose as the registry
    policy_oid                   certificate policy that makes its holder an information administrator
    max_status_age_seconds       0.5; how long an OCSP answer is remembered (never for changes)
    crl_refresh_seconds          15; how often a CRL is asked for anew while it is needed
    status_grace_seconds         3600; how long past its nextUpdate the last good list still opens for signing in
                                 and looking (never for changes and exports), when the CA cannot be reached
    fetch_timeout_seconds        3; for a whole exchange with the CA
    ocsp_nonce_required          false; true closes replays and needs a responder that signs each answer
    """

    listen: tuple[str, int]
    database: str
    anchor: Path
    issuing: Path
    crl_url: str
    root_crl_url: str
    delta_crl_url: str
    ocsp_url: str
    tls_certificate: Path
    tls_key: Path
    policy_oid: str
    max_status_age: timedelta
    crl_refresh: timedelta
    status_grace: timedelta
    fetch_timeout_seconds: float
    ocsp_nonce_required: bool


_KEYS = {field.name for field in fields(Config)} - {"max_status_age", "crl_refresh", "status_grace"} | {
    "max_status_age_seconds",
    "status_grace_seconds",
    "crl_refresh_seconds",
}


def load_config(path: Path) -> Config:
    """Read and check; relative paths (and a relative SQLite file) start at the folder of `path`."""
    try:
        with path.open("rb") as file:
            document = tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    table = document.get("registry")
    if not isinstance(table, dict):
        raise ConfigError(f"{path} has no table [registry]")
    if unknown := sorted(set(table) - _KEYS):
        raise ConfigError(f"unknown key in [registry]: {', '.join(unknown)}")
    return _build(_Table(table, path.resolve().parent))


def _build(table: "_Table") -> Config:
    return Config(
        listen=table.address("listen", "127.0.0.1:9443"),
        database=table.database("database"),
        anchor=table.file("anchor"),
        issuing=table.file("issuing"),
        crl_url=table.url("crl_url"),
        root_crl_url=table.url("root_crl_url"),
        delta_crl_url=table.url("delta_crl_url", "", may_be_empty=True),
        ocsp_url=table.url("ocsp_url", may_be_empty=True),
        tls_certificate=table.file("tls_certificate"),
        tls_key=table.file("tls_key"),
        policy_oid=table.oid("policy_oid"),
        max_status_age=timedelta(seconds=table.seconds("max_status_age_seconds", 0.5, _MAX_STATUS_AGE_SECONDS)),
        crl_refresh=timedelta(seconds=table.seconds("crl_refresh_seconds", 15.0, _MAX_CRL_REFRESH_SECONDS)),
        status_grace=timedelta(seconds=table.seconds("status_grace_seconds", 3600.0, _MAX_GRACE_SECONDS)),
        fetch_timeout_seconds=table.seconds("fetch_timeout_seconds", 3.0, _MAX_TIMEOUT_SECONDS),
        ocsp_nonce_required=table.flag("ocsp_nonce_required", default=False),
    )


class _Table:
    """Typed reading of the table; every complaint names its key."""

    def __init__(self, values: Mapping[str, Any], folder: Path) -> None:
        self._values = values
        self._folder = folder

    def text(self, key: str, default: str | None = None) -> str:
        value = self._values.get(key, default)
        if not isinstance(value, str):
            raise ConfigError(f"[registry] {key}: a text is needed")
        return value

    def file(self, key: str) -> Path:
        path = self._folder / self.text(key)
        if not path.is_file():
            raise ConfigError(f"[registry] {key}: no such file: {path}")
        return path

    def url(self, key: str, default: str | None = None, *, may_be_empty: bool = False) -> str:
        value = self.text(key, default)
        if not value and may_be_empty:
            return value
        try:
            parts = urlsplit(value)
        except ValueError as error:
            raise ConfigError(f"[registry] {key}: not an address: {error}") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(f"[registry] {key}: an http or https address is needed")
        return value

    def oid(self, key: str) -> str:
        value = self.text(key)
        parts = value.split(".")
        if len(parts) < 3 or not all(part.isascii() and part.isdigit() for part in parts):
            raise ConfigError(f"[registry] {key}: an object identifier such as 2.25.1.2 is needed")
        return value

    def seconds(self, key: str, default: float, ceiling: float) -> float:
        value = self._values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= ceiling:
            raise ConfigError(f"[registry] {key}: seconds above 0, at most {ceiling:g}, are needed")
        return float(value)

    def flag(self, key: str, *, default: bool) -> bool:
        value = self._values.get(key, default)
        if not isinstance(value, bool):
            raise ConfigError(f"[registry] {key}: true or false is needed")
        return value

    def address(self, key: str, default: str) -> tuple[str, int]:
        host, _, port = self.text(key, default).rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        try:
            ipaddress.ip_address(host)
            number = int(port)
        except ValueError as error:
            raise ConfigError(f"[registry] {key}: address:port is needed, with an IP address") from error
        if not 0 <= number <= 65535:
            raise ConfigError(f"[registry] {key}: no such port")
        return host, number

    def database(self, key: str) -> str:
        value = self.text(key)
        try:
            url = make_url(value)
        except ArgumentError as error:
            raise ConfigError(f"[registry] {key}: not a database URL") from error
        if url.get_backend_name() == "sqlite":
            if not url.database or url.database == ":memory:":
                raise ConfigError(f"[registry] {key}: an SQLite database needs a file")
            url = url.set(database=str(self._folder / url.database))
        return url.render_as_string(hide_password=False)
