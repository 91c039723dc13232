"""The applications: publication (OCSP fast path beside Flask) and console with API, each made from a configuration."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Flask

import ocsp
from ca_service import config as configuration
from ca_service import idle_connections
from ca_service.domain.certificates import Issuer
from ca_service.domain.errors import DomainError
from ca_service.domain.roles import Actor
from ca_service.domain.units import CENTRE_CODE
from ca_service.secret_files import read_secret
from ca_service.store.answers import SqlAnswerStore
from ca_service.store.status_source import SqlStatusSource
from ca_service.telemetry import logs
from ca_service.telemetry.following import Following, SeenChanges, follow
from ca_service.telemetry.meter import PrometheusMeter
from ca_service.web import api, characters, console, errors, openapi, publication, requests
from ca_service.web.front import Front
from ca_service.web.refused import note_refusal
from ca_service.wiring import Wiring
from ca_service.workflows.crl_alarms import concerns
from ca_service.workflows.crl_lines import all_lines
from ca_service.workflows.current_issuer import ROOT, current, current_issuer, issuing

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Who calls the API is known to its views; an act that is refused there is recorded under this name.
_API = Actor("api", CENTRE_CODE, frozenset(), "api")
MAX_BODY = 32 * 1024 * 1024
"""Octets of the largest request that console and API read."""
_ISSUED = ("information-administrator", "staff", "ocsp-signer")


def create_publication() -> "WSGIApplication":
    """What each publication worker runs; the configuration is named by $EDUCA_CONFIG."""
    logs.configure()
    config = configuration.load(configuration.locate(None))
    wiring = Wiring(config, meter=prepared_meter(config), serving=True)
    pages = publication_pages(wiring)
    seen = SeenChanges(wiring.clock)
    answering = responder(wiring, observer=seen)
    status = ocsp.OcspApplication(answering)
    following = Following(wiring.services, answering, seen, issuer=current_issuer(wiring.services))
    follow(following, every=config.ca.status_staleness_seconds)
    # No answer takes longer than a statement may, so that none is cut off which is only late.
    patience = max(idle_connections.PATIENCE, 2 * config.database.statement_seconds)
    idle_connections.watch(int(config.service.publication.rpartition(":")[2]), after=patience)
    everything_else: WSGIApplication = pages.wsgi_app

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/ocsp"):
            return status(environ, start_response)
        return everything_else(environ, start_response)

    return application


def prepared_meter(config: configuration.Config) -> PrometheusMeter:
    """The meter of a process that is scraped, one a process: its counters exist before anything has happened."""
    meter = PrometheusMeter()
    outcomes = [field.name for field in fields(ocsp.Counts)]
    meter.prepare(outcomes=outcomes, tokens=[config.hsm.root_token, config.hsm.issuing_token], profiles=_ISSUED)
    return meter


def publication_pages(wiring: Wiring) -> Flask:
    """What is published beside OCSP: CRLs, CA certificates, health."""
    pages = Flask("ca_service.publication", static_folder=None)
    pages.register_blueprint(publication.blueprint(wiring.services, wiring.clock))
    pages.register_blueprint(publication.health(lambda: missing(wiring), lambda: concerns_of(wiring)))
    errors.register(pages)
    requests.register(pages, wiring.meter, part="publication", logged=False)
    characters.register(pages)
    return pages


def create_console(wiring: Wiring) -> Flask:
    """Console, portal and API."""
    app = Flask("ca_service.web")
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY,
        SECRET_KEY=read_secret(wiring.config.path(wiring.config.secrets.session_key)),
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_NAME="__Host-educa",
    )
    # First, so that a request which is turned away is measured too.
    requests.register(app, wiring.meter, part="console", logged=True)
    characters.register(app)
    app.register_blueprint(
        api.blueprint(
            wiring.services,
            push_keys=wiring.push_keys(),
            relying=wiring.relying_tokens(),
            sign_page=lambda payload: wiring.page_signer().jws(payload),
        )
    )
    app.register_blueprint(openapi.blueprint())
    app.register_blueprint(publication.health(lambda: missing(wiring), lambda: concerns_of(wiring)))
    service = wiring.config.service
    console.register(app, console.Console(wiring.services, service.public_url, service.console_url))
    errors.register(app, page=console.http_page, refused=lambda error: note_refusal(wiring.services, _API, error))
    table = wiring.config.console
    app.wsgi_app = Front(  # type: ignore[method-assign]
        app.wsgi_app, proxies=table.trusted_proxies, certificate_header=table.client_certificate_header
    )
    return app


def responder(wiring: Wiring, *, observer: ocsp.Observer | None = None) -> ocsp.Responder:
    """The OCSP responder for every issuing CA, following their status logs; one founded later needs a new start."""
    config = wiring.config.ca
    with wiring.database.read() as uow:
        issuers = [_served(wiring, issuer) for issuer in issuing(uow)]
    # A cache in between must not keep an answer longer than the bound within which a freeze has to be seen.
    policy = ocsp.Policy(
        staleness=config.status_staleness_seconds, max_age=timedelta(seconds=1), archive=config.ocsp_archive
    )
    return ocsp.Responder(issuers, wiring.clock, policy=policy, observer=observer)


def _served(wiring: Wiring, issuer: Issuer) -> ocsp.ServedIssuer:
    reading, name = wiring.database.reading, issuer.name
    source, answers = SqlStatusSource(reading, name), SqlAnswerStore(reading, name)
    return ocsp.ServedIssuer(issuer.certificate, source, wiring.ocsp_key(name), answers)


def missing(wiring: Wiring) -> str:
    """What keeps this process from serving, in English for operators; empty when nothing does."""
    try:
        with wiring.database.read() as uow:
            if not uow.issuers.find():
                return "the CA is not initialised"
            latest = {
                line.name: uow.crls.outlines(line.name)[1]
                for line in all_lines(uow, wiring.clock())
                if line.issuer != ROOT
            }
            serving = latest[current(uow)]
        # A shard that was opened a moment ago has no list yet, and no certificate that anybody has; nor has a CA.
        if serving is None or any(one is not None and one.next_update < wiring.clock() for one in latest.values()):
            return "no fresh CRL"
    except DomainError as error:
        return f"database: {error.kind}"
    return ""


def concerns_of(wiring: Wiring) -> Sequence[str]:
    """What does not work now, and what will stop relying parties unless somebody acts, in English for operators."""
    away = [_AWAY.format(device.token, device.why, device.seconds) for device in wiring.devices() if device.away]
    try:
        found = concerns(wiring.services)
    except DomainError:
        return away
    lists = "; ".join(f"CRL {name}: {', '.join(kind.value for kind in kinds)}" for name, kinds in found.items())
    return [*away, *filter(None, [lists])]


_AWAY = (
    "token {}: {} for {:.0f} s. No certificates, new CRLs, feed pages or checkpoints; OCSP tells what was signed "
    "before, else tryLater. Everything else works"
)
