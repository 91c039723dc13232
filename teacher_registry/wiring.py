"""Config -> the gate, the book and the journal; the one place that reads files and knows both sides."""

import secrets
import ssl
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from argon2 import PasswordHasher
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from teacher_registry.accounts.book import AccountBook
from teacher_registry.accounts.database import open_database
from teacher_registry.accounts.delivery import Outbox
from teacher_registry.accounts.exports import Exporter
from teacher_registry.accounts.journal import Journal
from teacher_registry.accounts.passwords import PasswordHash, one_time_hasher
from teacher_registry.accounts.people import People
from teacher_registry.accounts.standings import Standings
from teacher_registry.accounts.unit_log import UnitLog
from teacher_registry.clock import Clock
from teacher_registry.config import Config, ConfigError, FeedConfig, SignInsConfig
from teacher_registry.feed.puller import FeedPolicy, FeedPuller, NoFeed
from teacher_registry.feed.signer import AnyJudge, FeedSigner
from teacher_registry.gate import Gate, Trust
from teacher_registry.publications.crl_source import CrlSource
from teacher_registry.publications.fetch import Fetch, HttpFetch
from teacher_registry.publications.ocsp_source import OcspSource
from teacher_registry.sign_ins.reporter import SignInReporter
from teacher_registry.verification.certificates import PARSER_ERRORS

_TOKEN_OCTETS = 32


@dataclass(frozen=True)
class Registry:
    """Everything that the pages need."""

    gate: Gate
    book: AccountBook
    people: People
    exporter: Exporter
    journal: Journal
    unit_log: UnitLog
    standings: Standings
    news: FeedPuller | NoFeed
    reporter: SignInReporter | None
    outbox: Outbox | None
    clock: Clock
    sessions: sessionmaker[Session]


def build_registry(config: Config, clock: Clock, password_hash: PasswordHash | None = None) -> Registry:
    """Open the database and pin the certificates. Raises `ConfigError`; asks nothing of the network yet.

    `password_hash` replaces both hashers, for tests.
    """
    gate = build_gate(config, clock)
    try:
        sessions = open_database(config.database)
    except (SQLAlchemyError, ImportError) as error:
        raise ConfigError(f"[registry] database: cannot be opened: {type(error).__name__}") from error
    journal, standings = Journal(sessions), Standings(sessions)
    return Registry(
        gate=gate,
        book=AccountBook(
            sessions,
            clock=clock,
            password_hash=password_hash or one_time_hasher(),
            resets_per_hour=config.resets_per_hour,
            standings=standings,
        ),
        people=People(
            sessions,
            password_hash=password_hash or PasswordHasher(),
            new_token=lambda: secrets.token_urlsafe(_TOKEN_OCTETS),
        ),
        exporter=Exporter(sessions, config.exports_per_day),
        journal=journal,
        unit_log=UnitLog(sessions),
        standings=standings,
        news=NoFeed() if config.feed is None else _puller(config.feed, config, gate, standings, journal),
        reporter=None if config.sign_ins is None else _reporter(config.sign_ins, config, sessions, clock),
        outbox=None if config.outbox is None else Outbox(config.outbox),
        clock=clock,
        sessions=sessions,
    )


def build_gate(config: Config, clock: Clock) -> Gate:
    """The judgement alone, for a system that has accounts of its own. Raises `ConfigError`."""
    gate = _gate(config, clock)
    if config.also is None:
        return gate
    beside = replace(config, **vars(config.also), also=None)
    return replace(gate, beside=_gate(beside, clock))


def _gate(config: Config, clock: Clock) -> Gate:
    trust = Trust(_certificate(config.anchor), _certificate(config.issuing), config.policy_oid)
    _require_issued_by(trust.issuing, trust.root, config)
    fetch = HttpFetch(timeout_seconds=config.fetch_timeout_seconds)
    return Gate(
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


def _puller(feed: FeedConfig, config: Config, gate: Gate, standings: Standings, journal: Journal) -> FeedPuller:
    return FeedPuller(
        feed.url,
        fetch=_as_relying_system(feed.token, feed.ca, config),
        judge=AnyJudge([_judge(feed, one) for one in (gate, gate.beside) if one is not None]),
        standings=standings,
        journal=journal,
        clock=gate.clock,
        policy=FeedPolicy(feed.fresh, feed.grace),
    )


def _judge(feed: FeedConfig, gate: Gate) -> FeedSigner:
    return FeedSigner(
        gate.trust.root, gate.trust.issuing, feed.policy_oid, gate.clock, status=gate.issuing_crl.status
    )  # fmt: skip


def _reporter(sign_ins: SignInsConfig, config: Config, sessions: sessionmaker[Session], clock: Clock) -> SignInReporter:
    fetch = _as_relying_system(sign_ins.token, sign_ins.ca, config)
    return SignInReporter(sign_ins.url, fetch=fetch, sessions=sessions, clock=clock)


def _as_relying_system(token: Path, ca: Path, config: Config) -> Fetch:
    """HTTP to the CA's API with our token, to a server that `ca` certified."""
    try:
        client = httpx.Client(
            timeout=config.fetch_timeout_seconds,
            trust_env=False,
            follow_redirects=False,
            verify=ssl.create_default_context(cafile=str(ca)),
            headers={"Authorization": f"Bearer {token.read_text(encoding='ascii').strip()}"},
        )
    except (OSError, ValueError) as error:
        raise ConfigError(f"[registry] feed_token, feed_ca: cannot be used: {type(error).__name__}") from error
    return HttpFetch(timeout_seconds=config.fetch_timeout_seconds, client=client)


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
