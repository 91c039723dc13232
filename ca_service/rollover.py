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
    """Found the next issuing CA and equip the service with it; safe to repeat until it has succeeded.

    Its file is written last: without it the present CA was founded by a run that died before the service was equipped.
    """
    ca, services = wiring.config.ca, wiring.services
    issuer = roll_over.present(services, actor)
    if _file(wiring, issuer).exists():
        name = roll_over.successor_of_ended(services, actor)
        issuer = roll_over.found(
            services,
            actor,
            name,
            organization=ca.organization,
            common_name=ca.issuing_name,
            key=_key(wiring, name).public_key,
        )
    founding.equip(wiring, Names(ca.organization, ca.root_name, ca.issuing_name))
    _file(wiring, issuer).write_bytes(pem.armor("CERTIFICATE", issuer.certificate))
    return issuer


def _file(wiring: Wiring, issuer: Issuer) -> Path:
    return wiring.config.folder / f"{issuer.name}.pem"


def _key(wiring: Wiring, name: str) -> Pkcs11Key:
    sessions = wiring.issuing_sessions
    if name in labels(sessions):  # of a roll-over that was interrupted
        return Pkcs11Key(sessions, name)
    return generate(sessions, label=name, curve="p256")
