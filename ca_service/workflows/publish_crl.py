"""Publishing a CRL: reserve the number with its content, sign exactly that, record it.

A death after the reservation leaves a number that is never used again: nothing else is ever signed under it.
"""

from datetime import timedelta

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import PublishedCrl
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.ports import Authority, Services, UnitOfWork

# An expired certificate stays on one CRL more than its life (RFC 5280 §3.3).
_KEPT_AFTER_EXPIRY = timedelta(days=7)


def publish_crl(services: Services, actor: Actor, issuer: str) -> PublishedCrl:
    """Publish a complete CRL of the issuer as of now; two transactions. Raises Unavailable, StateUnknown."""
    authority = services.authority(issuer)
    with services.begin() as uow:
        authorise(actor, Action.CRL_PUBLISH, lineage=uow.units.lineage(actor.unit_code))
        previous = uow.crls.latest(issuer)
        reserved = _reserve(services, uow, authority, issuer)
    der = authority.sign_crl(reserved.tbs, previous=previous.der if previous else None)
    with services.begin() as uow:
        published = uow.crls.change(reserved, der=der)
        detail: dict[str, str | int] = {"issuer": issuer, "version": reserved.status_version}
        uow.audit.append(actor, Tag.CRL_PUBLISHED, f"{issuer}#{reserved.number}", unit=actor.unit_code, detail=detail)
    return published


def publish_if_due(services: Services, actor: Actor, issuer: str, *, interval: timedelta) -> PublishedCrl | None:
    """Publish when a status has changed since the last CRL, or when the last one is older than `interval`."""
    with services.read() as uow:
        latest, version = uow.crls.latest(issuer), uow.issuers.get(issuer).status_version
    if latest and latest.status_version == version and services.clock() - latest.this_update < interval:
        return None
    return publish_crl(services, actor, issuer)


def _reserve(services: Services, uow: UnitOfWork, authority: Authority, issuer: str) -> PublishedCrl:
    this_update = services.clock().replace(microsecond=0)
    # The root key is not at hand every day, so its CRL has to last.
    terms = services.terms
    next_update = this_update + (terms.root_crl_lifetime if issuer == "root" else terms.crl_lifetime)
    number = uow.issuers.reserve_crl_number(issuer)
    entries = uow.crls.entries(issuer, expired_before=this_update - _KEPT_AFTER_EXPIRY)
    tbs = authority.prepare_crl(number=number, this_update=this_update, next_update=next_update, entries=entries)
    version = uow.issuers.get(issuer).status_version
    reserved = PublishedCrl(issuer, number, version, this_update, next_update, tbs)
    uow.crls.add(reserved)
    return reserved
