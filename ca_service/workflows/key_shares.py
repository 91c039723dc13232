"""What the audit log says of the custodians' acts; the PINs themselves never come here."""

from collections.abc import Sequence

from ca_service.domain.audit import Tag
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.shares import Share
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.ports import Services, UnitOfWork


def require_operator(services: Services, actor: Actor) -> None:
    """Raise Forbidden for who may not handle the CA's tokens; asked before anybody shows a share."""
    with services.read() as uow:
        _authorise(uow, actor)


def note_split(services: Services, actor: Actor, token: str, shares: Sequence[Share]) -> None:
    """The PIN of a token is about to be changed to one that these shares give."""
    first = shares[0]
    with services.begin() as uow:
        _authorise(uow, actor)
        detail = {"shares": f"{first.threshold}/{len(shares)}", "set_id": first.set_id.hex()}
        uow.audit.append(actor, Tag.KEY_SPLIT, token, unit=CENTRE_CODE, detail=detail)


def note_unlocked(services: Services, actor: Actor, token: str, shares: Sequence[Share]) -> None:
    """Custodians have given the PIN of a token."""
    numbers = "、".join(str(number) for number in sorted(share.number for share in shares))
    with services.begin() as uow:
        _authorise(uow, actor)
        detail = {"custodians": numbers, "set_id": shares[0].set_id.hex()}
        uow.audit.append(actor, Tag.KEY_UNLOCKED, token, unit=CENTRE_CODE, detail=detail)


def note_locked(services: Services, actor: Actor, token: str) -> None:
    """The PIN was taken away."""
    with services.begin() as uow:
        _authorise(uow, actor)
        uow.audit.append(actor, Tag.KEY_LOCKED, token, unit=CENTRE_CODE)


def note_backup(services: Services, actor: Actor, token: str, *, recipients: int) -> None:
    """A sealed copy of a token is about to be made."""
    with services.begin() as uow:
        _authorise(uow, actor)
        detail = {"recipients": recipients}
        uow.audit.append(actor, Tag.KEY_BACKED_UP, token, unit=CENTRE_CODE, detail=detail)


def note_restored(services: Services, actor: Actor, token: str) -> None:
    """A token is there again, and its keys are those of our certificates."""
    with services.begin() as uow:
        _authorise(uow, actor)
        uow.audit.append(actor, Tag.KEY_RESTORED, token, unit=CENTRE_CODE)


def _authorise(uow: UnitOfWork, actor: Actor) -> None:
    authorise(actor, Action.CA_REVOKE, lineage=uow.units.lineage(actor.unit_code))
