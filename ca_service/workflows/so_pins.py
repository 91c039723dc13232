"""The SO PINs of the tokens, kept sealed for the custody key: where they come from, and the key they are sealed for."""

from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.unblocks import SoPin
from ca_service.workflows.ports import Services, UnitOfWork


def custody_key(services: Services, actor: Actor) -> bytes:
    """The public key (SPKI DER) for which the centre seals the SO PINs of a box of tokens."""
    with services.read() as uow:
        authorise(actor, Action.MEDIA_REGISTER, lineage=uow.units.lineage(actor.unit_code))
    return services.custody.public_key


def begin_list(services: Services, uow: UnitOfWork, serial: str, sealed: bytes | None) -> None:
    """Keep the SO PIN of a token that was just initialised, inside a running transaction; earlier ones are void.

    Raises Invalid where the CA could not open it later.
    """
    uow.so_pins.remove(serial=serial)
    if sealed is not None:
        services.custody.check(sealed, serial=serial)
        uow.so_pins.add(SoPin(serial, 1, sealed))
