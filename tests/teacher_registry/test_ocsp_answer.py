"""Which OCSP answers are the CA's current word about the certificate that was asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from teacher_registry.verification.ocsp_answer import ResponderBusyError, ask, judge_answer
from teacher_registry.verification.revocation import UntrustedAnswerError
from tests.teacher_registry.authority import NOW, OCSP_SIGNER, Authority, Identity, certify
from tests.teacher_registry.revocations import HOLD, REVOKED, OcspWish, sign_ocsp

NONCE = bytes(range(32))


def judge(authority: Authority, admin: Identity, der: bytes, *, nonce_required: bool = False) -> str:
    """The status, or "untrusted"."""
    question = ask(admin.certificate, authority.issuing.certificate, NONCE)
    try:
        return judge_answer(der, question, authority.issuing.certificate, NOW, nonce_required=nonce_required)
    except UntrustedAnswerError:
        return "untrusted"


@pytest.fixture
def good(authority: Authority, admin: Identity) -> OcspWish:
    """A good answer by our delegated signer."""
    return OcspWish(authority.issuing, authority.ocsp_signer, admin.certificate.serial_number, nonce=NONCE)


def test_each_status_is_read(authority: Authority, admin: Identity, good: OcspWish) -> None:
    told = {
        "good": good,
        "frozen": replace(good, reason=HOLD),
        "revoked": replace(good, reason=REVOKED),
        "unknown": replace(good, unknown=True),
    }
    assert {k: judge(authority, admin, sign_ocsp(v)) for k, v in told.items()} == {k: k for k in told}


def test_the_issuing_ca_itself_may_sign(authority: Authority, admin: Identity, good: OcspWish) -> None:
    assert judge(authority, admin, sign_ocsp(replace(good, signer=authority.issuing, carried=()))) == "good"


def test_a_signer_named_by_name_is_found(authority: Authority, admin: Identity, good: OcspWish) -> None:
    assert judge(authority, admin, sign_ocsp(replace(good, by_key=False))) == "good"


def test_an_answer_about_another_certificate_is_untrusted(
    authority: Authority, admin: Identity, good: OcspWish
) -> None:
    assert judge(authority, admin, sign_ocsp(replace(good, serial=good.serial + 1))) == "untrusted"


def test_an_answer_of_another_issuer_about_the_same_serial_is_untrusted(
    authority: Authority, admin: Identity, good: OcspWish, stranger: Authority
) -> None:
    assert judge(authority, admin, sign_ocsp(replace(good, issuing=stranger.issuing))) == "untrusted"


def test_a_signer_of_another_ca_is_untrusted(
    authority: Authority, admin: Identity, good: OcspWish, stranger: Authority
) -> None:
    assert judge(authority, admin, sign_ocsp(replace(good, signer=stranger.ocsp_signer))) == "untrusted"


@pytest.mark.parametrize(
    "deviation",
    [
        {"usages": ()},
        {"usages": (ExtendedKeyUsageOID.CLIENT_AUTH,)},
        {"extra": ()},
        {"digital_signature": False},
        {"not_after": NOW - timedelta(seconds=1)},
        {"not_before": NOW + timedelta(minutes=1)},
    ],
    ids=["no-eku", "other-eku", "no-nocheck", "no-digital-signature", "expired", "not-yet"],
)
def test_a_certificate_of_our_ca_that_is_no_current_ocsp_delegate_is_untrusted(
    authority: Authority, admin: Identity, good: OcspWish, deviation: dict[str, Any]
) -> None:
    """RFC 6960 §4.2.2.2. An administrator could otherwise declare himself good."""
    signer = certify(replace(OCSP_SIGNER, **deviation), authority.issuing)
    assert judge(authority, admin, sign_ocsp(replace(good, signer=signer))) == "untrusted"


def test_a_delegate_of_the_root_is_untrusted(authority: Authority, admin: Identity, good: OcspWish) -> None:
    signer = certify(OCSP_SIGNER, authority.root)
    assert judge(authority, admin, sign_ocsp(replace(good, signer=signer))) == "untrusted"


def test_a_missing_signer_certificate_is_untrusted(authority: Authority, admin: Identity, good: OcspWish) -> None:
    assert judge(authority, admin, sign_ocsp(replace(good, carried=()))) == "untrusted"


def test_our_delegate_carried_along_does_not_lend_its_name(
    authority: Authority, admin: Identity, good: OcspWish, stranger: Authority
) -> None:
    forged = replace(good, signer=stranger.ocsp_signer, carried=(authority.ocsp_signer,), by_key=False)
    assert judge(authority, admin, sign_ocsp(forged)) == "untrusted"


def test_the_answer_is_dead_at_its_next_update(authority: Authority, admin: Identity, good: OcspWish) -> None:
    ten = timedelta(minutes=10)
    assert judge(authority, admin, sign_ocsp(replace(good, at=NOW - ten))) == "untrusted"
    assert judge(authority, admin, sign_ocsp(replace(good, at=NOW - ten + timedelta(seconds=1)))) == "good"


def test_an_answer_without_next_update_is_good_for_the_moment_only(
    authority: Authority, admin: Identity, good: OcspWish
) -> None:
    assert judge(authority, admin, sign_ocsp(replace(good, lifetime=None))) == "good"
    old = replace(good, lifetime=None, at=NOW - timedelta(seconds=11))
    assert judge(authority, admin, sign_ocsp(old)) == "untrusted"


def test_a_clock_a_little_ahead_is_forgiven_and_the_future_is_not(
    authority: Authority, admin: Identity, good: OcspWish
) -> None:
    assert judge(authority, admin, sign_ocsp(replace(good, at=NOW + timedelta(seconds=5)))) == "good"
    assert judge(authority, admin, sign_ocsp(replace(good, at=NOW + timedelta(seconds=6)))) == "untrusted"


def test_another_nonce_is_a_replay(authority: Authority, admin: Identity, good: OcspWish) -> None:
    assert judge(authority, admin, sign_ocsp(replace(good, nonce=bytes(32)))) == "untrusted"


def test_a_prepared_answer_without_nonce_passes_unless_a_nonce_is_required(
    authority: Authority, admin: Identity, good: OcspWish
) -> None:
    prepared = sign_ocsp(replace(good, nonce=None))
    assert judge(authority, admin, prepared) == "good"
    assert judge(authority, admin, prepared, nonce_required=True) == "untrusted"
    assert judge(authority, admin, sign_ocsp(good), nonce_required=True) == "good"


def test_every_damaged_octet_is_untrusted_or_still_says_the_same(
    authority: Authority, admin: Identity, good: OcspWish
) -> None:
    """Octets of the carried certificate that nothing depends on may change; "good" may never come of a frozen
    one.
    """
    der = sign_ocsp(replace(good, reason=HOLD))
    for position in range(0, len(der), 3):
        damaged = bytearray(der)
        damaged[position] ^= 0x04
        try:
            assert judge(authority, admin, bytes(damaged)) in ("untrusted", "frozen"), position
        except ResponderBusyError:
            assert position < 16  # responseStatus, which is not signed


@pytest.mark.parametrize("octets", [b"", b"\x30\x00", b"<html>", b"\x30\x80" * 3000])
def test_octets_that_are_no_answer_are_untrusted(authority: Authority, admin: Identity, octets: bytes) -> None:
    assert judge(authority, admin, octets) == "untrusted"


def test_unsigned_errors_are_silence_or_untrusted(authority: Authority, admin: Identity) -> None:
    def error(status: ocsp.OCSPResponseStatus) -> bytes:
        return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)

    with pytest.raises(ResponderBusyError):
        judge(authority, admin, error(ocsp.OCSPResponseStatus.TRY_LATER))
    assert judge(authority, admin, error(ocsp.OCSPResponseStatus.UNAUTHORIZED)) == "untrusted"


def test_the_question_carries_our_nonce(authority: Authority, admin: Identity) -> None:
    der = ask(admin.certificate, authority.issuing.certificate, NONCE).der
    request = ocsp.load_der_ocsp_request(der)
    assert request.serial_number == admin.certificate.serial_number
    assert request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == NONCE
