"""What is fetched over plain HTTP, with caching headers (RFC 5019, 9111): CRLs, CA certificates, last checkpoint."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime

from asn1crypto import pem
from flask import Blueprint, Response, abort, request
from werkzeug import Response as WerkzeugResponse

from ca_service.clock import Clock
from ca_service.web.list_cache import ListCache, ServedList
from ca_service.workflows.current_issuer import ROOT, current, living
from ca_service.workflows.infrastructure import all_of
from ca_service.workflows.ports import Services

CRL_TYPE, CERTIFICATE_TYPE = "application/pkix-crl", "application/pkix-cert"
_CHAIN_TYPE, _NOTE_TYPE = "application/pem-certificate-chain", "text/plain; charset=utf-8"
_DELTA = "-delta"
_SHARED_SECONDS = 60


def blueprint(services: Services, clock: Clock) -> Blueprint:
    """`/crl/<ca>.crl`, `/crl/<ca>-s<shard>.crl`, their deltas, `/ca/<ca>.cer`, `/ca/chain.pem`, `/audit/...`.

    HEAD is answered wherever GET is. A delta is both `/crl/delta/NAME.crl`, as certificates say, and `NAME-delta.crl`.
    """
    pages = Blueprint("publication", __name__)
    lists = ListCache(services)

    @pages.get("/crl/<name>.crl")
    def crl(name: str) -> WerkzeugResponse:
        """Complete or, by the ending `-delta`, the delta; the shard is part of the name."""
        plain = name.removesuffix(_DELTA)
        return _list(lists.get(plain, delta=plain != name), clock(), delta=plain != name)

    @pages.get("/crl/delta/<name>.crl")
    def delta(name: str) -> WerkzeugResponse:
        """The address that freshestCRL (RFC 5280 §5.2.6) in certificates and lists names."""
        return _list(lists.get(name, delta=True), clock(), delta=True)

    @pages.get("/ca/<name>.cer")
    def certificate(name: str) -> WerkzeugResponse:
        """DER, as caIssuers of the certificates names it (RFC 5280 §4.2.2.1)."""
        with services.read() as uow:
            found = uow.issuers.find(name=name)
        if not found:
            abort(404)
        return _cacheable(found[0].certificate, CERTIFICATE_TYPE, max_age=86_400).make_conditional(request)

    @pages.get("/audit/checkpoint")
    def checkpoint() -> WerkzeugResponse:
        """The last signed note (C2SP tlog-checkpoint); 404 before the first one."""
        with services.read() as uow:
            last = uow.audit_tree.last()
        if last is None:
            abort(404)
        return _cacheable(last.note.encode(), _NOTE_TYPE, max_age=60).make_conditional(request)

    @pages.get("/audit/signers.pem")
    def audit_signers() -> WerkzeugResponse:
        """The issuing CAs, then every audit signer there was: old checkpoints are verified too."""
        with services.read() as uow:
            issuing = [issuer.certificate for issuer in uow.issuers.find() if issuer.name != "root"]
        chain = [*issuing, *all_of(services, "audit-signer")]
        text = b"".join(pem.armor("CERTIFICATE", der) for der in chain)
        return _cacheable(text, _CHAIN_TYPE, max_age=60).make_conditional(request)

    @pages.get("/ca/chain.pem")
    def chain() -> WerkzeugResponse:
        """The issuer of today first, then those that still have certificates, newest first, and the root."""
        with services.read() as uow:
            present = uow.issuers.get(current(uow))
            others = [issuer for issuer in living(uow, clock()) if issuer.name != present.name]
            chain = [issuer.certificate for issuer in (present, *reversed(others), uow.issuers.get(ROOT))]
        text = b"".join(pem.armor("CERTIFICATE", der) for der in chain)
        return _cacheable(text, _CHAIN_TYPE, max_age=86_400).make_conditional(request)

    return pages


def health(ready: Callable[[], str], concerns: Callable[[], Sequence[str]]) -> Blueprint:
    """`/healthz`: the process runs. `/readyz`: it can serve; `ready` returns what is missing, or nothing.

    `concerns` are told beside "ready": a service whose list runs out in hours, or whose key is away, serves what it
    can, and must not be cut off.
    """
    pages = Blueprint("health", __name__)

    @pages.get("/healthz")
    def healthz() -> Response:
        """200 as long as the process answers at all: a supervisor restarts on nothing else."""
        return Response("ok\n", content_type="text/plain")

    @pages.get("/readyz")
    def readyz() -> Response:
        """503 only for what makes every answer wrong or impossible; one line a warning."""
        missing = ready()
        text = f"{missing or 'ready'}\n" + "".join(f"warning: {concern}\n" for concern in concerns())
        return Response(text, status=503 if missing else 200, content_type="text/plain")

    return pages


def _list(served: ServedList | None, now: datetime, *, delta: bool) -> WerkzeugResponse:
    """A complete or delta CRL, conditionally and in ranges (RFC 9110 §13, §14); 404 where there is none.

    As it is, never compressed: a range of one representation must not meet a cache's copy of another.
    """
    if served is None:
        abort(404)
    outline, body = served.outline, served.body
    response = Response(body, content_type=CRL_TYPE)
    response.set_etag(served.etag)
    response.last_modified = outline.this_update
    response.expires = outline.next_update
    left = max(0, int((outline.next_update - now).total_seconds()))
    soon = min(left, _SHARED_SECONDS)
    response.cache_control.public = True
    response.cache_control.no_transform = True
    # A complete list may be used until its nextUpdate, so who fetched it may keep it. A cache for many asks again soon,
    # since a freeze may publish the next list any moment; so does everybody for a delta, which is nothing but news.
    response.cache_control.max_age = soon if delta else left
    response.cache_control.s_maxage = soon
    wanted = request.range
    one_range = wanted is not None and wanted.units == "bytes" and len(wanted.ranges) == 1
    # Unknown units and what cannot be read is to be ignored (RFC 9110 §14.2), and several ranges at once may be.
    return response.make_conditional(request, accept_ranges="bytes", complete_length=len(body) if one_range else None)


def _cacheable(body: bytes, content_type: str, *, max_age: int) -> Response:
    response = Response(body, content_type=content_type)
    response.cache_control.public = True
    response.cache_control.max_age = max_age
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    return response
