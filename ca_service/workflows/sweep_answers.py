"""Pre-signed OCSP answers that must not be served, or cannot: their runs are dropped, then the answers swept up."""

from collections.abc import Callable, Iterable, Sequence

from ca_service.domain.certificates import CertificateStatus
from ca_service.domain.presigned import PRESIGN_RUN, PresignRun, RunEvent, RunStatus
from ca_service.workflows.ports import Services, UnitOfWork

SERVED = (RunStatus.RUNNING, RunStatus.FINISHED)


class Sweeper:
    """Walks along the store and deletes what is of dropped runs of one issuer, as far as it is let at a time.

    Safe to repeat and to break off, by a death too: a dropped run goes when none of its answers is left.
    """

    def __init__(self, services: Services, issuer: str) -> None:
        self._services, self._issuer = services, issuer
        self._runs: Sequence[int] = ()
        self._after: bytes | None = b""

    def sweep(self, *, stop: Callable[[], bool] = lambda: False) -> int:
        """Drop what is worthless; go on with the walk until it is through or `stop` says so. Returns how many runs
        went with it.
        """
        services = self._services
        if not self._runs and not self._begin():
            return 0
        while self._after is not None:
            with services.begin() as uow:
                self._after = uow.ocsp_answers.sweep(self._runs, after=self._after)
            if stop():
                return 0
        # Only those that were dropped before the walk began: it has passed answers of later ones.
        with services.begin() as uow:
            gone = uow.presign_runs.remove(id=self._runs)
        self._runs, self._after = (), b""
        return gone

    def _begin(self) -> bool:
        services, dropped = self._services, RunStatus.DROPPED
        with services.read() as uow:
            if not _worthless(services, uow, self._issuer) and not uow.presign_runs.count(
                issuer=self._issuer, status=dropped
            ):
                return False
        with services.begin() as uow:
            drop_worthless(services, uow, self._issuer)
            self._runs = [run.id for run in uow.presign_runs.find(issuer=self._issuer, status=dropped)]
        return True


def drop_worthless(services: Services, uow: UnitOfWork, issuer: str) -> None:
    """Drop the runs whose answers must not be served any more, or cannot."""
    drop_runs(uow, _worthless(services, uow, issuer))


def drop_runs(uow: UnitOfWork, dropped: Iterable[PresignRun]) -> None:
    """Let none of the answers of these runs be served any more."""
    for run in dropped:
        uow.presign_runs.change(run, status=PRESIGN_RUN.after(run.status, RunEvent.DROP))


def _worthless(services: Services, uow: UnitOfWork, issuer: str) -> Sequence[PresignRun]:
    runs = uow.presign_runs.find(issuer=issuer, status=SERVED)
    if not runs:
        return ()
    version = uow.issuers.get(issuer).status_version
    if any(run.reached > version for run in runs):
        # The status log went back: which changes lie between the answers and the log nobody can tell.
        return runs
    now = services.clock()
    found = uow.certificates.find(serial=[run.signer for run in runs], status=CertificateStatus.ACTIVE)
    vouching = {certificate.serial for certificate in found}
    newest = max((run.number for run in runs if run.status is RunStatus.FINISHED), default=0)
    return [run for run in runs if run.signer not in vouching or run.next_update <= now or run.number < newest]
