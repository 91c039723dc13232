"""A new key for personal data, while the service works.

    1. announce     the new key is in the ring: every process can open with it, none seals with it
    2. switch       it seals; the old key only opens
    3. reseal       rows and documents, in pieces; broken off, it goes on where values of the old key are left
    4. remove       a step of its own, once nothing is sealed with the old key any more

1 and 4 each use up a release by a second person (`proposals`). A death between the file and the commit of 1 leaves the
key announced and its release unused: 2 uses that up. A death between the commit of 4 and the file leaves the key there:
the repeat goes on with the same release.

Keyed hashes have a key of their own that never changes, so that look-ups go on finding.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict
from ca_service.domain.field_keys import KeyRing, require_retirable
from ca_service.domain.proposals import ProposalKind
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.key_releases import FIELD_KEY
from ca_service.workflows.ports import FieldKeys, SealedData, Services
from ca_service.workflows.proposals import use_release, use_what_is_left

_PIECE = 200
_KEY_OCTETS = 32
_ROUNDS = 5
_CHANGE = ProposalKind.FIELD_KEY_CHANGE


@dataclass(frozen=True)
class Resealed:
    """How much was sealed anew, and the ring afterwards."""

    values: int
    ring: KeyRing


def state(services: Services, actor: Actor, keys: FieldKeys, data: SealedData) -> tuple[KeyRing, int]:
    """The ring, and how many values are not sealed with its current key."""
    _authorise(services, actor)
    return keys.state(), data.left()


def announce(services: Services, actor: Actor, keys: FieldKeys) -> KeyRing:
    """Make a key and add it to the ring, on a release; raise Conflict where one waits already or nobody released it."""
    with services.begin() as uow:
        authorise(actor, Action.SECRETS_ROTATE, lineage=uow.units.lineage(actor.unit_code))
        use_release(services, uow, actor, _CHANGE, FIELD_KEY)
        ring = keys.announce(services.random_bytes(_KEY_OCTETS))
        uow.audit.append(actor, Tag.FIELD_KEY_ANNOUNCED, ring.announced or "", unit=actor.unit_code)
    return ring


def rotate(
    services: Services, actor: Actor, keys: FieldKeys, data: SealedData, *, told: Callable[[int], None]
) -> Resealed:
    """Switch to the announced key, if there is one, and seal everything with the current one; raise Conflict.

    `told` hears the number done so far after each piece.
    """
    _authorise(services, actor)
    ring = keys.state()
    if ring.announced is not None:
        ring = keys.switch(services.clock())
        with services.begin() as uow:
            use_what_is_left(services, uow, actor, _CHANGE, FIELD_KEY)
            uow.audit.append(actor, Tag.FIELD_KEY_SWITCHED, ring.current, unit=actor.unit_code)
    done = 0
    for _ in range(_ROUNDS):
        for values in data.reseal(_PIECE):
            done += values
            told(done)
        # Somebody who sealed before the switch may have committed behind the place where we were.
        if not data.left():
            if done:
                with services.begin() as uow:
                    detail = {"values": done}
                    uow.audit.append(actor, Tag.FIELD_KEY_RESEALED, ring.current, unit=actor.unit_code, detail=detail)
            return Resealed(done, ring)
    raise Conflict("仍有数据在用旧密钥写入。请稍后再次运行 educa secrets rotate；若一直如此，请重新启动服务。")


def remove(services: Services, actor: Actor, keys: FieldKeys, data: SealedData, key_id: str) -> KeyRing:
    """Throw a retired key away, on a release; raise Conflict while anything may need it."""
    _authorise(services, actor)
    require_retirable(keys.state(), key_id, left=data.left(), at=services.clock())
    with services.begin() as uow:
        use_release(services, uow, actor, ProposalKind.FIELD_KEY_REMOVAL, key_id, begun=True)
        uow.audit.append(actor, Tag.FIELD_KEY_REMOVED, key_id, unit=actor.unit_code)
    return keys.remove(key_id)


def _authorise(services: Services, actor: Actor) -> None:
    with services.read() as uow:
        authorise(actor, Action.SECRETS_ROTATE, lineage=uow.units.lineage(actor.unit_code))
