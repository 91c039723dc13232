"""Numbers per status of the own subtree, counted by the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ca_service.domain.certificates import LIVE, CertificateStatus
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.certificates import HOLDER_PROFILES
from ca_service.workflows.ports import Before, Services, Since, UnitOfWork


@dataclass(frozen=True)
class Overview:
    """How many there are in each status, by its stored value."""

    applications: Mapping[str, int]
    holders: Mapping[str, int]
    media: Mapping[str, int]
    certificates: Mapping[str, int]


def overview(services: Services, actor: Actor) -> Overview:
    """Count the own subtree; an unrevoked certificate past its end counts as `expired`."""
    own = actor.unit_code
    with services.read() as uow:
        lineage = uow.units.lineage(own)
        for action in (Action.REGISTRATION_READ, Action.MEDIA_READ, Action.CERTIFICATE_READ):
            authorise(actor, action, lineage=lineage)
        return Overview(
            applications=uow.applications.tally("status", within=own),
            holders=uow.holders.tally("status", within=own),
            media=uow.media.tally("status", within=own),
            certificates=_certificates(services, uow, own),
        )


def _certificates(services: Services, uow: UnitOfWork, within: str) -> Mapping[str, int]:
    now = services.clock()
    of_persons: dict[str, Any] = {"within": within, "profile": HOLDER_PROFILES}
    numbers: dict[str, int] = dict(uow.certificates.tally("status", **of_persons, not_after=Since(now)))
    for status, number in uow.certificates.tally("status", **of_persons, not_after=Before(now)).items():
        shown = "expired" if status in LIVE else status
        numbers[shown] = numbers.get(shown, 0) + number
    numbers.pop(CertificateStatus.SIGNING, None)
    return numbers
