"""Config -> the gate, the book and the journal; the one place that reads files and knows both sides."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from sqlalchemy.exc import SQLAlchemyError

from teacher_registry.accounts.book import AccountBook
from teacher_registry.accounts.database import open_database
from teacher_registry.accounts.journal import Journal
from teacher_registry.accounts.passwords import PasswordHash
from teacher_registry.clock import Clock
from teacher_registry.config import Config, ConfigError
from teacher_registry.gate import Gate, Trust
from teacher_registry.publications.crl_source import CrlSource
from teacher_registry.publications.fetch import Fetch, HttpFetch
from teacher_registry.publications.ocsp_source import OcspSource
from teacher_registry.verification.certificates import PARSER_ERRORS


@dataclass(frozen=True)
class Registry:
    """Everything that the pages need."""

    gate: Gate
    book: AccountBook
    journal: Journal
    clock: Clock


def build_registry(config: Config, clock: Clock, password_hash: PasswordHash | None = None) -> Registry:
    """Open the database and pin the certificates. Raises `ConfigError`; asks nothing of the network yet."""
    trust = Trust(_certificate(config.anchor), _certificate(config.issuing), config.policy_oid)
    _require_issued_by(trust.issuing, trust.root, config)
    fetch = HttpFetch(timeout_seconds=config.fetch_timeout_seconds)
    try:
        sessions = open_database(config.database)
    except (SQLAlchemyError, ImportError) as error:
        raise ConfigError(f"[registry] database: cannot be opened: {type(error).__name__}") from error
    return Registry(
        gate=Gate(
            trust=trust,
            clock=clock,
            root_crl=CrlSource(config.root_crl_url, trust.root, fetch=fetch, clock=clock, refresh=config.crl_refresh),
            issuing_crl=CrlSource(
                config.crl_url,
                trust.issuing,
                fetch=fetch,
                clock=clock,
                refresh=config.crl_refresh,
                delta_url=config.delta_crl_url,
            ),
            ocsp=_ocsp(config, trust, fetch, clock),
            grace=config.status_grace,
        ),
        book=AccountBook(sessions, clock=clock, password_hash=password_hash or PasswordHasher()),
        journal=Journal(sessions),
        clock=clock,
    )


def _ocsp(config: Config, trust: Trust, fetch: Fetch, clock: Clock) -> OcspSource | None:
    if not config.ocsp_url:
        return None
    return OcspSource(
        config.ocsp_url,
        trust.issuing,
        fetch=fetch,
        clock=clock,
        random_bytes=secrets.token_bytes,
        max_age=config.max_status_age,
        nonce_required=config.ocsp_nonce_required,
    )


def _require_issued_by(issuing: x509.Certificate, root: x509.Certificate, config: Config) -> None:
    try:
        issuing.verify_directly_issued_by(root)
    except (InvalidSignature, *PARSER_ERRORS) as error:
        raise ConfigError(f"{config.issuing} was not issued by {config.anchor}") from error


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, *PARSER_ERRORS) as error:
        raise ConfigError(f"{path} is not a PEM certificate") from error
