"""OCSP answers signed ahead: every responder serves them without a signature, and none that is untrue."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as judge
from sqlalchemy import event

from ca_service import presigning
from ca_service.config import Config
from ca_service.domain.certificates import CertificateStatus, RevocationReason
from ca_service.domain.presigned import PresignRun, RunStatus
from ca_service.store import answers
from ca_service.wiring import Wiring
from ca_service.workflows.certificate_status import freeze, revoke, unfreeze
from ca_service.workflows.presign import presign
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office
from tests.ca_service.presigned.answering import Answering, request_for
from tests.ca_service.presigned.means import another, means, stored

_WHY = "reported by telephone"
_GOOD, _REVOKED = judge.OCSPCertStatus.GOOD, judge.OCSPCertStatus.REVOKED


def test_every_responder_serves_what_was_signed_ahead_without_a_signature(
    config: Config, clock: TestClock, wiring: Wiring, office: Office, fill: Callable[[], PresignRun]
) -> None:
    good, frozen = office.enrolled("1").serial, office.enrolled("2").serial
    freeze(office.services, office.reviewer, frozen, reason=_WHY)
    run = fill()
    with wiring.database.read() as uow:
        issued = [c for c in uow.certificates.find(issuer="issuing") if c.status is not CertificateStatus.SIGNING]
    assert (run.status, run.answers, stored(wiring)) == (RunStatus.FINISHED, len(issued), len(issued))
    later = office.enrolled("3").serial
    for responder in (another(config, clock), another(config, clock)):
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
    early = another(config, clock)
    assert early.ask(request).certificate_status is _GOOD
    freeze(office.services, office.reviewer, serial, reason=_WHY)
    late = another(config, clock)
    for responder in (early, late):
        assert responder.ask(request).certificate_status is _REVOKED
        assert responder.ask(untouched).certificate_status is _GOOD
        assert responder.signatures == 1
    unfreeze(office.services, office.reviewer, serial, reason=_WHY)
    fill()
    revoke(office.services, office.reviewer, serial, reason=_WHY, crl_reason=RevocationReason.KEY_COMPROMISE)
    for responder in (early, late, another(config, clock)):
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
    command = [sys.executable, "-m", "tests.ca_service.presigned.answering", pickled]
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


def test_a_freeze_between_the_reading_of_version_and_statuses_is_in_no_answer_that_is_served(
    wiring: Wiring, office: Office
) -> None:
    serial = office.enrolled().serial
    beside = Wiring(wiring.config, clock=wiring.clock)
    asked: list[str] = []

    def freeze_before_the_second(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if re.match(r"SELECT (issuer.status_version|certificate.serial, certificate.revoked_at)[, \n]", statement):
            asked.append(statement)
            if len(asked) == 2:
                freeze(beside.services, office.reviewer, serial, reason=_WHY)

    event.listen(wiring.database.engine, "before_cursor_execute", freeze_before_the_second)
    plan, signer = presigning.plan(wiring, "issuing", batch=100), presigning.answer_signer(wiring, "issuing")
    assert presign(office.services, office.operator, plan, signer).status is RunStatus.FINISHED
    assert len(asked) >= 2
    responder = Answering(Wiring(wiring.config, clock=wiring.clock))
    assert responder.ask(request_for(wiring, serial)).certificate_status is _REVOKED


def test_a_responder_that_was_there_before_the_store_was_filled_serves_from_it(
    config: Config, clock: TestClock, office: Office, fill: Callable[[], PresignRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_LOOK_AGAIN", 0.0)
    serials = [office.enrolled(str(number)).serial for number in range(2)]
    responder = another(config, clock)
    requests = [request_for(Wiring(config), serial) for serial in serials]
    responder.ask(requests[0])
    fill()
    for request in requests:
        assert responder.ask(request).certificate_status is _GOOD
    assert responder.signatures == 1


def test_both_hashes_are_signed_for_if_the_configuration_says_so(
    config: Config, clock: TestClock, office: Office
) -> None:
    ca = config.ca.model_copy(update={"ocsp_presigned_hashes": ("sha1", "sha256")})
    wiring = Wiring(config.model_copy(update={"ca": ca}), clock=clock)
    serial = office.enrolled().serial
    run = presign(office.services, office.operator, *means(wiring))
    with wiring.database.read() as uow:
        assert run.answers == 2 * uow.ocsp_answers.count("issuing")
    responder = another(config, clock)
    for algorithm in (hashes.SHA1(), hashes.SHA256()):
        assert responder.ask(request_for(wiring, serial, algorithm)).certificate_status is _GOOD
    assert responder.signatures == 0
