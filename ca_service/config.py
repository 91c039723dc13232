"""One TOML file -> a frozen Config. An unknown or unsafe key refuses to start; secrets come from files only.

Each key says its default, who owns it, and what its thief gains, in `config.example.toml`. Relative paths are relative
to the configuration file's folder.
"""

import os
import re
import tomllib
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ca_service.push_tokens import OWN_WORKER

DEFAULT_PATH = Path("config.toml")


class ConfigError(Exception):
    """The configuration cannot be used; the message (Chinese) names the key, what was found and what is allowed."""


def _http_only(url: str) -> str:
    # RFC 5280 §8: fetching status information over TLS would need status information first.
    if not url.startswith("http://") or url.endswith("/"):
        raise ValueError("must begin with http:// and not end with /")
    return url


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def metrics_address(text: str) -> str:
    """Nothing, or the address of one interface that no stranger reaches; raise ValueError."""
    if not text:
        return text
    host, _, port = text.rpartition(":")
    try:
        address, number = ip_address(host.strip("[]")), int(port)
    except ValueError:
        raise ValueError("must be empty or an address with a port, e.g. 127.0.0.1:9464") from None
    if address.is_unspecified or not (address.is_private or address.is_loopback) or not 0 < number < 65536:
        raise ValueError("must name one loopback or private address: metrics are not for the public")
    return text


class ServiceTable(_Table):
    """`[service]`: addresses and places."""

    console: str = "127.0.0.1:8443"
    publication: str = "127.0.0.1:8080"
    public_url: Annotated[str, AfterValidator(_http_only)] = "http://127.0.0.1:8080"
    console_url: str = "https://127.0.0.1:8443"
    # pkilint holds a single-label name such as localhost to be no domain name: the default is the address alone.
    server_names: tuple[str, ...] = ("127.0.0.1",)
    documents: Path = Path("documents")
    outbox: Path = Path("outbox")
    tls_certificate: Path = Path("tls/console.pem")
    tls_key: Path = Path("tls/console.key")
    publication_workers: Annotated[int, Field(ge=1, le=64)] = 1
    console_workers: Annotated[int, Field(ge=1, le=64)] = 1
    metrics: Annotated[str, AfterValidator(metrics_address)] = ""


def _addresses(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(ip_address(text)) for text in texts)


class ConsoleTable(_Table):
    """`[console]`: how the staff sign in."""

    second_factor: Literal["required", "optional"] = "required"
    client_certificates: bool = True
    trusted_proxies: Annotated[tuple[str, ...], AfterValidator(_addresses)] = ()
    client_certificate_header: str = "X-Client-Certificate"


class DatabaseTable(_Table):
    """`[database]`: an SQLAlchemy URL; SQLite for one machine, PostgreSQL for several processes."""

    url: str = "sqlite:///educa.db"
    statement_seconds: Annotated[float, Field(ge=1, le=3600)] = 30
    task_seconds: Annotated[float, Field(ge=1, le=86400)] = 600


class HsmTable(_Table):
    """`[hsm]`: the PKCS#11 module that holds the CA keys."""

    module: Path = Path("/usr/lib/softhsm/libsofthsm2.so")
    environment: dict[str, str] = {"SOFTHSM2_CONF": "softhsm2.conf"}
    root_token: str = "educa-root"  # noqa: S105  a label
    issuing_token: str = "educa-issuing"  # noqa: S105  a label
    root_unlock: Literal["file", "shares"] = "file"
    issuing_unlock: Literal["file", "shares"] = "file"
    runtime: str = ""
    waiting: Annotated[int, Field(ge=1, le=1000)] = 8
    wait_seconds: Annotated[float, Field(ge=0.1, le=60)] = 5
    certificates_per_second: Annotated[float, Field(ge=0, le=100_000)] = 0
    answers_per_second: Annotated[float, Field(ge=0, le=100_000)] = 0


class SecretsTable(_Table):
    """`[secrets]`: files that only the service's user may read."""

    field_key: Path = Path("secrets/field.key")
    root_pin: Path = Path("secrets/root.pin")
    issuing_pin: Path = Path("secrets/issuing.pin")
    push_token: Path = Path("secrets/push.token")
    session_key: Path = Path("secrets/session.key")
    custody_key: Path = Path("secrets/custody.key")


class MailTable(_Table):
    """`[mail]`: where e-mail is handed in; without a host it is written to `outbox/` like SMS."""

    host: str = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 465
    security: Literal["tls", "starttls", "none"] = "tls"
    sender: str = ""
    user: str = ""
    password: Path = Path("secrets/mail.password")

    @model_validator(mode="after")
    def _complete(self) -> "MailTable":
        if self.host and "@" not in self.sender:
            raise ValueError("sender must be an e-mail address when a host is given")
        if self.user and self.security == "none":
            raise ValueError("a password must not go over an unprotected connection: use tls or starttls")
        return self


class PushTable(_Table):
    """`[push]`: the user directories that may push, by name, each with the file of its public key (PEM)."""

    directories: dict[str, Path] = {}

    @field_validator("directories")
    @classmethod
    def _names(cls, directories: dict[str, Path]) -> dict[str, Path]:
        # The name goes into the audit log; the own worker's secret must not be shadowed.
        for name in directories:
            if not re.fullmatch(r"[a-z0-9-]{1,40}", name) or name == OWN_WORKER:
                raise ValueError(f"{name!r} cannot be a directory's name")
        return directories


class RelyingTable(_Table):
    """`[relying]`: the systems that use our certificates, by name, each with the file of its bearer token."""

    systems: dict[str, Path] = {"teacher-registry": Path("secrets/registry.token")}

    @field_validator("systems")
    @classmethod
    def _names(cls, systems: dict[str, Path]) -> dict[str, Path]:
        for name in systems:
            if not re.fullmatch(r"[a-z0-9-]{1,40}", name):
                raise ValueError(f"{name!r} cannot be a system's name")
        return systems


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or len(set(names)) < len(names):
        raise ValueError("name each hash once, and at least one")
    return names


class CaTable(_Table):
    """`[ca]`: names and terms, within the ceilings of the profiles."""

    organization: str = "内蒙古自治区教育信息中心"
    root_name: str = "教育CA根证书"
    issuing_name: str = "教育CA"
    state: str = "内蒙古自治区"
    administrator_key: Literal["ec-p256", "rsa-2048"] = "ec-p256"
    crl_lifetime_hours: Annotated[int, Field(ge=1, le=168)] = 24
    root_crl_lifetime_days: Annotated[int, Field(ge=1, le=366)] = 180
    delta_crls: bool = False
    crl_shards: Annotated[int, Field(ge=0, le=1024)] = 0
    crl_interval_seconds: Annotated[int, Field(ge=1, le=86400)] = 3600
    crl_pause_seconds: Annotated[int, Field(ge=1, le=3600)] = 1
    crl_alarm_hours: Annotated[int, Field(ge=1, le=168)] = 8
    root_crl_alarm_days: Annotated[int, Field(ge=1, le=366)] = 30
    order_confirmation_hours: Annotated[int, Field(ge=1, le=168)] = 24
    hold_reminder_days: Annotated[int, Field(ge=1, le=366)] = 30
    longest_hold_days: Annotated[int, Field(ge=1, le=366)] = 90
    confirmation_hours: Annotated[int, Field(ge=1, le=336)] = 24
    unconfirmed_hold_days: Annotated[int, Field(ge=1, le=90)] = 7
    renewal_window_days: Annotated[int, Field(ge=1, le=180)] = 30
    status_staleness_seconds: Annotated[float, Field(ge=0.01, le=1)] = 0.05
    ocsp_presigned_hours: Annotated[int, Field(ge=1, le=168)] = 24
    ocsp_presigned_hashes: Annotated[tuple[Literal["sha1", "sha256"], ...], AfterValidator(_each_once)] = ("sha1",)
    ocsp_presign_refresh: bool = False
    ocsp_archive_days: Annotated[int, Field(ge=0, le=36500)] = 1826

    @model_validator(mode="after")
    def _published_in_time(self) -> "CaTable":
        if self.crl_interval_seconds * 2 > self.crl_lifetime_hours * 3600:
            raise ValueError("crl_interval_seconds must be at most half of crl_lifetime_hours")
        return self

    @property
    def crl_lifetime(self) -> timedelta:
        """From thisUpdate to nextUpdate."""
        return timedelta(hours=self.crl_lifetime_hours)

    @property
    def ocsp_presigned(self) -> timedelta:
        """From thisUpdate to nextUpdate of an OCSP answer that is signed ahead."""
        return timedelta(hours=self.ocsp_presigned_hours)

    @property
    def ocsp_archive(self) -> timedelta | None:
        """How long the status of an expired certificate is told to be kept; None: not told."""
        return timedelta(days=self.ocsp_archive_days) if self.ocsp_archive_days else None

    @property
    def root_crl_lifetime(self) -> timedelta:
        """The same for the root, whose key is used by hand."""
        return timedelta(days=self.root_crl_lifetime_days)

    @property
    def crl_interval(self) -> timedelta:
        """How old a CRL may become while nothing changes."""
        return timedelta(seconds=self.crl_interval_seconds)


class MirrorTable(_Table):
    """`[mirror]`: where the publication's files are written besides; "" = nowhere."""

    directory: str = ""


class Config(_Table):
    """The whole file. `[registry]` belongs to the teacher registry and is not looked into."""

    service: ServiceTable = ServiceTable()
    console: ConsoleTable = ConsoleTable()
    database: DatabaseTable = DatabaseTable()
    hsm: HsmTable = HsmTable()
    secrets: SecretsTable = SecretsTable()
    ca: CaTable = CaTable()
    mail: MailTable = MailTable()
    mirror: MirrorTable = MirrorTable()
    push: PushTable = PushTable()
    relying: RelyingTable = RelyingTable()
    registry: dict[str, Any] = {}
    folder: Path = Field(default=Path(), exclude=True)

    def path(self, relative: Path) -> Path:
        """A path of the file as an absolute one."""
        return (self.folder / relative).resolve()

    @property
    def database_url(self) -> str:
        """The URL with a relative SQLite file made absolute."""
        prefix = "sqlite:///"
        url = self.database.url
        return f"{prefix}{self.path(Path(url.removeprefix(prefix)))}" if url.startswith(prefix) else url

    @property
    def hsm_environment(self) -> dict[str, str]:
        """The module's environment; a value that is a file beside the configuration becomes absolute."""
        return {
            name: str(self.path(Path(value))) if (self.folder / value).exists() else value
            for name, value in self.hsm.environment.items()
        }


def locate(given: str | None) -> Path:
    """The configuration file: as given, else $EDUCA_CONFIG, else ./config.toml."""
    return Path(given or os.environ.get("EDUCA_CONFIG") or DEFAULT_PATH)


def load(path: Path) -> Config:
    """Read and check the file; raise ConfigError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"没有找到配置文件 {path}。请用 --config 指定，或先运行 educa init。") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"配置文件 {path} 无法读取：{error}") from error
    if "folder" in table:
        raise ConfigError("配置项 folder：未知的配置项。请参照 config.example.toml 修改。")
    try:
        return Config.model_validate({**table, "folder": path.resolve().parent})
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"配置项 {key}：{first['msg']}。请参照 config.example.toml 修改。") from error
