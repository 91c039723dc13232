"""A new issuing CA beside one that was ended (compromise.py): another key, another name, the same root.

    1. authorised, and the name it gets -> the key is made on the token (rollover.py)
    2. certified by the root: intent, signature, record (issue.py)
    3. a row among the issuers: from here on it signs, publishes lists and answers of its own

Dies between 1 and 2: the repeat finds the key. Dies between 2 and 3: the repeat finds the certificate.
"""

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import CERTIFICATE, Certificate, CertificateEvent, CertificateStatus, Issuer
from ca_service.domain.compromises import CompromiseStatus
from ca_service.domain.errors import Conflict
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.current_issuer import ROOT, current, next_name, number
from ca_service.workflows.issue import issue, key_sha256, new_serial, start_of_validity
from ca_service.workflows.ports import Order, Services
from ca_service.workflows.publish_crl import publish_crl

PROFILE = "issuing"


def present(services: Services, actor: Actor) -> Issuer:
    """The issuing CA that signs now; raise Forbidden for who may not found another."""
    with services.read() as uow:
        authorise(actor, Action.CA_REVOKE, lineage=uow.units.lineage(actor.unit_code))
        return uow.issuers.get(current(uow))


def successor_of_ended(services: Services, actor: Actor) -> str:
    """The name of the CA that takes the place of the present one; raise Conflict unless that was ended."""
    with services.read() as uow:
        authorise(actor, Action.CA_REVOKE, lineage=uow.units.lineage(actor.unit_code))
        present = current(uow)
        if not uow.compromises.count(issuer=present, status=CompromiseStatus.ENDED):
            raise Conflict(
                f"签发 CA {present} 没有因泄露而终止，不能另建。请先完成 educa ca declare、confirm、revoke。"
            )
    return next_name(present)


def found(services: Services, actor: Actor, name: str, *, organization: str, common_name: str, key: bytes) -> Issuer:
    """Steps 2 and 3 for a key (SPKI DER) that is on the token, and the first list."""
    certificate = _certified(services, actor, organization, f"{common_name} {number(name)}", key)
    issuer = Issuer(name, certificate.der or b"", name, ROOT, 0, 0)
    with services.begin() as uow:
        status, now = CERTIFICATE.after(certificate.status, CertificateEvent.CONFIRM), services.clock()
        uow.certificates.change(certificate, status=status, confirmed_at=now)
        uow.issuers.add(issuer)
        uow.audit.append(actor, Tag.ISSUER_FOUNDED, name, unit=CENTRE_CODE, detail={"certificate": certificate.serial})
    publish_crl(services, actor, name)
    return issuer


def _certified(services: Services, actor: Actor, organization: str, common_name: str, key: bytes) -> Certificate:
    with services.read() as uow:
        earlier = uow.certificates.find(
            key_sha256=key_sha256(key), profile=PROFILE, issuer=ROOT, status=CertificateStatus.ISSUED
        )
    if earlier:
        return earlier[0]
    begins = start_of_validity(services.clock())
    order = Order(PROFILE, new_serial(services), key, common_name, begins, organization=organization)
    return issue(services, actor, order, issuer=ROOT, unit_code=CENTRE_CODE)
