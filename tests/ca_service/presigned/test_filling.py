"""Signing ahead, broken off anywhere, by several at once, by those who may."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.x509 import ocsp as judge

from ca_service import presigning
from ca_service.config import Config
from ca_service.domain import errors
from ca_service.domain.presigned import PRESIGN_RUN, PresignRun, RunEvent, RunStatus
from ca_service.wiring import Wiring
from ca_service.workflows.presign import presign
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office
from tests.ca_service.presigned.answering import Answering, request_for
from tests.ca_service.presigned.means import another, means, runs, stored

_GOOD = judge.OCSPCertStatus.GOOD


@pytest.mark.parametrize("status", RunStatus)
@pytest.mark.parametrize("event", RunEvent)
def test_a_run_makes_the_drawn_moves_and_no_other(status: RunStatus, event: RunEvent) -> None:
    if (status, event) in PRESIGN_RUN.moves:
        assert status is not RunStatus.DROPPED
    else:
        with pytest.raises(errors.IllegalTransition):
            PRESIGN_RUN.after(status, event)


@pytest.mark.parametrize(
    ("step", "kept"),
    [("claimed", 0), ("stored-1", 0), ("committed-1", 2), ("stored-2", 2), ("committed-2", 4), ("stored-3", 4)],
)
def test_after_a_death_the_next_call_goes_on_behind_the_last_batch(
    pickled: str, wiring: Wiring, office: Office, step: str, kept: int
) -> None:
    serials = [office.enrolled(str(number)).serial for number in range(3)]
    with wiring.database.read() as uow:
        total = uow.ocsp_answers.count("issuing")
    assert total >= 6
    command = [sys.executable, "-m", "tests.ca_service.presigned.killed", pickled, step]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    assert (stored(wiring), runs(wiring)) == (kept, [RunStatus.RUNNING])
    told: list[int] = []
    run = presign(office.services, office.operator, *means(wiring), tell=lambda run: told.append(run.answers))
    assert (told[0], run.answers, run.number, run.status) == (kept, total, 1, RunStatus.FINISHED)
    responder = Answering(Wiring(wiring.config, clock=wiring.clock))
    assert {responder.ask(request_for(wiring, serial)).certificate_status for serial in serials} == {_GOOD}
    assert responder.signatures == 0


@pytest.mark.parametrize("to_the_end", [True, False])
def test_of_two_processes_at_one_run_the_one_that_came_first_is_told(
    wiring: Wiring, office: Office, to_the_end: bool
) -> None:
    for number in range(3):
        office.enrolled(str(number))
    others: list[PresignRun] = []

    def tell(run: PresignRun) -> None:
        if run.answers == 2 and not others:
            others.append(presign(office.services, office.operator, *means(wiring), stop=lambda: not to_the_end))

    with pytest.raises(errors.Conflict):
        presign(office.services, office.operator, *means(wiring), tell=tell)
    status = RunStatus.FINISHED if to_the_end else RunStatus.RUNNING
    assert (others[0].status, others[0].answers, runs(wiring)) == (status, stored(wiring), [status])


def test_several_processes_sign_what_one_would(
    config: Config, clock: TestClock, wiring: Wiring, office: Office
) -> None:
    serials = [office.enrolled(str(number)).serial for number in range(3)]
    plan, signer = presigning.plan(wiring, "issuing", batch=2), presigning.answer_signer(wiring, "issuing", workers=2)
    run = presign(office.services, office.operator, plan, signer)
    assert (run.status, run.answers) == (RunStatus.FINISHED, stored(wiring))
    responder = another(config, clock)
    assert {responder.ask(request_for(wiring, serial)).certificate_status for serial in serials} == {_GOOD}
    assert responder.signatures == 0


def test_a_batch_with_a_wrong_signature_is_not_stored(wiring: Wiring, office: Office) -> None:
    real = wiring.ocsp_key("issuing")
    wiring.ocsp_keys["issuing"] = lambda: replace(real(), sign=lambda tbs: real().sign(tbs + b"x"))
    with pytest.raises(errors.StateUnknown):
        presign(office.services, office.operator, *means(wiring))
    assert stored(wiring) == 0


def test_signing_ahead_is_audited_and_refused_to_those_who_may_not(wiring: Wiring, office: Office) -> None:
    with pytest.raises(errors.Forbidden):
        presign(office.services, office.clerk, *means(wiring))
    presign(office.services, office.operator, *means(wiring))
    with wiring.database.read() as uow:
        (entry,) = [entry for entry in uow.audit.entries() if entry.tag == "ca:ocsp:presigned"]
    assert (entry.subject, entry.actor) == ("issuing#1", office.operator.login)


def test_a_run_that_was_left_for_too_long_is_not_gone_on_with(
    wiring: Wiring, office: Office, clock: TestClock, fill: Callable[[], PresignRun]
) -> None:
    presign(office.services, office.operator, *means(wiring), stop=lambda: True)
    clock.pass_time(hours=7)
    assert fill().number == 2
    assert runs(wiring) == [RunStatus.DROPPED, RunStatus.FINISHED]
