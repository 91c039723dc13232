"""The roll-over of the issuing CA outside and around the database: its key, its signers, TLS certificates, files.

The new key is made on the issuing token, beside the old one, which still signs the lists and answers of what it ended.
"""

from pathlib import Path

from asn1crypto import pem

from ca_service import founding
from ca_service.domain.certificates import Issuer
from ca_service.domain.roles import Actor
from ca_service.signing.pkcs11_key import Pkcs11Key, generate, labels
from ca_service.wiring import Wiring
from ca_service.workflows import roll_over
from ca_service.workflows.ceremony import Names


def hold(wiring: Wiring, actor: Actor) -> Issuer:
    """Found the next issuing CA in place of an ended one, and equip the service with it; safe to repeat until it has
    succeeded.

    Its file is written last: without it the present CA was founded by a run that died before the service was equipped.
    """
    services = wiring.services
    issuer = roll_over.present(services, actor)
    if _file(wiring, issuer).exists():
        issuer = _found(wiring, actor, roll_over.successor_of_ended(services, actor))
    return _equipped(wiring, issuer)


def prepare(wiring: Wiring, actor: Actor, planned: roll_over.Founding) -> Issuer:
    """Found the planned successor of the present issuing CA, which waits; a repeat finds it there."""
    issuer = _found(wiring, actor, planned)
    _write(wiring, issuer)
    return issuer


def activate(wiring: Wiring, actor: Actor, name: str) -> Issuer:
    """Let it sign what is issued from now on, and equip the service with it.

    Dies in between: the new CA signs, feed and TLS are still the old one's and good; the repeat makes the new ones.
    """
    return _equipped(wiring, roll_over.activate(wiring.services, actor, name))


def _found(wiring: Wiring, actor: Actor, planned: roll_over.Founding) -> Issuer:
    ca = wiring.config.ca
    key = _key(wiring, planned.name).public_key
    return roll_over.found(wiring.services, actor, planned, subject=(ca.organization, ca.issuing_name), key=key)


def _equipped(wiring: Wiring, issuer: Issuer) -> Issuer:
    ca = wiring.config.ca
    founding.equip(wiring, Names(ca.organization, ca.root_name, ca.issuing_name))
    _write(wiring, issuer)
    return issuer


def _write(wiring: Wiring, issuer: Issuer) -> None:
    _file(wiring, issuer).write_bytes(pem.armor("CERTIFICATE", issuer.certificate))


def _file(wiring: Wiring, issuer: Issuer) -> Path:
    return wiring.config.folder / f"{issuer.name}.pem"


def _key(wiring: Wiring, name: str) -> Pkcs11Key:
    sessions = wiring.issuing_sessions
    if name in labels(sessions):  # of a roll-over that was interrupted
        return Pkcs11Key(sessions, name)
    return generate(sessions, label=name, curve="p256")
