"""What the audit log says of the custodians' acts; the PINs themselves never come here."""

from collections.abc import Mapping, Sequence

from ca_service.domain.audit import Tag
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.shares import Share
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.ports import Services


def require_operator(services: Services, actor: Actor) -> None:
    """Raise Forbidden for who may not handle the CA's tokens; asked before anybody shows a share."""
    with services.read() as uow:
        authorise(actor, Action.CA_REVOKE, lineage=uow.units.lineage(actor.unit_code))


def note_split(services: Services, actor: Actor, token: str, shares: Sequence[Share]) -> None:
    """The PIN of a token is about to be changed to one that these shares give."""
    first = shares[0]
    _note(
        services, actor, Tag.KEY_SPLIT, token,
        {"shares": f"{first.threshold}/{len(shares)}", "set_id": first.set_id.hex()},
    )  # fmt: skip


def note_unlocked(services: Services, actor: Actor, token: str, shares: Sequence[Share]) -> None:
    """Custodians have given the PIN of a token."""
    numbers = "、".join(str(number) for number in sorted(share.number for share in shares))
    detail = {"custodians": numbers, "set_id": shares[0].set_id.hex()}
    _note(services, actor, Tag.KEY_UNLOCKED, token, detail)


def note_locked(services: Services, actor: Actor, token: str) -> None:
    """The PIN was taken away."""
    _note(services, actor, Tag.KEY_LOCKED, token, {})


def _note(services: Services, actor: Actor, tag: Tag, token: str, detail: Mapping[str, str | int]) -> None:
    with services.begin() as uow:
        authorise(actor, Action.CA_REVOKE, lineage=uow.units.lineage(actor.unit_code))
        uow.audit.append(actor, tag, token, unit=CENTRE_CODE, detail=detail)
