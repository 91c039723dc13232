"""OCSP answers signed ahead: served without a signature, never once untrue, whatever breaks off the filling."""

import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as judge
from sqlalchemy import event, text

from ca_service import periodic, presigning
from ca_service.config import Config
from ca_service.domain import errors
from ca_service.domain.certificates import CertificateStatus, RevocationReason
from ca_service.domain.presigned import PRESIGN_RUN, PresignRun, RunEvent, RunStatus
from ca_service.wiring import Wiring
from ca_service.workflows import presign as workflow
from ca_service.workflows.certificate_status import freeze, revoke, unfreeze
from ca_service.workflows.ports import AnswerSigner
from ca_service.workflows.presign import Plan, presign, presign_if_due, sweep
from tests.ca_service.answering import Answering, request_for
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office

_WHY = "reported by telephone"
_GOOD, _REVOKED = judge.OCSPCertStatus.GOOD, judge.OCSPCertStatus.REVOKED


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow, "BATCH", 2)


@pytest.fixture
def pickled(config: Config, tmp_path: Path) -> str:
    """The configuration in a file, for other processes."""
    path = tmp_path / "config.pickle"
    path.write_bytes(pickle.dumps(config))
    return str(path)


@pytest.fixture
def fill(wiring: Wiring, office: Office) -> Callable[[], PresignRun]:
    """Sign ahead for everything there is now."""
    return lambda: presign(office.services, office.operator, *_means(wiring))


def _means(wiring: Wiring) -> tuple[Plan, AnswerSigner]:
    return presigning.plan(wiring, "issuing"), presigning.answer_signer(wiring)


def _another(config: Config, clock: TestClock) -> Answering:
    """The responder of another process, nearly: its own adapters on the same database and token."""
    return Answering(Wiring(config, clock=clock))


def _stored(wiring: Wiring) -> int:
    with wiring.database.engine.begin() as connection:
        return int(connection.execute(text("SELECT count(*) FROM ocsp_answer")).scalar_one())


def _runs(wiring: Wiring) -> list[RunStatus]:
    with wiring.database.read() as uow:
        return [run.status for run in sorted(uow.presign_runs.find(), key=lambda run: run.number)]


def _execute(wiring: Wiring, statement: str, **values: object) -> None:
    with wiring.database.engine.begin() as connection:
        assert connection.execute(text(statement), values).rowcount


@pytest.mark.parametrize("status", RunStatus)
@pytest.mark.parametrize("event", RunEvent)
def test_a_run_makes_the_drawn_moves_and_no_other(status: RunStatus, event: RunEvent) -> None:
    if (status, event) in PRESIGN_RUN.moves:
        assert status is not RunStatus.DROPPED
    else:
        with pytest.raises(errors.IllegalTransition):
            PRESIGN_RUN.after(status, event)


def test_every_responder_serves_what_was_signed_ahead_without_a_signature(
    config: Config, clock: TestClock, wiring: Wiring, office: Office, fill: Callable[[], PresignRun]
) -> None:
    good, frozen = office.enrolled("1").serial, office.enrolled("2").serial
    freeze(office.services, office.reviewer, frozen, reason=_WHY)
    run = fill()
    with wiring.database.read() as uow:
        issued = [c for c in uow.certificates.find(issuer="issuing") if c.status is not CertificateStatus.SIGNING]
    assert (run.status, run.answers, _stored(wiring)) == (RunStatus.FINISHED, len(issued), len(issued))
    later = office.enrolled("3").serial
    for responder in (_another(config, clock), _another(config, clock)):
        answer = responder.ask(request_for(wiring, good))
        assert answer.certificate_status is _GOOD
        assert answer.next_update_utc is not None
        assert answer.next_update_utc - answer.this_update_utc == timedelta(hours=24)
        held = responder.ask(request_for(wiring, frozen))
        assert (held.certificate_status, held.revocation_reason) == (_REVOKED, x509.ReasonFlags.certificate_hold)
        assert responder.signatures == 0
        assert responder.ask(request_for(wiring, later)).certificate_status is _GOOD
        assert responder.ask(request_for(wiring, good, hashes.SHA256())).certificate_status is _GOOD
        assert responder.signatures == 2


def test_an_answer_signed_ahead_is_accepted_by_openssl_and_tells_how_long_the_past_is_kept(
    wiring: Wiring, office: Office, fill: Callable[[], PresignRun], tmp_path: Path
) -> None:
    serial = office.enrolled().serial
    fill()
    responder = Answering(Wiring(wiring.config, clock=wiring.clock))
    request = request_for(wiring, serial)
    (tmp_path / "answer").write_bytes(responder.responder.answer(request).body)
    (tmp_path / "request").write_bytes(request)
    for name, der in wiring.ca_certificates().items():
        pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
        (tmp_path / f"{name}.pem").write_bytes(pem)
    command = ["openssl", "ocsp", "-respin", "answer", "-reqin", "request", "-issuer", "issuing.pem"]
    command += ["-CAfile", "root.pem", "-verify_other", "issuing.pem", "-resp_text", "-no_nonce"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "Response verify OK" in shown.stderr
    assert "good" in shown.stdout
    cutoff = shown.stdout.split("Archive Cutoff:")[1].split()[:4]
    kept = datetime.now(UTC) - datetime.strptime(" ".join(cutoff), "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    assert abs(kept - timedelta(days=1826)) < timedelta(hours=1)
    assert responder.signatures == 0


def test_a_freeze_is_seen_at_once_by_those_who_had_served_the_stored_answer_and_by_those_who_start_later(
    config: Config, clock: TestClock, wiring: Wiring, office: Office, fill: Callable[[], PresignRun]
) -> None:
    serial, other = office.enrolled("1").serial, office.enrolled("2").serial
    fill()
    request, untouched = request_for(wiring, serial), request_for(wiring, other)
    early = _another(config, clock)
    assert early.ask(request).certificate_status is _GOOD
    freeze(office.services, office.reviewer, serial, reason=_WHY)
    late = _another(config, clock)
    for responder in (early, late):
        assert responder.ask(request).certificate_status is _REVOKED
        assert responder.ask(untouched).certificate_status is _GOOD
        assert responder.signatures == 1
    unfreeze(office.services, office.reviewer, serial, reason=_WHY)
    fill()
    revoke(office.services, office.reviewer, serial, reason=_WHY, crl_reason=RevocationReason.KEY_COMPROMISE)
    for responder in (early, late, _another(config, clock)):
        assert responder.ask(request).revocation_reason is x509.ReasonFlags.key_compromise


def test_two_responder_processes_see_a_freeze_within_the_bound(
    pickled: str, wiring: Wiring, office: Office, fill: Callable[[], PresignRun]
) -> None:
    serial = office.enrolled().serial
    fill()
    line = request_for(wiring, serial).hex()
    with _process(pickled) as first, _process(pickled) as second:
        assert [first(line), second(line)] == ["GOOD 0", "GOOD 0"]
        freeze(office.services, office.reviewer, serial, reason=_WHY)
        frozen_at = datetime.now(UTC)
        for ask in (first, second):
            # The bound is 0.25 s; a loaded machine gets more before this is a failure.
            while ask(line) == "GOOD 0":
                assert datetime.now(UTC) - frozen_at < timedelta(seconds=10)
            assert ask(line) == "REVOKED 1"


@contextmanager
def _process(pickled: str) -> Iterator[Callable[[str], str]]:
    command = [sys.executable, "-m", "tests.ca_service.answering", pickled]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdin
        assert child.stdout
        to_child, from_child = child.stdin, child.stdout

        def ask(line: str) -> str:
            to_child.write(f"{line}\n")
            to_child.flush()
            return from_child.readline().strip()

        try:
            yield ask
        finally:
            child.kill()


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
    command = [sys.executable, "-m", "tests.ca_service.presign_child", pickled, step]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    assert (_stored(wiring), _runs(wiring)) == (kept, [RunStatus.RUNNING])
    told: list[int] = []
    run = presign(office.services, office.operator, *_means(wiring), tell=lambda run: told.append(run.answers))
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
            others.append(presign(office.services, office.operator, *_means(wiring), stop=lambda: not to_the_end))

    with pytest.raises(errors.Conflict):
        presign(office.services, office.operator, *_means(wiring), tell=tell)
    status = RunStatus.FINISHED if to_the_end else RunStatus.RUNNING
    assert (others[0].status, others[0].answers, _runs(wiring)) == (status, _stored(wiring), [status])


def test_several_processes_sign_what_one_would(
    config: Config, clock: TestClock, wiring: Wiring, office: Office
) -> None:
    serials = [office.enrolled(str(number)).serial for number in range(3)]
    plan, signer = presigning.plan(wiring, "issuing"), presigning.answer_signer(wiring, workers=2)
    run = presign(office.services, office.operator, plan, signer)
    assert (run.status, run.answers) == (RunStatus.FINISHED, _stored(wiring))
    responder = _another(config, clock)
    assert {responder.ask(request_for(wiring, serial)).certificate_status for serial in serials} == {_GOOD}
    assert responder.signatures == 0


def test_both_hashes_are_signed_for_if_the_configuration_says_so(
    config: Config, clock: TestClock, office: Office
) -> None:
    ca = config.ca.model_copy(update={"ocsp_presigned_hashes": ("sha1", "sha256")})
    wiring = Wiring(config.model_copy(update={"ca": ca}), clock=clock)
    serial = office.enrolled().serial
    run = presign(office.services, office.operator, *_means(wiring))
    with wiring.database.read() as uow:
        assert run.answers == 2 * uow.ocsp_answers.count("issuing")
    responder = _another(config, clock)
    for algorithm in (hashes.SHA1(), hashes.SHA256()):
        assert responder.ask(request_for(wiring, serial, algorithm)).certificate_status is _GOOD
    assert responder.signatures == 0


def test_a_freeze_between_the_reading_of_version_and_statuses_is_in_no_answer_that_is_served(
    wiring: Wiring, office: Office, fill: Callable[[], PresignRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow, "BATCH", 100)
    serial = office.enrolled().serial
    beside = Wiring(wiring.config, clock=wiring.clock)
    asked: list[str] = []

    def freeze_before_the_second(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if re.match(r"SELECT (issuer.status_version|certificate.serial, certificate.revoked_at)[, \n]", statement):
            asked.append(statement)
            if len(asked) == 2:
                freeze(beside.services, office.reviewer, serial, reason=_WHY)

    event.listen(wiring.database.engine, "before_cursor_execute", freeze_before_the_second)
    assert fill().status is RunStatus.FINISHED
    assert len(asked) >= 2
    responder = Answering(Wiring(wiring.config, clock=wiring.clock))
    assert responder.ask(request_for(wiring, serial)).certificate_status is _REVOKED


def _go_back(wiring: Wiring, version: int) -> None:
    """The status log as in a copy: what came after `version` is not known, and its effects neither."""
    _execute(wiring, "UPDATE issuer SET status_version = :to WHERE name = 'issuing'", to=version)
    _execute(wiring, "DELETE FROM status_log WHERE version > :to", to=version)
    _execute(wiring, "UPDATE certificate SET status = 'active', revoked_at = NULL, reason = NULL WHERE reason = 6")


def test_after_a_restore_the_answers_of_the_forgotten_time_are_not_served_and_go(
    config: Config, clock: TestClock, wiring: Wiring, office: Office, fill: Callable[[], PresignRun]
) -> None:
    serial, other = office.enrolled("1").serial, office.enrolled("2").serial
    with wiring.database.read() as uow:
        copied = uow.issuers.get("issuing").status_version
    freeze(office.services, office.reviewer, serial, reason=_WHY)
    fill()
    early = _another(config, clock)
    request = request_for(wiring, serial)
    assert early.ask(request).certificate_status is _REVOKED
    _go_back(wiring, copied)
    for responder in (early, _another(config, clock)):
        assert responder.ask(request).certificate_status is _GOOD
        assert responder.signatures == 1
    assert sweep(office.services, "issuing") == 1
    assert (_stored(wiring), _runs(wiring)) == (0, [])
    # The log comes to the same version by another way: nobody has the old answers to believe in again.
    freeze(office.services, office.reviewer, other, reason=_WHY)
    late = _another(config, clock)
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
        presign(office.services, office.operator, *_means(wiring), tell=tell)
    assert _stored(wiring) == 2
    run = presign(office.services, office.operator, *_means(wiring))
    assert (run.number, run.reached) == (2, copied)
    assert _runs(wiring) == [RunStatus.DROPPED, RunStatus.FINISHED]


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
    responder = _another(config, clock)
    assert responder.ask(request_for(wiring, serial)).certificate_status is _GOOD
    assert responder.signatures == 0
    wiring.__dict__.pop("ocsp_key")
    second = fill()
    assert second.signer != first.signer
    fresh = _another(config, clock)
    answer = fresh.ask(request_for(wiring, serial))
    assert f"{answer.certificates[0].serial_number:x}" == second.signer
    assert fresh.signatures == 0
    assert sweep(office.services, "issuing") == 1
    assert _runs(wiring) == [RunStatus.FINISHED]


def test_a_signer_that_is_not_in_force_any_more_vouches_for_nothing(
    config: Config, clock: TestClock, wiring: Wiring, office: Office, fill: Callable[[], PresignRun]
) -> None:
    serial = office.enrolled().serial
    run = fill()
    _execute(wiring, "UPDATE certificate SET status = 'revoked' WHERE serial = :it", it=run.signer)
    assert periodic.renew_signer(wiring, periodic.OCSP_SIGNER)
    responder = _another(config, clock)
    answer = responder.ask(request_for(wiring, serial))
    assert responder.signatures == 1
    assert f"{answer.certificates[0].serial_number:x}" != run.signer
    assert sweep(office.services, "issuing") == 1
    assert _stored(wiring) == 0


def test_a_signer_replaced_in_the_middle_ends_the_run_and_the_next_one_begins_anew(
    wiring: Wiring, office: Office, clock: TestClock
) -> None:
    office.enrolled()
    plan, signer = _means(wiring)
    certificate = signer.certificate()

    def tell(run: PresignRun) -> None:
        if run.answers == 2:
            _new_signer(wiring, clock)
            wiring.ocsp_key._look_at = 0.0

    with pytest.raises(errors.Conflict, match="更换"):
        presign(office.services, office.operator, plan, signer, tell=tell)
    run = presign(office.services, office.operator, *_means(wiring))
    assert (run.number, run.answers) == (2, _stored(wiring))
    assert presigning.answer_signer(wiring).certificate() != certificate


def test_answers_are_served_in_the_first_half_of_their_life_and_swept_up_after_it(
    config: Config, clock: TestClock, wiring: Wiring, office: Office, fill: Callable[[], PresignRun]
) -> None:
    serial = office.enrolled().serial
    fill()
    request = request_for(wiring, serial)
    for hours, signatures in ((11, 0), (2, 1)):
        clock.pass_time(hours=hours)
        responder = _another(config, clock)
        assert responder.ask(request).certificate_status is _GOOD
        assert responder.signatures == signatures
    assert sweep(office.services, "issuing") == 0
    clock.pass_time(hours=12)
    assert sweep(office.services, "issuing") == 1
    assert (_stored(wiring), _runs(wiring)) == (0, [])


def test_the_answer_of_a_certificate_that_has_long_expired_goes_with_the_next_run(
    wiring: Wiring, office: Office, fill: Callable[[], PresignRun], clock: TestClock
) -> None:
    gone, kept = office.enrolled("1").serial, office.enrolled("2").serial
    before = fill()
    expired = clock() - timedelta(days=8)
    expired_text = expired.replace(tzinfo=None) if wiring.database.engine.dialect.name == "sqlite" else expired
    _execute(wiring, "UPDATE certificate SET not_after = :then WHERE serial = :it", then=expired_text, it=gone)
    assert fill().answers == before.answers - 1
    assert _stored(wiring) == before.answers
    responder = Answering(Wiring(wiring.config, clock=clock))
    assert responder.ask(request_for(wiring, gone)).certificate_status is _GOOD
    assert responder.signatures == 1
    assert sweep(office.services, "issuing") == 1
    assert _stored(wiring) == before.answers - 1
    assert sweep(office.services, "issuing") == 0
    with wiring.database.read() as uow:
        assert uow.certificates.get(kept).der


def test_the_worker_signs_ahead_only_if_told_and_then_slice_by_slice(config: Config, clock: TestClock) -> None:
    quiet = Wiring(config, clock=clock)
    periodic.presigner(quiet)()
    assert _runs(quiet) == []
    ca = config.ca.model_copy(update={"ocsp_presign_refresh": True})
    busy = Wiring(config.model_copy(update={"ca": ca}), clock=clock)
    task = periodic.presigner(busy)
    task()
    assert _runs(busy) == [RunStatus.FINISHED]
    task()
    assert _runs(busy) == [RunStatus.FINISHED]
    clock.pass_time(hours=8)
    task()
    task()
    assert _runs(busy) == [RunStatus.FINISHED]
    with busy.database.read() as uow:
        assert [run.number for run in uow.presign_runs.find()] == [2]


def test_a_slice_ends_when_it_is_told_and_another_worker_leaves_the_run_alone_until_it_is_abandoned(
    wiring: Wiring, office: Office, clock: TestClock
) -> None:
    def at_once() -> bool:
        return True

    mine, theirs, signer = (*(presigning.plan(wiring, "issuing") for _ in range(2)), presigning.answer_signer(wiring))
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


def test_a_run_that_was_left_for_too_long_is_not_gone_on_with(
    wiring: Wiring, office: Office, clock: TestClock, fill: Callable[[], PresignRun]
) -> None:
    presign(office.services, office.operator, *_means(wiring), stop=lambda: True)
    clock.pass_time(hours=7)
    assert fill().number == 2
    assert _runs(wiring) == [RunStatus.DROPPED, RunStatus.FINISHED]


def test_a_batch_with_a_wrong_signature_is_not_stored(wiring: Wiring, office: Office) -> None:
    real = wiring.ocsp_key
    wiring.__dict__["ocsp_key"] = lambda: replace(real(), sign=lambda tbs: real().sign(tbs + b"x"))
    with pytest.raises(errors.StateUnknown):
        presign(office.services, office.operator, *_means(wiring))
    assert _stored(wiring) == 0


def test_signing_ahead_is_audited_and_refused_to_those_who_may_not(wiring: Wiring, office: Office) -> None:
    with pytest.raises(errors.Forbidden):
        presign(office.services, office.clerk, *_means(wiring))
    presign(office.services, office.operator, *_means(wiring))
    with wiring.database.read() as uow:
        (entry,) = [entry for entry in uow.audit.entries() if entry.tag == "ca:ocsp:presigned"]
    assert (entry.subject, entry.actor) == ("issuing#1", office.operator.login)
