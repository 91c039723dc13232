"""The background work: each task is safe to repeat, and one that fails is tried again the next round."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from ca_service import presigning
from ca_service.delivery.push_client import PushClient
from ca_service.domain.errors import DomainError
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.secret_files import read_secret
from ca_service.signing import delegated_keys
from ca_service.telemetry.heart import Heart
from ca_service.turn import Turn
from ca_service.wiring import Wiring
from ca_service.workflows.audit_checkpoints import checkpoint_if_due
from ca_service.workflows.ceremony import Names, certify_infrastructure
from ca_service.workflows.compromise import revoke_page
from ca_service.workflows.crl_alarms import raise_alarms
from ca_service.workflows.current_issuer import compromised, current, end_of, living
from ca_service.workflows.drafts import drop_old
from ca_service.workflows.erasure_chores import do_chores
from ca_service.workflows.expiry_notices import announce_ends
from ca_service.workflows.infrastructure import signers
from ca_service.workflows.leases import give_back, take
from ca_service.workflows.messages import deliver, notice_lost
from ca_service.workflows.mirror import Mirroring
from ca_service.workflows.orders import close_unconfirmed, escalate_orders, remind_of_holds
from ca_service.workflows.presign import presign_if_due
from ca_service.workflows.propagation import prune
from ca_service.workflows.proposals import expire_overdue
from ca_service.workflows.publish_crl import publish_if_due
from ca_service.workflows.push import due, record_confirmations
from ca_service.workflows.recover import close_interrupted
from ca_service.workflows.sweep_answers import Sweeper


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
_ROUND, _TOLD_EVERY = 0.5, 60.0
# Seconds of signing ahead, looked at after so many certificates: a second where the key signs a hundred times in it.
_SLICE, _BATCH = 2.0, 100
_MADE_WITHIN = timedelta(minutes=1)

_log = structlog.get_logger(__name__)


def tasks(wiring: Wiring) -> Mapping[str, Callable[[], object]]:
    """All tasks of a round, in their order."""
    services = wiring.services
    couriers = wiring.couriers()
    return {
        "push": lambda: push(wiring),
        "messages": lambda: deliver(services, couriers),
        "lost messages": lambda: notice_lost(services),
        "compromise": lambda: revoke_page(services, WORKER),
        "crl": lambda: [publish_if_due(services, WORKER, ca) for ca in cas(wiring)],
        "crl-alarms": lambda: tell_alarms(wiring),
        "ocsp-signer": lambda: [renew_signer(wiring, OCSP_SIGNER, issuer=ca) for ca in cas(wiring)],
        "ocsp-answers": presigner(wiring),
        "feed-signer": lambda: renew_signer(wiring, FEED_SIGNER),
        "audit-signer": lambda: renew_signer(wiring, AUDIT_SIGNER),
        "checkpoint": lambda: checkpoint_if_due(services, WORKER, wiring.sign_tree_head, origin=wiring.audit_origin),
        "orders": lambda: escalate_orders(services, WORKER),
        "holds": lambda: remind_of_holds(services),
        "ends": lambda: announce_ends(services),
        "unconfirmed": lambda: close_unconfirmed(services, WORKER),
        "drafts": lambda: drop_old(services),
        "erasures": lambda: do_chores(services, WORKER, wiring.erasing_hands),
        "proposals": lambda: expire_overdue(services, WORKER),
        "interrupted": lambda: close_interrupted(services, WORKER),
        "measurements": lambda: prune(services),
    }


ONE_FOR_ALL = frozenset(
    {
        "push", "lost messages", "compromise", "crl-alarms", "ocsp-signer", "feed-signer", "audit-signer", "checkpoint",
        "orders", "holds", "ends", "unconfirmed", "drafts", "proposals", "interrupted",
        "measurements",
    }
)  # fmt: skip
"""What the worker does whose turn it is. The others (lists, messages, answers) share their work by their own claims."""


def run(wiring: Wiring, stop: threading.Event) -> None:
    """Do rounds until `stop` is set."""
    beside = threading.Thread(target=_rounds, args=(mirror_tasks(wiring), wiring, stop), daemon=True)
    beside.start()
    heart = Heart(wiring.services, "worker")
    turn = Turn(wiring.services, heart.name)
    _rounds({"pulse": heart.beat_if_due, "turn": turn.keep, **_in_turn(tasks(wiring), turn)}, wiring, stop)
    turn.end()
    # A file system that hangs must not keep the service from ending.
    beside.join(2)


def _in_turn(todo: Mapping[str, Callable[[], object]], turn: Turn) -> Mapping[str, Callable[[], object]]:
    def in_turn(task: Callable[[], object]) -> Callable[[], object]:
        return lambda: task() if turn.mine else None

    return {name: in_turn(task) if name in ONE_FOR_ALL else task for name, task in todo.items()}


def mirror_tasks(wiring: Wiring) -> Mapping[str, Callable[[], object]]:
    """What may wait for a slow disk or network, so that nothing else waits for it."""
    mirror = wiring.mirror()
    return {} if mirror is None else {"mirror": Mirroring(wiring.services, mirror).refresh}


def _rounds(todo: Mapping[str, Callable[[], object]], wiring: Wiring, stop: threading.Event) -> None:
    news = _News()
    while todo and not stop.wait(_ROUND):
        for name, task in todo.items():
            wiring.meter.task_done(name, well=_done(name, task, news))


class _News:
    """Which failures are worth a line: the first of a task, and one a minute while it goes on."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}

    def failed(self, task: str) -> bool:
        """The task failed; say whether that is news."""
        now = time.monotonic()
        told = now >= self._due.get(task, now)
        if told:
            self._due[task] = now + _TOLD_EVERY
        return told

    def well(self, task: str) -> None:
        """The task is well again."""
        self._due.pop(task, None)


def _done(name: str, task: Callable[[], object], news: _News) -> bool:
    try:
        task()
    except DomainError as error:
        if news.failed(name):
            _log.warning("task failed", task=name, kind=error.kind)
    except Exception:
        if news.failed(name):
            _log.exception("task failed", task=name)
    else:
        news.well(name)
        return True
    return False


def presigner(wiring: Wiring) -> Callable[[], object]:
    """Sweeps up worthless answers, and signs ahead if the configuration says so; for each CA a slice a round."""
    known: dict[str, Callable[[], object]] = {}

    def do_slices() -> None:
        for ca in cas(wiring):
            if ca not in known:
                known[ca] = _presigner_of(wiring, ca)
            known[ca]()

    return do_slices


def _presigner_of(wiring: Wiring, issuer: str) -> Callable[[], object]:
    services, plan = wiring.services, presigning.plan(wiring, issuer, batch=_BATCH)
    sweeper = Sweeper(services, issuer)

    def do_a_slice() -> None:
        # The other tasks do not wait for a million answers: a CRL is due while they are signed.
        until = time.monotonic() + _SLICE

        def stop() -> bool:
            return time.monotonic() > until

        sweeper.sweep(stop=stop)
        if wiring.config.ca.ocsp_presign_refresh:
            presign_if_due(services, WORKER, plan, presigning.answer_signer(wiring, issuer), stop=stop)

    return do_a_slice


def tell_alarms(wiring: Wiring) -> int:
    """Tell the centre and the log what is wrong with the lists; return how many things were told."""
    raised = raise_alarms(wiring.services, WORKER)
    for alarm in raised:
        _log.error("crl alarm", list=alarm.name, in_force=alarm.number, alarm=alarm.kind.value)
    return len(raised)


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


def cas(wiring: Wiring) -> Sequence[str]:
    """The names of all issuing CAs that have not ended."""
    with wiring.services.read() as uow:
        return [issuer.name for issuer in living(uow, wiring.clock())]


def renew_signer(wiring: Wiring, delegated: Delegated, *, issuer: str = "") -> bool:
    """Make a new delegated signer when the present one is near its end; the old one signs until it is seen.

    By the CA named, or the present one; a compromised CA gets none but for its OCSP answers.
    """
    services, purpose = wiring.services, delegated.purpose
    with services.read() as uow:
        issuer = issuer or current(uow)
        if purpose is not delegated_keys.OCSP and issuer in compromised(uow):
            return False
        until = end_of(uow.issuers.get(issuer).certificate)

    def due() -> bool:
        present = signers(services, purpose.profile, issuer=issuer)
        return delegated_keys.renewal_due(present, services.clock(), until=until)

    name = f"{purpose.profile} of {issuer}"
    holder = services.new_id("W")
    # A key cannot be made inside a transaction: whoever has the lease makes it, if nobody has done so just before.
    if not due() or take(services, name, holder, lifetime=_MADE_WITHIN) is None:
        return False
    try:
        if due():
            _make_signer(wiring, delegated, issuer)
            return True
        return False
    finally:
        give_back(services, name, holder)


def _make_signer(wiring: Wiring, delegated: Delegated, issuer: str) -> None:
    services, purpose = wiring.services, delegated.purpose
    key = delegated_keys.new_key(wiring.issuing_sessions, purpose, services.random_bytes(8).hex())
    ca = wiring.config.ca
    names = Names(ca.organization, ca.root_name, ca.issuing_name)
    name = f"{ca.issuing_name}{delegated.suffix}"
    certify_infrastructure(
        services, names, profile=purpose.profile, public_key=key.public_key, name=name, issuer=issuer
    )
