"""What the responder says, as `cryptography` reads it, and that nothing makes it raise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp as other
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp import Good, Revoked, Unknown

from .world import DAY, DER, NOW, Source, World, load, make_authority, make_multi_request, make_request


def error(body: bytes) -> str:
    return load(body).response_status.name


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()], ids=["sha1", "sha256"])
def test_good_certificate_is_good(algorithm: hashes.HashAlgorithm) -> None:
    world = World()
    response = load(world.responder.answer(make_request(12, algorithm=algorithm)).body)
    assert response.certificate_status is other.OCSPCertStatus.GOOD
    assert (response.serial_number, response.hash_algorithm.name) == (12, algorithm.name)
    assert response.produced_at_utc == response.this_update_utc == NOW
    assert response.next_update_utc == NOW + timedelta(minutes=10)
    assert len(response.extensions) == 0


def test_response_is_signed_by_the_delegated_signer_and_names_it_by_key() -> None:
    """RFC 6960 4.2.1: KeyHash is the SHA-1 of the value of the BIT STRING subjectPublicKey."""
    world = World()
    response = world.status(12)
    signer = world.authority.signer_certificate
    public_key = signer.public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    public_key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
    assert response.certificates == [signer]
    assert response.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(public_key).digest


def test_certificate_on_hold_is_revoked_with_its_reason_and_time() -> None:
    world = World(source=Source({12: Revoked(NOW - DAY, 6), 13: Revoked(NOW, None), 14: Revoked(NOW, 0)}))
    held = world.status(12)
    assert held.certificate_status is other.OCSPCertStatus.REVOKED
    assert (held.revocation_time_utc, held.revocation_reason) == (
        NOW - DAY,
        x509.ReasonFlags.certificate_hold,
    )
    assert world.status(13).revocation_reason is None
    assert world.status(14).revocation_reason is None


def test_unknown_is_unknown() -> None:
    assert World(source=Source({12: Unknown()})).status(12).certificate_status is other.OCSPCertStatus.UNKNOWN


def test_serial_never_issued_is_revoked_since_1970_with_extended_revoke() -> None:
    """RFC 6960 2.2: reason certificateHold, time January 1, 1970, and the extended revoked definition."""
    response = World().status(999)
    assert response.certificate_status is other.OCSPCertStatus.REVOKED
    assert response.revocation_time_utc == datetime(1970, 1, 1, tzinfo=UTC)
    assert response.revocation_reason is x509.ReasonFlags.certificate_hold
    assert [extension.oid.dotted_string for extension in response.extensions] == ["1.3.6.1.5.5.7.48.1.9"]


def test_nonce_is_echoed_and_the_answer_not_kept_anywhere() -> None:
    world = World()
    answer = world.responder.answer(make_request(12, nonce=b"n" * 32))
    nonce = load(answer.body).extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    assert (nonce, answer.max_age) == (b"n" * 32, 0)
    assert ("Cache-Control", "no-store") in answer.headers
    again = world.responder.answer(make_request(12, nonce=b"n" * 32))
    assert load(again.body).signature != load(answer.body).signature
    assert world.source.status_reads == 1


def test_several_certificates_are_answered_together_in_their_order() -> None:
    world = World()
    world.source.change(13, Revoked(NOW, 1))
    answer = world.responder.answer(make_multi_request(*map(make_request, (12, 13, 999, 12))))
    statuses = [(single.serial_number, single.certificate_status.name) for single in load(answer.body).responses]
    assert statuses == [(12, "GOOD"), (13, "REVOKED"), (999, "REVOKED"), (12, "GOOD")]
    assert answer.max_age == 0
    assert world.source.status_reads == 1


def test_foreign_issuer_is_unauthorized() -> None:
    """RFC 5019 2.2.3: unauthorized when the responder has no authoritative records of the certificate."""
    world, foreign = World(), make_authority("外来CA")
    assert error(world.responder.answer(make_request(12, authority=foreign)).body) == "UNAUTHORIZED"
    other_hash = make_request(12, algorithm=hashes.SHA384())
    assert error(world.responder.answer(other_hash).body) == "UNAUTHORIZED"
    assert world.source.status_reads == 0


def test_two_issuers_are_served_side_by_side_but_not_in_one_request() -> None:
    first, second = make_authority(), make_authority("第二教育CA")
    served = [
        ocsp.ServedIssuer(first.ca.public_bytes(DER), Source({12: Good()}), lambda: first.signer),
        ocsp.ServedIssuer(second.ca.public_bytes(DER), Source({12: Revoked(NOW, 4)}), lambda: second.signer),
    ]
    responder = ocsp.Responder(served, lambda: NOW, monotonic=lambda: 0.0)
    one, two = make_request(12), make_request(12, authority=second)
    for _ in range(2):
        assert load(responder.answer(one).body).certificate_status.name == "GOOD"
        answered = load(responder.answer(two).body)
        assert answered.certificate_status.name == "REVOKED"
        assert answered.certificates == [second.signer_certificate]
    assert error(responder.answer(make_multi_request(one, two)).body) == "UNAUTHORIZED"


def test_one_issuer_given_twice_is_refused() -> None:
    authority = make_authority()
    served = ocsp.ServedIssuer(authority.ca.public_bytes(DER), Source(), lambda: authority.signer)
    with pytest.raises(ocsp.ImpossibleResponse, match="same name and key"):
        ocsp.Responder([served, served], lambda: NOW)


def test_broken_source_means_try_later_until_it_is_mended() -> None:
    world = World()
    world.source.broken = True
    answer = world.responder.answer(make_request(12))
    assert (answer.body, answer.max_age) == (ocsp.TRY_LATER, 0)
    world.source.broken = False
    assert world.status(12).certificate_status is other.OCSPCertStatus.GOOD


def unplugged() -> ocsp.ResponderKey:
    raise RuntimeError("the token is gone")


def test_a_source_that_stays_away_is_logged_now_and_then_and_not_for_each_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.source.broken = True
    for _ in range(50):
        world.responder.answer(make_request(12))
    assert world.responder.counts.try_later == 50
    assert len([one for one in caplog.records if one.exc_info]) == 1
    world.seconds += 60
    world.responder.answer(make_request(12))
    assert len([one for one in caplog.records if one.exc_info]) == 2


def test_signer_out_of_order_means_try_later() -> None:
    world = World()
    world.key = unplugged
    assert world.responder.answer(make_request(12)).body == ocsp.TRY_LATER
    expired = world.authority.new_signer(not_after=NOW)
    world.key = lambda: expired
    assert world.responder.answer(make_request(12)).body == ocsp.TRY_LATER


def test_signer_whose_time_has_not_come_means_try_later() -> None:
    world = World(now=NOW - 4000 * DAY)
    assert world.responder.answer(make_request(12)).body == ocsp.TRY_LATER


def test_signer_that_is_no_signer_is_an_internal_error() -> None:
    world = World()
    world.key = lambda: replace(world.authority.signer, certificate=b"none")
    assert world.responder.answer(make_request(12)).body == ocsp.INTERNAL_ERROR


def test_answer_does_not_outlive_its_signers_certificate() -> None:
    world = World()
    short = world.authority.new_signer(not_after=NOW + timedelta(seconds=8))
    world.key = lambda: short
    answer = world.responder.answer(make_request(12))
    assert load(answer.body).next_update_utc == NOW + timedelta(seconds=8)
    assert answer.max_age == 4


def test_new_signer_signs_the_next_new_answer() -> None:
    world = World()
    world.status(12)
    renewed = world.authority.new_signer(not_after=NOW + DAY)
    world.key = lambda: renewed
    (signer,) = world.status(13).certificates
    assert signer.public_bytes(DER) == renewed.certificate


def test_malformed_request_is_told_so() -> None:
    assert error(World().responder.answer(b"\x30\x00").body) == "MALFORMED_REQUEST"


@given(st.binary(max_size=60))
def test_arbitrary_bytes_never_raise(data: bytes) -> None:
    assert World().responder.answer(data).body == ocsp.MALFORMED_REQUEST


@pytest.mark.parametrize(("validity", "max_age"), [(timedelta(0), timedelta(0)), (DAY, DAY), (DAY, -DAY), (-DAY, -DAY)])
def test_lives_that_contradict_each_other_are_refused(validity: timedelta, max_age: timedelta) -> None:
    with pytest.raises(ocsp.ImpossibleResponse):
        ocsp.Policy(validity=validity, max_age=max_age)


@pytest.mark.parametrize("reason", [7, 8, 11, -1])
def test_reason_that_no_revocation_has_is_refused(reason: int) -> None:
    with pytest.raises(ocsp.ImpossibleResponse, match="reason"):
        Revoked(NOW, reason)


@pytest.mark.parametrize(
    ("produced_at", "next_update"),
    [(NOW, NOW), (NOW, NOW - DAY), (datetime(2026, 1, 1), datetime(2026, 1, 2))],
)
def test_response_with_impossible_times_is_refused(produced_at: datetime, next_update: datetime) -> None:
    with pytest.raises(ocsp.ImpossibleResponse):
        ocsp.build_response(make_authority().signer, [], produced_at=produced_at, next_update=next_update)
