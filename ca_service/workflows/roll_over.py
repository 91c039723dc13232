"""A new issuing CA beside the present one: another key, another name, the same root.

    1. authorised, and the name it gets -> the key is made on the token (rollover.py)
    2. certified by the root: intent, signature, record (issue.py)
    3. a row among the issuers: from here on it publishes lists and answers of its own
    4. it signs what is issued. In place of a CA that was ended (compromise.py) at once; a planned successor waits until
       it is activated, so that relying systems know it before the first certificate from it arrives

The one before goes on with its lists and answers until its own end. Dies between 1 and 2: the repeat finds the key.
Dies between 2 and 3: the repeat finds the certificate.
"""

from dataclasses import dataclass

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import (
    CERTIFICATE,
    LIVE,
    Certificate,
    CertificateEvent,
    CertificateStatus,
    Issuer,
)
from ca_service.domain.compromises import CompromiseStatus
from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.proposals import ProposalKind
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.current_issuer import ROOT, compromised, current, issuing, next_name, number
from ca_service.workflows.issue import issue, key_sha256, new_serial, start_of_validity
from ca_service.workflows.ports import Order, Services
from ca_service.workflows.proposals import use_release
from ca_service.workflows.publish_crl import publish_crl

PROFILE = "issuing"
_LONGEST = 300


@dataclass(frozen=True)
class Founding:
    """Who is founded, in whose place and why; `waiting` for a planned one."""

    name: str
    successor_to: str
    ground: str = ""
    waiting: bool = False


def present(services: Services, actor: Actor) -> Issuer:
    """The issuing CA that signs now; raise Forbidden for who may not found another."""
    with services.read() as uow:
        authorise(actor, Action.CA_REVOKE, lineage=uow.units.lineage(actor.unit_code))
        return uow.issuers.get(current(uow))


def successor_of_ended(services: Services, actor: Actor) -> Founding:
    """The CA that takes the place of the present one; raise Conflict unless that was ended."""
    with services.read() as uow:
        authorise(actor, Action.CA_REVOKE, lineage=uow.units.lineage(actor.unit_code))
        present, last = current(uow), issuing(uow)[-1]
        if not uow.compromises.count(issuer=present, status=CompromiseStatus.ENDED):
            raise Conflict(
                f"签发 CA {present} 没有因泄露而终止，不能另建。请先完成 educa ca declare、confirm、revoke；"
                "到期前的换发请用 educa ca roll-over --planned。"
            )
        if last.waiting:
            raise Conflict(f"已有建好而未启用的签发 CA {last.name}，请运行 educa ca activate {last.name}。")
    return Founding(next_name(present), present)


def planned_successor(services: Services, actor: Actor, name: str, ground: str) -> Founding:
    """The CA that will follow `name`, which must be the present one and in good standing; raise Conflict, Invalid.

    A second person's release is used up here, before there is a key. It starts one roll-over only, since a CA is
    followed once: broken off after this, the repeat goes on with it while its time lasts.
    """
    if not 1 <= len(ground.strip()) <= _LONGEST:
        raise Invalid(f"请写明换发的依据（批准文号、原因），不超过 {_LONGEST} 个字。")
    with services.begin() as uow:
        authorise(actor, Action.CA_REVOKE, lineage=uow.units.lineage(actor.unit_code))
        present = current(uow)
        if name != present:
            raise Conflict(
                f"当前的签发 CA 是 {present}，不是 {name}：它已被接替，或名称有误。请运行 educa ca issuers。"
            )
        if present in compromised(uow):
            raise Conflict(f"{present} 的密钥已报告泄露，请按泄露处置办理（educa ca list），不能按计划换发。")
        use_release(services, uow, actor, ProposalKind.CA_ROLL_OVER, present, begun=True)
    return Founding(next_name(present), present, ground.strip(), waiting=True)


def found(services: Services, actor: Actor, founding: Founding, *, subject: tuple[str, str], key: bytes) -> Issuer:
    """Steps 2 and 3 for a key (SPKI DER) that is on the token, and the first list; `subject`: organisation and name."""
    organization, common_name = subject
    certificate = _certified(services, actor, organization, f"{common_name} {number(founding.name)}", key)
    issuer = Issuer(founding.name, certificate.der or b"", founding.name, ROOT, 0, 0, founding.waiting)
    with services.begin() as uow:
        if uow.issuers.find(name=founding.name):
            return uow.issuers.get(founding.name)
        status, now = CERTIFICATE.after(certificate.status, CertificateEvent.CONFIRM), services.clock()
        uow.certificates.change(certificate, status=status, confirmed_at=now)
        uow.issuers.add(issuer)
        detail = {"serial": certificate.serial, "successor_to": founding.successor_to, "ground": founding.ground}
        uow.audit.append(actor, Tag.ISSUER_FOUNDED, founding.name, unit=CENTRE_CODE, detail=detail)
    publish_crl(services, actor, founding.name)
    return issuer


def activate(services: Services, actor: Actor, name: str) -> Issuer:
    """Step 4 for a planned successor, on a release; a repeat changes nothing. Raises Conflict, NotFound.

    One transaction: a death before its commit leaves the release to be used, after it the new CA signs.
    """
    with services.begin() as uow:
        authorise(actor, Action.CA_REVOKE, lineage=uow.units.lineage(actor.unit_code))
        issuer = uow.issuers.get(name)
        if not issuer.waiting:
            if name != current(uow):
                raise Conflict(f"{name} 不是等待启用的签发 CA。请运行 educa ca issuers。")
            return issuer
        if name in compromised(uow):
            raise Conflict(f"{name} 的密钥已报告泄露，不能启用。")
        use_release(services, uow, actor, ProposalKind.CA_ACTIVATION, name)
        active = uow.issuers.change(issuer, guard=("waiting",), waiting=False)
        uow.audit.append(actor, Tag.ISSUER_ACTIVATED, name, unit=CENTRE_CODE)
    return active


@dataclass(frozen=True)
class Standing:
    """An issuing CA, whether it signs what is issued now, and how many certificates of it live."""

    issuer: Issuer
    present: bool
    compromised: bool
    live: int


def standings(services: Services, actor: Actor) -> list[Standing]:
    """Every issuing CA, the earliest first."""
    with services.read() as uow:
        authorise(actor, Action.CA_READ, lineage=uow.units.lineage(actor.unit_code))
        present, lost = current(uow), compromised(uow)
        return [
            Standing(
                one, one.name == present, one.name in lost, uow.certificates.count(issuer=one.name, status=LIVE)
            )
            for one in issuing(uow)
        ]  # fmt: skip


def _certified(services: Services, actor: Actor, organization: str, common_name: str, key: bytes) -> Certificate:
    taken = (CertificateStatus.ISSUED, CertificateStatus.ACTIVE)
    with services.read() as uow:
        earlier = uow.certificates.find(key_sha256=key_sha256(key), profile=PROFILE, issuer=ROOT, status=taken)
    if earlier:
        return earlier[0]
    begins = start_of_validity(services.clock())
    order = Order(PROFILE, new_serial(services), key, common_name, begins, organization=organization)
    return issue(services, actor, order, issuer=ROOT, unit_code=CENTRE_CODE)
