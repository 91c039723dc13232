"""The worker signs ahead between its other tasks, once however many workers there are."""

from ca_service import periodic, presigning
from ca_service.config import Config
from ca_service.domain.presigned import RunStatus
from ca_service.wiring import Wiring
from ca_service.workflows.presign import presign_if_due
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office
from tests.ca_service.presigned.means import runs


def test_the_worker_signs_ahead_only_if_told_and_then_slice_by_slice(config: Config, clock: TestClock) -> None:
    quiet = Wiring(config, clock=clock)
    periodic.presigner(quiet)()
    assert runs(quiet) == []
    ca = config.ca.model_copy(update={"ocsp_presign_refresh": True})
    busy = Wiring(config.model_copy(update={"ca": ca}), clock=clock)
    task = periodic.presigner(busy)
    task()
    assert runs(busy) == [RunStatus.FINISHED]
    task()
    assert runs(busy) == [RunStatus.FINISHED]
    clock.pass_time(hours=8)
    task()
    task()
    assert runs(busy) == [RunStatus.FINISHED]
    with busy.database.read() as uow:
        assert [run.number for run in uow.presign_runs.find()] == [2]


def test_a_slice_ends_when_it_is_told_and_another_worker_leaves_the_run_alone_until_it_is_abandoned(
    wiring: Wiring, office: Office, clock: TestClock
) -> None:
    def at_once() -> bool:
        return True

    mine, theirs, signer = (
        *(presigning.plan(wiring, "issuing", batch=2) for _ in range(2)),
        presigning.answer_signer(wiring, "issuing"),
    )
    for number in range(2):
        office.enrolled(str(number))
    for done in (2, 4):
        run = presign_if_due(office.services, office.operator, mine, signer, stop=at_once)
        assert run is not None
        assert (run.answers, run.status) == (done, RunStatus.RUNNING)
        assert presign_if_due(office.services, office.operator, theirs, signer, stop=at_once) is None
    clock.pass_time(minutes=2)
    taken = presign_if_due(office.services, office.operator, theirs, signer, stop=at_once)
    assert taken is not None
    assert (taken.number, taken.answers > 4, taken.holder) == (1, True, theirs.holder)
    assert presign_if_due(office.services, office.operator, mine, signer, stop=at_once) is None
