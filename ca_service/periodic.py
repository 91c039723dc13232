"""The background work: each task is safe to repeat, and one that fails is tried again the next round."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from ca_service.config import read_secret
from ca_service.delivery.push_client import PushClient
from ca_service.domain.errors import DomainError
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.signing import delegated_keys
from ca_service.wiring import Wiring
from ca_service.workflows.audit_checkpoints import checkpoint_if_due
from ca_service.workflows.ceremony import Names, certify_infrastructure
from ca_service.workflows.drafts import drop_old
from ca_service.workflows.infrastructure import signers
from ca_service.workflows.messages import deliver, notice_lost
from ca_service.workflows.orders import close_unconfirmed, escalate_orders, remind_of_holds
from ca_service.workflows.publish_crl import publish_if_due
from ca_service.workflows.push import due, record_confirmations
from ca_service.workflows.recover import close_interrupted


@dataclass(frozen=True)
class Delegated:
    """A delegated signer that the worker keeps alive; its name is the issuing CA's with the suffix."""

    purpose: delegated_keys.Purpose
    suffix: str


OCSP_SIGNER = Delegated(delegated_keys.OCSP, " OCSP")
FEED_SIGNER = Delegated(delegated_keys.FEED, "账号变更签名")
AUDIT_SIGNER = Delegated(delegated_keys.AUDIT, "审计检查点签名")

WORKER = Actor("worker", CENTRE_CODE, frozenset({Role.OPERATOR}), "worker")
_PAGE = 1_000
_ROUND = 0.5

_log = structlog.get_logger(__name__)


def tasks(wiring: Wiring) -> Mapping[str, Callable[[], object]]:
    """All tasks of a round, in their order."""
    services, config = wiring.services, wiring.config
    couriers = wiring.couriers()
    return {
        "push": lambda: push(wiring),
        "messages": lambda: deliver(services, couriers),
        "lost messages": lambda: notice_lost(services),
        "crl": lambda: publish_if_due(services, WORKER, "issuing", interval=config.ca.crl_interval),
        "ocsp-signer": lambda: renew_signer(wiring, OCSP_SIGNER),
        "feed-signer": lambda: renew_signer(wiring, FEED_SIGNER),
        "audit-signer": lambda: renew_signer(wiring, AUDIT_SIGNER),
        "checkpoint": lambda: checkpoint_if_due(services, WORKER, wiring.sign_tree_head, origin=wiring.audit_origin),
        "orders": lambda: escalate_orders(services, WORKER),
        "holds": lambda: remind_of_holds(services),
        "unconfirmed": lambda: close_unconfirmed(services, WORKER),
        "drafts": lambda: drop_old(services),
        "interrupted": lambda: close_interrupted(services, WORKER),
    }


def run(wiring: Wiring, stop: threading.Event) -> None:
    """Do rounds until `stop` is set."""
    todo = tasks(wiring)
    while not stop.wait(_ROUND):
        for name, task in todo.items():
            try:
                task()
            except DomainError as error:
                _log.warning("task failed", task=name, kind=error.kind)
            except Exception:
                _log.exception("task failed", task=name)


def push(wiring: Wiring) -> int:
    """Push approved persons to the CA; return how many were confirmed."""
    persons = due(wiring.services, limit=_PAGE)
    if not persons:
        return 0
    config = wiring.config
    client = PushClient(
        url=config.service.console_url,
        secret=read_secret(config.path(config.secrets.push_token)),
        ca_file=config.folder / "root.pem",
        clock=wiring.clock,
    )
    return record_confirmations(wiring.services, WORKER, client.push(persons))


def renew_signer(wiring: Wiring, delegated: Delegated) -> bool:
    """Make a new delegated signer when the present one is near its end; the old one signs until it is seen."""
    services, purpose = wiring.services, delegated.purpose
    if not delegated_keys.renewal_due(signers(services, purpose.profile), services.clock()):
        return False
    key = delegated_keys.new_key(wiring.issuing_sessions, purpose, services.random_bytes(8).hex())
    ca = wiring.config.ca
    names = Names(ca.organization, ca.root_name, ca.issuing_name)
    name = f"{ca.issuing_name}{delegated.suffix}"
    certify_infrastructure(services, names, profile=purpose.profile, public_key=key.public_key, name=name)
    return True
