"""The table `[registry]` of the shared TOML file -> a frozen `Config`. An unknown or unsafe key refuses to
start.
"""

import tomllib
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path

from teacher_registry.config_table import ConfigError, Table

__all__ = ["KEYS", "Config", "ConfigError", "FeedConfig", "load_config"]

# Ceilings of the policy: a config edit cannot make the registry believe old news for longer than this.
_MAX_STATUS_AGE_SECONDS = 60.0
_MAX_CRL_REFRESH_SECONDS = 3600.0
_MAX_TIMEOUT_SECONDS = 30.0
_MAX_GRACE_SECONDS = 86_400.0
_MAX_FEED_POLL_SECONDS = 60.0
_MAX_FEED_FRESH_SECONDS = 3600.0
_MAX_FEED_GRACE_HOURS = 24.0 * 7
_MAX_EXPORTS_PER_DAY = 100
_MAX_RESETS_PER_HOUR = 1000


@dataclass(frozen=True)
class FeedConfig:
    """Where the account feed comes from. Beside each key (`feed_...`): default; what its thief gains."""

    # The CA's /api/v1/account-events; "" = no feed.
    url: str
    # A file with the bearer token, 0600; a thief reads who was stopped, without names.
    token: Path
    # The anchor; PEM of the CA that certified the server, the contents are signed anyway.
    ca: Path
    # Certificate policy of the feed's signer.
    policy_oid: str
    # 0.5 seconds; a stop is known this much later, at most.
    poll: timedelta
    # 30 seconds; older news closes changes and exports.
    fresh: timedelta
    # 24 hours; older news closes the sign-in as well.
    grace: timedelta


@dataclass(frozen=True)
class SignInsConfig:
    """Where first sign-ins are reported to. `sign_ins_url`: "" = nowhere; token and CA are those of the feed."""

    url: str
    token: Path
    ca: Path


@dataclass(frozen=True)
class AlsoConfig:
    """Another issuing CA beside the first, while one follows the other: its PEM file and its lists."""

    issuing: Path
    crl_url: str
    delta_crl_url: str


@dataclass(frozen=True)
class Config:
    """Everything that the registry is told. Beside each key: default; what its thief gains."""

    # "127.0.0.1:9443"; port 0 takes a free one; "unix:PATH" with a proxy only.
    listen: tuple[str, int] | str
    # "" = TLS ends here; else the address of the proxy that ends it, or with a Unix socket its user. Whoever has this
    # address or user can be any administrator.
    proxy: str
    # "nginx": X-SSL-Client-Cert, escaped PEM; "rfc9440": Client-Cert.
    proxy_format: str
    # SQLAlchemy URL; a reader learns login names, a writer sets password hashes.
    database: str
    # PEM files, must exist; a writer decides who is an administrator.
    anchor: Path
    issuing: Path
    # Plain HTTP is enough, the lists are signed. The delta list of the issuing CA: "" = none.
    crl_url: str
    root_crl_url: str
    delta_crl_url: str
    # "" = no responder, the CRL alone decides.
    ocsp_url: str
    # PEM files of this server; a reader of the key can pose as the registry. None with a proxy.
    tls_certificate: Path | None
    tls_key: Path | None
    # Certificate policy that makes its holder an information administrator.
    policy_oid: str
    # 0.5 seconds; how long an OCSP answer is remembered (never for changes).
    max_status_age: timedelta
    # 15 seconds; how often a CRL is asked for anew while it is needed.
    crl_refresh: timedelta
    # 3600 seconds; how long past its nextUpdate the last good list still opens for signing in and looking (never for
    # changes and exports), when the CA cannot be reached.
    status_grace: timedelta
    # 3; for a whole exchange with the CA.
    fetch_timeout_seconds: float
    # False; true closes replays and needs a responder that signs each answer.
    ocsp_nonce_required: bool
    # "" = one-time passwords are shown only; else the folder that an SMS gateway empties, 0700; a thief reads one-time
    # passwords and phone numbers.
    outbox: Path | None
    # 5 for one administrator; more needs another day, not another reason.
    exports_per_day: int
    # 60 for one administrator; one more locks him, and only the CA's form unlocks.
    resets_per_hour: int
    # `also_...`: "" = none; the issuing CA before or after `issuing`, as good as it, so a writer gains the same. Its
    # complete list is needed with it.
    also: AlsoConfig | None = field(default=None)
    feed: FeedConfig | None = field(default=None)
    # `sign_ins_url`: "" = first sign-ins are not reported; else the CA's /api/v1/sign-ins, with the feed's token.
    sign_ins: SignInsConfig | None = field(default=None)


# What the table may hold.
KEYS = (
    {key.name for key in fields(Config)} - {"max_status_age", "crl_refresh", "status_grace", "also", "feed", "sign_ins"}
    | {f"also_{key.name}" for key in fields(AlsoConfig)}
    | {"max_status_age_seconds", "status_grace_seconds", "crl_refresh_seconds", "sign_ins_url"}
    | {f"feed_{key.name}" for key in fields(FeedConfig)} - {"feed_poll", "feed_fresh", "feed_grace"}
    | {"feed_poll_seconds", "feed_fresh_seconds", "feed_grace_hours"}
)


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
    if unknown := sorted(set(table) - KEYS):
        raise ConfigError(f"unknown key in [registry]: {', '.join(unknown)}")
    return _build(Table(table, path.resolve().parent))


def _build(table: Table) -> Config:
    proxy = table.text("proxy", "")
    return Config(
        listen=table.address("listen", "127.0.0.1:9443", proxy=proxy),
        proxy=proxy,
        proxy_format=table.choice("proxy_format", ("nginx", "rfc9440")),
        database=table.database("database"),
        anchor=table.file("anchor"),
        issuing=table.file("issuing"),
        crl_url=table.url("crl_url"),
        root_crl_url=table.url("root_crl_url"),
        delta_crl_url=table.url("delta_crl_url", "", may_be_empty=True),
        ocsp_url=table.url("ocsp_url", may_be_empty=True),
        tls_certificate=None if proxy else table.file("tls_certificate"),
        tls_key=None if proxy else table.file("tls_key"),
        policy_oid=table.oid("policy_oid"),
        max_status_age=timedelta(seconds=table.number("max_status_age_seconds", 0.5, _MAX_STATUS_AGE_SECONDS)),
        crl_refresh=timedelta(seconds=table.number("crl_refresh_seconds", 15.0, _MAX_CRL_REFRESH_SECONDS)),
        status_grace=timedelta(seconds=table.number("status_grace_seconds", 3600.0, _MAX_GRACE_SECONDS)),
        fetch_timeout_seconds=table.number("fetch_timeout_seconds", 3.0, _MAX_TIMEOUT_SECONDS),
        ocsp_nonce_required=table.flag("ocsp_nonce_required", default=False),
        outbox=table.folder("outbox"),
        exports_per_day=table.count("exports_per_day", 5, _MAX_EXPORTS_PER_DAY),
        resets_per_hour=table.count("resets_per_hour", 60, _MAX_RESETS_PER_HOUR),
        also=_also(table),
        feed=_feed(table),
        sign_ins=_sign_ins(table),
    )


def _also(table: Table) -> AlsoConfig | None:
    if not table.text("also_issuing", ""):
        return None
    delta = table.url("also_delta_crl_url", "", may_be_empty=True)
    return AlsoConfig(table.file("also_issuing"), table.url("also_crl_url"), delta)


def _sign_ins(table: Table) -> SignInsConfig | None:
    url = table.url("sign_ins_url", "", may_be_empty=True)
    if not url:
        return None
    return SignInsConfig(url, table.secret("feed_token"), table.file("feed_ca", table.text("anchor")))


def _feed(table: Table) -> FeedConfig | None:
    url = table.url("feed_url", "", may_be_empty=True)
    if not url:
        return None
    return FeedConfig(
        url=url,
        token=table.secret("feed_token"),
        ca=table.file("feed_ca", table.text("anchor")),
        policy_oid=table.oid("feed_policy_oid"),
        poll=timedelta(seconds=table.number("feed_poll_seconds", 0.5, _MAX_FEED_POLL_SECONDS)),
        fresh=timedelta(seconds=table.number("feed_fresh_seconds", 30.0, _MAX_FEED_FRESH_SECONDS)),
        grace=timedelta(hours=table.number("feed_grace_hours", 24.0, _MAX_FEED_GRACE_HOURS)),
    )
