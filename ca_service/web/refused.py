"""The web's edge of `record_refusal`: what was asked is the method and the endpoint, never the address typed."""

import structlog
from flask import request

from ca_service.domain.errors import DomainError, Forbidden
from ca_service.domain.roles import Actor
from ca_service.workflows.ports import Services
from ca_service.workflows.refused_acts import record_refusal

_log = structlog.get_logger(__name__)


def note_refusal(services: Services, actor: Actor, refusal: Forbidden) -> None:
    """Record a refused act; a store that cannot take the entry must not turn the refusal into something else."""
    asked = f"{request.method} {request.endpoint}"
    try:
        record_refusal(services, actor, refusal, asked=asked)
    except DomainError as error:
        _log.warning("refusal not recorded", asked=asked, kind=error.kind)
