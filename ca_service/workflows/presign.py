"""Signing OCSP answers ahead: a run over all certificates of an issuer, batch after batch, each in one transaction.

A death anywhere leaves a run that the next call goes on with behind its last batch. Two processes at one run: each
batch moves the run on from where its process knows it, so the first one wins and the other is told. The same guard
keeps out a batch that was signed before the database was restored from a copy: there the run is elsewhere or unknown.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

from cryptography import x509

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import CertificateStatus
from ca_service.domain.errors import Conflict, Unavailable
from ca_service.domain.presigned import PRESIGN_RUN, PresignRun, RunEvent, RunStatus
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.ports import AnswerSigner, KnownStatuses, Services, SignedAhead, UnitOfWork
from ca_service.workflows.sweep_answers import SERVED, drop_worthless

# A CRL lists a certificate beyond its end until the second regular list after it, of which there is one a day at least.
_LISTED_AFTER_EXPIRY = timedelta(days=7)
_GUARD = ("position", "holder")


@dataclass(frozen=True)
class Plan:
    """What is signed ahead, and the process that does it. Answers live `validity`, by each of the `hashes`.

    `batch` certificates are signed for before anything is stored, or the process looks whether it is to stop.
    """

    issuer: str
    validity: timedelta
    hashes: Sequence[str]
    holder: str
    batch: int

    @property
    def scope(self) -> str:
        """What makes answers of two runs alike."""
        return f"{','.join(sorted(self.hashes))} {int(self.validity.total_seconds())}s"


def presign(
    services: Services,
    actor: Actor,
    plan: Plan,
    signer: AnswerSigner,
    *,
    tell: Callable[[PresignRun], None] = lambda _run: None,
    stop: Callable[[], bool] = lambda: False,
) -> PresignRun:
    """Go on with the issuer's run, or begin the next, until it is finished or `stop` says so; return it as it stands.

    Takes a run over from whoever was at it. Raises Conflict when somebody takes it over from us, Unavailable.
    """
    with services.read() as uow:
        authorise(actor, Action.OCSP_PRESIGN, lineage=uow.units.lineage(actor.unit_code))
    # No transaction waits for the token.
    certificate = signer.certificate()
    with services.begin() as uow:
        drop_worthless(services, uow, plan.issuer)
        run = _claimed(services, uow, plan, _serial_of(uow, certificate))
    tell(run)
    known = _Statuses(services, run, plan.batch, stop)
    for signed in signer.sign(known):
        if signed.certificate != certificate:
            raise Conflict("OCSP 签名证书刚刚更换，本次预签到此为止。请重新运行 educa ocsp presign。")
        run = _keep(services, run, signed)
        tell(run)
    return _finish(services, actor, run) if known.exhausted else run


def presign_if_due(
    services: Services, actor: Actor, plan: Plan, signer: AnswerSigner, *, stop: Callable[[], bool]
) -> PresignRun | None:
    """Sign ahead where the answers grow old, or where a run was left; None: nothing to do, or others are at it."""
    now = services.clock()
    with services.read() as uow:
        runs = uow.presign_runs.find(issuer=plan.issuer, status=SERVED, order="-number")
    newest = runs[0] if runs else None
    if newest is not None and newest.status is RunStatus.RUNNING:
        if newest.held(now) and newest.holder != plan.holder:
            return None
    elif newest is not None and newest.scope == plan.scope and not newest.due(now, plan.validity):
        return None
    return presign(services, actor, plan, signer, stop=stop)


def _claimed(services: Services, uow: UnitOfWork, plan: Plan, signer: str) -> PresignRun:
    """The run to go on with, in our hands."""
    now = services.clock()
    for run in uow.presign_runs.find(issuer=plan.issuer, status=RunStatus.RUNNING):
        if run.resumable(signer=signer, scope=plan.scope, now=now, validity=plan.validity):
            return uow.presign_runs.change(run, guard=_GUARD, holder=plan.holder, touched_at=now)
        uow.presign_runs.change(run, guard=_GUARD, status=PRESIGN_RUN.after(run.status, RunEvent.DROP))
    last = uow.presign_runs.find(issuer=plan.issuer, order="-number", limit=1)
    version = uow.issuers.get(plan.issuer).status_version
    run = PresignRun(
        id=int.from_bytes(services.random_bytes(8)) >> 1,
        issuer=plan.issuer,
        number=last[0].number + 1 if last else 1,
        signer=signer,
        scope=plan.scope,
        version=version,
        reached=version,
        position="",
        answers=0,
        holder=plan.holder,
        started_at=now,
        touched_at=now,
        next_update=now + plan.validity,
        status=RunStatus.RUNNING,
    )
    uow.presign_runs.add(run)
    return run


def _serial_of(uow: UnitOfWork, certificate: bytes) -> str:
    serial = f"{x509.load_der_x509_certificate(certificate).serial_number:x}"
    if not uow.certificates.count(serial=serial, status=CertificateStatus.ACTIVE):
        raise Unavailable("没有可用的 OCSP 签名证书。请运行 educa doctor。")
    return serial


class _Statuses:
    """What is left of a run, read piece by piece; `exhausted` tells whether that was all."""

    def __init__(self, services: Services, run: PresignRun, batch: int, stop: Callable[[], bool]) -> None:
        self._services, self._run, self._batch, self._stop = services, run, batch, stop
        self.exhausted = False

    def __iter__(self) -> Iterator[KnownStatuses]:
        issuer, position = self._run.issuer, self._run.position
        # What is not on a CRL any more is not asked about either, or is signed when it is.
        ended_from = self._services.clock() - _LISTED_AFTER_EXPIRY
        for done in count():
            # At least one batch, so that a slice gets on however slow everything is.
            if done and self._stop():
                return
            with self._services.read() as uow:
                known = uow.ocsp_answers.statuses(issuer, after=position, limit=self._batch, ended_from=ended_from)
            if not known.statuses:
                self.exhausted = True
                return
            position = known.position
            yield known


def _keep(services: Services, run: PresignRun, signed: SignedAhead) -> PresignRun:
    """Store a batch and move the run on, if it is still where we left it."""
    with services.begin() as uow:
        reached = max(run.reached, signed.version)
        if uow.issuers.get(run.issuer).status_version < reached:
            raise Conflict("数据库在预签期间被恢复为旧副本，这一批未保存。请重新运行 educa ocsp presign。")
        moved = uow.presign_runs.change(
            run,
            guard=_GUARD,
            status=PRESIGN_RUN.after(run.status, RunEvent.ADVANCE),
            position=signed.position,
            answers=run.answers + len(signed.answers),
            reached=reached,
            next_update=max([run.next_update, *(answer.next_update for answer in signed.answers)]),
            touched_at=services.clock(),
        )
        uow.ocsp_answers.put(run.id, signed.answers, certificate=signed.certificate)
    return moved


def _finish(services: Services, actor: Actor, run: PresignRun) -> PresignRun:
    """The run is served alone from now on."""
    with services.begin() as uow:
        done = uow.presign_runs.change(run, guard=_GUARD, status=PRESIGN_RUN.after(run.status, RunEvent.FINISH))
        drop_worthless(services, uow, run.issuer)
        detail: dict[str, str | int] = {"issuer": run.issuer, "answers": run.answers, "version": run.version}
        subject = f"{run.issuer}#{run.number}"
        uow.audit.append(actor, Tag.OCSP_PRESIGNED, subject, unit=actor.unit_code, detail=detail)
    return done
