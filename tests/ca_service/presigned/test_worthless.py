"""What makes answers signed ahead worthless: a restore, the end of their signer, of their certificate, their own."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.x509 import ocsp as judge

from ca_service import periodic, presigning
from ca_service.config import Config
from ca_service.domain import errors
from ca_service.domain.presigned import PresignRun, RunStatus
from ca_service.store import answers
from ca_service.wiring import Wiring
from ca_service.workflows.certificate_status import freeze
from ca_service.workflows.ports import UnitOfWork
from ca_service.workflows.presign import presign
from ca_service.workflows.restored import begin_anew
from ca_service.workflows.sweep_answers import Sweeper
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office
from tests.ca_service.presigned.answering import Answering, request_for
from tests.ca_service.presigned.means import another, execute, means, runs, stored

_WHY = "reported by telephone"
_GOOD, _REVOKED = judge.OCSPCertStatus.GOOD, judge.OCSPCertStatus.REVOKED


def _go_back(wiring: Wiring, version: int) -> None:
    """The status log as in a copy: what came after `version` is not known, and its effects neither."""
    execute(wiring, "UPDATE issuer SET status_version = :to WHERE name = 'issuing'", to=version)
    execute(wiring, "DELETE FROM status_log WHERE version > :to", to=version)
    execute(wiring, "UPDATE certificate SET status = 'active', revoked_at = NULL, reason = NULL WHERE reason = 6")


def test_after_a_restore_the_answers_of_the_forgotten_time_are_not_served_and_go(
    config: Config, clock: TestClock, wiring: Wiring, office: Office, fill: Callable[[], PresignRun]
) -> None:
    serial, other = office.enrolled("1").serial, office.enrolled("2").serial
    with wiring.database.read() as uow:
        copied = uow.issuers.get("issuing").status_version
    freeze(office.services, office.reviewer, serial, reason=_WHY)
    fill()
    early = another(config, clock)
    request = request_for(wiring, serial)
    assert early.ask(request).certificate_status is _REVOKED
    _go_back(wiring, copied)
    for responder in (early, another(config, clock)):
        assert responder.ask(request).certificate_status is _GOOD
        assert responder.signatures == 1
    assert Sweeper(office.services, "issuing").sweep() == 1
    assert (stored(wiring), runs(wiring)) == (0, [])
    # The log comes to the same version by another way: nobody has the old answers to believe in again.
    freeze(office.services, office.reviewer, other, reason=_WHY)
    late = another(config, clock)
    assert late.ask(request).certificate_status is _GOOD
    assert late.ask(request_for(wiring, other)).certificate_status is _REVOKED


def test_a_batch_signed_before_a_restore_is_not_stored_after_it(wiring: Wiring, office: Office) -> None:
    serial = office.enrolled().serial
    with wiring.database.read() as uow:
        copied = uow.issuers.get("issuing").status_version
    freeze(office.services, office.reviewer, serial, reason=_WHY)

    def tell(run: PresignRun) -> None:
        if run.answers == 2:
            _go_back(wiring, copied)

    with pytest.raises(errors.Conflict, match="恢复"):
        presign(office.services, office.operator, *means(wiring), tell=tell)
    assert stored(wiring) == 2
    run = presign(office.services, office.operator, *means(wiring))
    assert (run.number, run.reached) == (2, copied)
    assert runs(wiring) == [RunStatus.DROPPED, RunStatus.FINISHED]


def test_a_process_of_before_a_restore_stores_nothing_in_the_copy(
    wiring: Wiring, office: Office, fill: Callable[[], PresignRun], copied: Callable[[], Config]
) -> None:
    serial = office.enrolled().serial
    old = fill()
    wiring.database.engine.dispose()
    restored = Wiring(copied(), clock=wiring.clock)
    begins = iter([wiring.services.begin, wiring.services.begin])

    def begin() -> AbstractContextManager[UnitOfWork]:
        return next(begins, restored.services.begin)()

    services = replace(wiring.services, begin=begin)
    before = stored(restored)
    with pytest.raises(errors.Conflict):
        presign(services, office.operator, *means(wiring))
    assert stored(restored) == before == old.answers
    assert runs(restored) == [RunStatus.FINISHED]
    responder = Answering(restored)
    assert responder.ask(request_for(restored, serial)).certificate_status is _GOOD
    assert responder.signatures == 0
    restored.database.engine.dispose()


def test_a_restored_database_begins_without_the_answers_of_its_backup(
    config: Config, clock: TestClock, wiring: Wiring, office: Office, fill: Callable[[], PresignRun]
) -> None:
    serial = office.enrolled().serial
    fill()
    begin_anew(office.services, office.operator, clock())
    assert runs(wiring) == [RunStatus.DROPPED]
    responder = another(config, clock)
    assert responder.ask(request_for(wiring, serial)).certificate_status is _GOOD
    assert responder.signatures == 1


def _new_signer(wiring: Wiring, clock: TestClock) -> None:
    clock.pass_time(days=21)
    assert periodic.renew_signer(wiring, periodic.OCSP_SIGNER)


def test_a_new_signer_signs_the_next_run_and_what_the_old_one_signed_is_served_until_then(
    config: Config, clock: TestClock, wiring: Wiring, office: Office, fill: Callable[[], PresignRun]
) -> None:
    serial = office.enrolled().serial
    clock.pass_time(days=20, hours=20)
    first = fill()
    clock.passed -= timedelta(days=20, hours=20)
    _new_signer(wiring, clock)
    responder = another(config, clock)
    assert responder.ask(request_for(wiring, serial)).certificate_status is _GOOD
    assert responder.signatures == 0
    wiring.ocsp_keys.clear()
    second = fill()
    assert second.signer != first.signer
    fresh = another(config, clock)
    answer = fresh.ask(request_for(wiring, serial))
    assert f"{answer.certificates[0].serial_number:x}" == second.signer
    assert fresh.signatures == 0
    assert Sweeper(office.services, "issuing").sweep() == 1
    assert runs(wiring) == [RunStatus.FINISHED]


def test_a_signer_that_is_not_in_force_any_more_vouches_for_nothing(
    config: Config, clock: TestClock, wiring: Wiring, office: Office, fill: Callable[[], PresignRun]
) -> None:
    serial = office.enrolled().serial
    run = fill()
    execute(wiring, "UPDATE certificate SET status = 'revoked' WHERE serial = :it", it=run.signer)
    assert periodic.renew_signer(wiring, periodic.OCSP_SIGNER)
    responder = another(config, clock)
    answer = responder.ask(request_for(wiring, serial))
    assert responder.signatures == 1
    assert f"{answer.certificates[0].serial_number:x}" != run.signer
    assert Sweeper(office.services, "issuing").sweep() == 1
    assert stored(wiring) == 0


def test_a_signer_replaced_in_the_middle_ends_the_run_and_the_next_one_begins_anew(
    wiring: Wiring, office: Office, clock: TestClock
) -> None:
    office.enrolled()
    plan, signer = means(wiring)
    certificate = signer.certificate()

    def tell(run: PresignRun) -> None:
        if run.answers == 2:
            _new_signer(wiring, clock)
            wiring.ocsp_key("issuing").__dict__["_look_at"] = 0.0

    with pytest.raises(errors.Conflict, match="更换"):
        presign(office.services, office.operator, plan, signer, tell=tell)
    run = presign(office.services, office.operator, *means(wiring))
    assert (run.number, run.answers) == (2, stored(wiring))
    assert presigning.answer_signer(wiring, "issuing").certificate() != certificate


def test_answers_are_served_in_the_first_half_of_their_life_and_swept_up_after_it(
    config: Config, clock: TestClock, wiring: Wiring, office: Office, fill: Callable[[], PresignRun]
) -> None:
    serial = office.enrolled().serial
    fill()
    request = request_for(wiring, serial)
    for hours, signatures in ((11, 0), (2, 1)):
        clock.pass_time(hours=hours)
        responder = another(config, clock)
        assert responder.ask(request).certificate_status is _GOOD
        assert responder.signatures == signatures
    assert Sweeper(office.services, "issuing").sweep() == 0
    clock.pass_time(hours=12)
    assert Sweeper(office.services, "issuing").sweep() == 1
    assert (stored(wiring), runs(wiring)) == (0, [])


def test_the_answer_of_a_certificate_that_has_long_expired_goes_with_the_next_run(
    wiring: Wiring, office: Office, fill: Callable[[], PresignRun], clock: TestClock
) -> None:
    gone, kept = office.enrolled("1").serial, office.enrolled("2").serial
    before = fill()
    expired = clock() - timedelta(days=8)
    expired_text = expired.replace(tzinfo=None) if wiring.database.engine.dialect.name == "sqlite" else expired
    execute(wiring, "UPDATE certificate SET not_after = :then WHERE serial = :it", then=expired_text, it=gone)
    assert fill().answers == before.answers - 1
    assert stored(wiring) == before.answers
    responder = Answering(Wiring(wiring.config, clock=clock))
    assert responder.ask(request_for(wiring, gone)).certificate_status is _GOOD
    assert responder.signatures == 1
    assert Sweeper(office.services, "issuing").sweep() == 1
    assert stored(wiring) == before.answers - 1
    assert Sweeper(office.services, "issuing").sweep() == 0
    with wiring.database.read() as uow:
        assert uow.certificates.get(kept).der


def test_a_sweep_in_slices_takes_away_only_what_was_dropped_when_it_began(
    wiring: Wiring, office: Office, fill: Callable[[], PresignRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_SWEPT_AT_ONCE", 1)
    beyond_the_log = "UPDATE presign_run SET reached = 1000000"
    for number in range(3):
        office.enrolled(str(number))
    first = fill()
    execute(wiring, beyond_the_log)
    sweeper = Sweeper(office.services, "issuing")
    assert sweeper.sweep(stop=lambda: True) == 0
    assert (stored(wiring), runs(wiring)) == (first.answers - 1, [RunStatus.DROPPED])
    fill()
    execute(wiring, beyond_the_log)
    third = fill()
    assert sweeper.sweep() == 1
    # The walk had passed places where answers of the second may be: its run waits for the next one.
    assert (stored(wiring), runs(wiring)) == (third.answers, [RunStatus.DROPPED, RunStatus.FINISHED])
    assert sweeper.sweep() == 1
    assert runs(wiring) == [RunStatus.FINISHED]
