"""A new key for personal data, while the service works.

    1. announce     the new key is in the ring: every process can open with it, none seals with it
    2. switch       it seals; the old key only opens
    3. reseal       rows and documents, in pieces; broken off, it goes on where values of the old key are left
    4. remove       a step of its own, once nothing is sealed with the old key any more

Keyed hashes have a key of their own that never changes, so that look-ups go on finding.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict
from ca_service.domain.field_keys import KeyRing, require_retirable
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.ports import FieldKeys, SealedData, Services

_PIECE = 200
_KEY_OCTETS = 32
_ROUNDS = 5


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
    """Make a key and add it to the ring; raise Conflict where one waits already."""
    _authorise(services, actor)
    ring = keys.announce(services.random_bytes(_KEY_OCTETS))
    _note(services, actor, Tag.FIELD_KEY_ANNOUNCED, ring.announced or "", 0)
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
        _note(services, actor, Tag.FIELD_KEY_SWITCHED, ring.current, 0)
    done = 0
    for _ in range(_ROUNDS):
        for values in data.reseal(_PIECE):
            done += values
            told(done)
        # Somebody who sealed before the switch may have committed behind the place where we were.
        if not data.left():
            if done:
                _note(services, actor, Tag.FIELD_KEY_RESEALED, ring.current, done)
            return Resealed(done, ring)
    raise Conflict("仍有数据在用旧密钥写入。请稍后再次运行 educa secrets rotate；若一直如此，请重新启动服务。")


def remove(services: Services, actor: Actor, keys: FieldKeys, data: SealedData, key_id: str) -> KeyRing:
    """Throw a retired key away; raise Conflict while anything may need it."""
    _authorise(services, actor)
    require_retirable(keys.state(), key_id, left=data.left(), at=services.clock())
    _note(services, actor, Tag.FIELD_KEY_REMOVED, key_id, 0)
    return keys.remove(key_id)


def _authorise(services: Services, actor: Actor) -> None:
    with services.read() as uow:
        authorise(actor, Action.SECRETS_ROTATE, lineage=uow.units.lineage(actor.unit_code))


def _note(services: Services, actor: Actor, tag: Tag, key_id: str, values: int) -> None:
    with services.begin() as uow:
        detail: dict[str, str | int] = {"values": values} if values else {}
        uow.audit.append(actor, tag, key_id, unit=actor.unit_code, detail=detail)
