"""What is fetched over plain HTTP, with caching headers (RFC 5019, 9111): CRLs, CA certificates, last checkpoint."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from asn1crypto import pem
from flask import Blueprint, Response, abort, request
from werkzeug import Response as WerkzeugResponse

from ca_service.clock import Clock
from ca_service.domain.certificates import PublishedCrl
from ca_service.workflows.current_issuer import ROOT, current
from ca_service.workflows.infrastructure import all_of
from ca_service.workflows.ports import Services

CRL_TYPE, CERTIFICATE_TYPE = "application/pkix-crl", "application/pkix-cert"
_CHAIN_TYPE, _NOTE_TYPE = "application/pem-certificate-chain", "text/plain; charset=utf-8"


def blueprint(services: Services, clock: Clock) -> Blueprint:
    """`/crl/<ca>.crl`, `/crl/delta/<ca>.crl`, `/ca/<ca>.cer`, `/ca/chain.pem`, `/audit/...`."""
    pages = Blueprint("publication", __name__)

    @pages.get("/crl/<name>.crl")
    def crl(name: str) -> WerkzeugResponse:
        with services.read() as uow:
            latest = uow.crls.latest(name)
        return _list(latest, latest.der if latest else None, clock())

    @pages.get("/crl/delta/<name>.crl")
    def delta(name: str) -> WerkzeugResponse:
        with services.read() as uow:
            latest = uow.crls.latest(name)
        return _list(latest, latest.delta if latest else None, clock())

    @pages.get("/ca/<name>.cer")
    def certificate(name: str) -> WerkzeugResponse:
        with services.read() as uow:
            found = uow.issuers.find(name=name)
        if not found:
            abort(404)
        return _cacheable(found[0].certificate, CERTIFICATE_TYPE, max_age=86_400).make_conditional(request)

    @pages.get("/audit/checkpoint")
    def checkpoint() -> WerkzeugResponse:
        with services.read() as uow:
            last = uow.audit_tree.last()
        if last is None:
            abort(404)
        return _cacheable(last.note.encode(), _NOTE_TYPE, max_age=60).make_conditional(request)

    @pages.get("/audit/signers.pem")
    def audit_signers() -> WerkzeugResponse:
        with services.read() as uow:
            issuing = [issuer.certificate for issuer in uow.issuers.find() if issuer.name != "root"]
        chain = [*issuing, *all_of(services, "audit-signer")]
        text = b"".join(pem.armor("CERTIFICATE", der) for der in chain)
        return _cacheable(text, _CHAIN_TYPE, max_age=60).make_conditional(request)

    @pages.get("/ca/chain.pem")
    def chain() -> WerkzeugResponse:
        with services.read() as uow:
            chain = [uow.issuers.get(name).certificate for name in (current(uow), ROOT)]
        text = b"".join(pem.armor("CERTIFICATE", der) for der in chain)
        return _cacheable(text, _CHAIN_TYPE, max_age=86_400).make_conditional(request)

    return pages


def health(ready: Callable[[], str]) -> Blueprint:
    """`/healthz`: the process runs. `/readyz`: it can serve; `ready` returns what is missing, or nothing."""
    pages = Blueprint("health", __name__)

    @pages.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", content_type="text/plain")

    @pages.get("/readyz")
    def readyz() -> Response:
        missing = ready()
        return Response(f"{missing or 'ready'}\n", status=503 if missing else 200, content_type="text/plain")

    return pages


def _list(published: PublishedCrl | None, der: bytes | None, now: datetime) -> WerkzeugResponse:
    """A complete or delta CRL, conditionally and in ranges; 404 where there is none."""
    if published is None or der is None:
        abort(404)
    left = (published.next_update - now).total_seconds()
    # A cache must ask again soon: a freeze may publish the next CRL any moment. The ETag makes that cheap.
    response = _cacheable(der, CRL_TYPE, max_age=max(0, min(int(left), 60)))
    response.last_modified = published.this_update
    response.expires = published.next_update
    return response.make_conditional(request, accept_ranges=True, complete_length=len(der))


def _cacheable(body: bytes, content_type: str, *, max_age: int) -> Response:
    response = Response(body, content_type=content_type)
    response.cache_control.public = True
    response.cache_control.max_age = max_age
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    return response
