"""Told over HTTP: stale, spoilt and missing answers are found, honest ones in a moving world are believed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from ca_service.audit.status import Auditor, Check, Reader
from ca_service.audit.status.answers import Answer
from ca_service.audit.status.findings import GOOD, HOLD, Word
from ca_service.audit.status.replay import Life, Moment
from ca_service.audit.status.responders import _contradiction
from ca_service.domain.certificates import RevocationReason
from ca_service.workflows.certificate_status import freeze, revoke, unfreeze
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service.status_audit.scene import Scene, serving

_WHY = "电话报失"


def test_two_responders_that_follow_the_log_agree(scene: Scene) -> None:
    with serving(scene.wiring) as one, serving(scene.wiring) as two:
        reader = Reader(scene.wiring.database.reading)
        report = Auditor(reader, "issuing", scene.clock, (one, two), 0.3).everything()
    assert report.disagreements == []
    # Each of the six, the service's own certificates that never changed, and one that was never issued.
    assert report.answers >= 2 * 7


def _freeze(scene: Scene) -> None:
    freeze(scene.office.services, scene.office.reviewer, scene.cast.untouched, reason=_WHY)


def _release(scene: Scene) -> None:
    unfreeze(scene.office.services, scene.office.reviewer, scene.cast.frozen, reason=_WHY)


def _end(scene: Scene) -> None:
    reason = RevocationReason.KEY_COMPROMISE
    revoke(scene.office.services, scene.office.reviewer, scene.cast.frozen, reason=_WHY, crl_reason=reason)


@pytest.mark.parametrize(("act", "who"), [(_freeze, "untouched"), (_release, "frozen"), (_end, "frozen")])
def test_a_responder_that_was_left_behind_is_named_with_what_it_still_says(
    scene: Scene, tmp_path: Path, act: Callable[[Scene], None], who: str
) -> None:
    with scene.earlier_copy(tmp_path) as behind, serving(behind.wiring) as stale, serving(scene.wiring) as fresh:
        scene.clock.pass_time(seconds=10)
        act(scene)
        publish_crl(scene.office.services, scene.office.operator, "issuing")
        found = scene.found(stale, fresh)
    answers = [one for one in found if one.check is Check.ANSWER]
    assert [(one.serial, set(one.said)) for one in answers] == [
        (getattr(scene.cast, who), {"history", f"OCSP {stale}"})
    ]
    # The lists that it serves were left behind too, complete and delta.
    copies = [one for one in found if one.check is Check.COPY]
    assert {source for one in copies for source in one.said if source.startswith(stale)} == {
        f"{stale}/crl/issuing.crl",
        f"{stale}/crl/delta/issuing.crl",
    }
    assert len(found) == len(answers) + len(copies)


def test_a_responder_whose_table_has_another_reason_is_named(scene: Scene, tmp_path: Path) -> None:
    with scene.earlier_copy(tmp_path) as other, serving(other.wiring) as url:
        other.sql("UPDATE certificate SET reason = 5 WHERE serial = :s", s=scene.cast.revoked)
        (found,) = scene.found(url)
    assert (found.check, found.serial) == (Check.ANSWER, scene.cast.revoked)
    assert "keyCompromise" in found.said["history"]
    assert "cessationOfOperation" in found.said[f"OCSP {url}"]


def _flipped(answer: bytes) -> bytes:
    """The last digit of producedAt is another one: still a time, but not the one that was signed."""
    place = answer.index(b"\x18\x0f") + 15
    return answer[:place] + bytes([answer[place] ^ 1]) + answer[place + 1 :]


def _by_a_stranger(answer: bytes) -> bytes:
    """The same answer under a good signature, by somebody whom the CA never certified."""
    (single,) = ocsp.load_der_ocsp_response(answer).responses
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stranger")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
    signer = builder.add_extension(x509.OCSPNoCheck(), critical=False).sign(key, hashes.SHA256())
    forged = ocsp.OCSPResponseBuilder().add_response_by_hash(
        single.issuer_name_hash, single.issuer_key_hash, single.serial_number, single.hash_algorithm,
        single.certificate_status, single.this_update_utc, single.next_update_utc, single.revocation_time_utc,
        single.revocation_reason,
    ).responder_id(ocsp.OCSPResponderEncoding.HASH, signer).certificates([signer])  # fmt: skip
    return forged.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (_flipped, Check.ANSWER_FORM),
        (_by_a_stranger, Check.ANSWER_FORM),
        (lambda _answer: b"\x30\x03\x0a\x01\x03", Check.UNREADABLE),  # tryLater
        (lambda answer: answer[:-1], Check.UNREADABLE),
    ],
)
def test_answers_that_are_spoilt_on_the_way_are_reported(
    scene: Scene, spoil: Callable[[bytes], bytes], check: Check
) -> None:
    with serving(scene.wiring, spoil=spoil) as url:
        found = scene.found(url, everything=False)
    assert check in {one.check for one in found}
    assert scene.cast.frozen in {one.serial for one in found}


def test_an_answer_about_another_certificate_is_reported(scene: Scene) -> None:
    kept: list[bytes] = []

    def always_the_first(answer: bytes) -> bytes:
        kept.append(answer)
        return kept[0]

    with serving(scene.wiring, spoil=always_the_first) as url:
        found = scene.found(url)
    assert Check.ANSWER_FORM in {one.check for one in found}


def test_an_answer_past_its_time_is_reported(scene: Scene) -> None:
    with serving(scene.wiring) as url:
        late = Auditor(
            Reader(scene.wiring.database.reading), "issuing", lambda: scene.clock() + timedelta(minutes=11), (url,), 0.3
        )
        found = late.newest().disagreements
    assert {one.check for one in found} == {Check.ANSWER_FORM, Check.ANSWER}
    assert all("nextUpdate" in str(one.said) for one in found)


def test_a_responder_that_is_not_there_is_named_and_not_passed_over(scene: Scene) -> None:
    found = scene.found("http://127.0.0.1:1", everything=False)
    assert {one.check for one in found} == {Check.UNREADABLE, Check.ANSWER}
    assert all("127.0.0.1:1" in str(one.said) for one in found)


# While changes go on: good, on hold since 10 s (version 5), good since 20 s (7), revoked since 30 s (9)
_T0 = datetime(2026, 11, 1, tzinfo=UTC)


def _at(seconds: float) -> datetime:
    return _T0 + timedelta(seconds=seconds)


_HELD, _GONE = Word(_at(10), HOLD), Word(_at(30), 1)
_LIFE = Life(
    (
        Moment(5, _at(10), "frozen", _HELD),
        Moment(7, _at(20), "active", GOOD),
        Moment(9, _at(30), "revoked", _GONE),
    ),
    "revoked",
    (),
)


@pytest.mark.parametrize(
    ("word", "as_of", "first", "last", "believed"),
    [
        (_HELD, 10, 5, 6, True),
        (GOOD, 9, 5, 6, False),  # the hold was there before it was asked
        (GOOD, 9, 4, 5, True),  # the hold came while it was asked
        (_HELD, 11, 4, 5, True),
        (_HELD, 12, 6, 8, True),
        (_HELD, 12, 7, 8, False),  # released before it was asked
        (GOOD, 5, 7, 8, False),  # good, but from before the hold
        (GOOD, 20, 7, 8, True),
        (_GONE, 30, 8, 9, True),
        (_GONE, 25, 9, 9, False),  # told before it happened
        (_HELD, 31, 9, 9, False),
        (_GONE._replace(reason=5), 31, 9, 9, False),
        (_GONE._replace(at=_at(31)), 31, 9, 9, False),
    ],
)
def test_an_answer_is_believed_if_it_held_at_some_moment_while_it_was_asked(
    word: Word, as_of: int, first: int, last: int, *, believed: bool
) -> None:
    assert (_contradiction(_LIFE, Answer(word, _at(as_of), ()), first, last) == "") is believed
