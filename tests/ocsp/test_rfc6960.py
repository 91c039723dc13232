"""RFC 6960 clause by clause, as a responder meets it; read by `cryptography`.

One test a clause, whose words, shortened, stand in the docstring. Other files go further into detail.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp as other

import ocsp
from ocsp import Good, Policy, Revoked, Unknown, der

from .test_request import CRITICAL, GOOD, NOTHING, OTHER, with_extensions
from .test_wsgi import call
from .world import DAY, DER, NOW, Source, World, load, make_authority, make_multi_request, make_request

ARCHIVE = bytes.fromhex("2b0601050507300106")


def error(data: bytes, world: World | None = None) -> str:
    return load((world or World()).responder.answer(data).body).response_status.name


def test_6960_2_1_signed_request_is_answered_like_any_other() -> None:
    """4.1.2: The requestor MAY choose to sign the OCSP request. (Nothing here depends on who asks.)"""
    tbs = der.Reader(GOOD).contents(der.SEQUENCE)
    signed = der.tlv(der.SEQUENCE, tbs, der.tlv(0xA0, der.tlv(der.SEQUENCE, b"\x30\x00", b"\x03\x02\x00\x01")))
    assert ocsp.parse_request(signed).cert_ids == ocsp.parse_request(GOOD).cert_ids


def test_6960_2_2_definitive_response_is_signed() -> None:
    """All definitive response messages SHALL be digitally signed."""
    response = World().status(12)
    signer = make_authority().signer_certificate.public_key()
    assert isinstance(signer, ec.EllipticCurvePublicKey)
    signer.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        signer.verify(response.signature, response.tbs_response_bytes + b"\0", ec.ECDSA(hashes.SHA256()))


def test_6960_2_2_good_revoked_unknown() -> None:
    """This specification defines the following definitive response indicators ... good, revoked, unknown."""
    world = World(source=Source({1: Good(), 2: Revoked(NOW, 1), 3: Unknown()}))
    assert [world.status(serial).certificate_status.name for serial in (1, 2, 3)] == ["GOOD", "REVOKED", "UNKNOWN"]


def test_6960_2_2_revoked_either_temporarily_or_permanently() -> None:
    """... revoked, either temporarily (the revocation reason is certificateHold) or permanently."""
    world = World(source=Source({1: Revoked(NOW - DAY, 6), 2: Revoked(NOW, 5)}))
    assert world.status(1).revocation_reason is x509.ReasonFlags.certificate_hold
    assert world.status(2).revocation_reason is x509.ReasonFlags.cessation_of_operation


def test_6960_2_2_non_issued_has_the_extended_revoked_definition() -> None:
    """When a responder sends a "revoked" response to a status request for a non-issued certificate, the responder MUST
    include the extended revoked definition response extension (Section 4.4.8) in the response."""
    assert [extension.oid.dotted_string for extension in World().status(999).extensions] == ["1.3.6.1.5.5.7.48.1.9"]


def test_6960_2_2_non_issued_is_on_hold_since_1970_without_extensions() -> None:
    """The SingleResponse ... MUST specify the revocation reason certificateHold (6), MUST specify the revocationTime
    January 1, 1970, and MUST NOT include a CRL references extension or any CRL entry extensions."""
    response = World().status(999)
    assert response.revocation_reason is x509.ReasonFlags.certificate_hold
    assert response.revocation_time_utc == datetime(1970, 1, 1, tzinfo=UTC)
    assert len(response.single_extensions) == 0


@pytest.mark.parametrize("body", [ocsp.MALFORMED_REQUEST, ocsp.INTERNAL_ERROR, ocsp.TRY_LATER, ocsp.UNAUTHORIZED])
def test_6960_2_3_errors_are_not_signed(body: bytes) -> None:
    """In case of errors, the OCSP responder may return an error message. These messages are not signed.

    4.2.1: If the value of responseStatus is one of the error conditions, the responseBytes field is not set.
    """
    response = load(body)
    assert response.response_status is not other.OCSPResponseStatus.SUCCESSFUL
    assert len(body) == 5


def test_6960_2_3_malformed_request() -> None:
    """A server produces the "malformedRequest" response if the request received does not conform to the OCSP syntax."""
    assert error(b"\x30\x03\x02\x01\x00") == "MALFORMED_REQUEST"


def test_6960_2_3_internal_error() -> None:
    """The response "internalError" indicates that the OCSP responder reached an inconsistent internal state."""
    world = World()
    world.key = lambda: replace(world.authority.signer, certificate=b"no certificate")
    assert error(make_request(12), world) == "INTERNAL_ERROR"


def test_6960_2_3_try_later() -> None:
    """... operational but unable to return a status for the requested certificate ... temporarily unable to respond."""
    world = World()
    world.source.broken = True
    assert error(make_request(12), world) == "TRY_LATER"


def test_6960_2_4_times_are_those_of_the_clock() -> None:
    """thisUpdate: The most recent time at which the status being indicated is known to be correct. nextUpdate: the time
    at or before which newer information will be available. producedAt: when the responder signed this response."""
    world = World(now=NOW + timedelta(microseconds=999_999), policy=Policy(validity=timedelta(minutes=4)))
    response = world.status(12)
    assert response.this_update_utc == response.produced_at_utc == NOW
    assert response.next_update_utc == NOW + timedelta(minutes=4)


def test_6960_2_6_signer_is_delegated_and_in_the_response() -> None:
    """... the certificate's issuer MUST delegate by including the id-kp-OCSPSigning value in the extended key usage of
    the OCSP signer's certificate. 4.2.1: certs helps the client verify the responder's signature."""
    (signer,) = World().status(12).certificates
    usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [purpose.dotted_string for purpose in usage] == ["1.3.6.1.5.5.7.3.9"]
    assert signer.issuer == make_authority().ca.subject


def test_6960_4_1_1_cert_id_comes_back_octet_by_octet() -> None:
    """4.1.1: CertID; 4.2.1: certID in SingleResponse. Even one without the algorithm's parameters, which is legal."""
    facts = ocsp.parse_request(make_request(12)).cert_ids[0]
    bare = facts.raw.replace(b"\x05\x00", b"").replace(b"\x30\x09\x06\x05", b"\x30\x07\x06\x05")
    bare = bytes([bare[0], bare[1] - 2]) + bare[2:]
    asked = der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, bare))))
    for raw, request in ((facts.raw, make_request(12)), (bare, asked)):
        assert raw in World().responder.answer(request).body


def test_6960_4_1_2_unrecognised_extension_is_ignored_unless_critical() -> None:
    """Unrecognized extensions MUST be ignored (unless they have the critical flag set and are not understood)."""
    ignored = with_extensions(der.tlv(der.SEQUENCE, OTHER, NOTHING))
    assert ocsp.parse_request(ignored).nonce is None
    with pytest.raises(ocsp.MalformedRequest, match="critical"):
        ocsp.parse_request(with_extensions(CRITICAL))


def test_6960_4_2_1_basic_response_type() -> None:
    """OCSP responders SHALL be capable of producing responses of the id-pkix-ocsp-basic response type."""
    body = World().responder.answer(make_request(12)).body
    assert bytes.fromhex("06092b0601050507300101") in body[:40]


def test_6960_4_2_1_responder_id_by_key() -> None:
    """KeyHash: SHA-1 hash of responder's public key (excluding the tag and length fields)."""
    response = World().status(12)
    signer = make_authority().signer_certificate
    assert response.responder_name is None
    assert response.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(signer.public_key()).digest


def test_6960_4_2_1_reason_unspecified_is_left_out() -> None:
    """RevokedInfo: revocationReason is OPTIONAL; RFC 5280 5.3.1 has unspecified left out rather than said."""
    assert World(source=Source({12: Revoked(NOW, 0)})).status(12).revocation_reason is None


def test_6960_4_2_2_1_answer_ends_before_its_signer_does() -> None:
    """Responses whose nextUpdate value is earlier than the local system time value SHOULD be considered unreliable.

    So nextUpdate is not promised beyond what the signer's certificate can still prove.
    """
    world = World()
    short = world.authority.new_signer(not_after=NOW + timedelta(seconds=90))
    world.key = lambda: short
    assert world.status(12).next_update_utc == NOW + timedelta(seconds=90)


def test_6960_4_2_2_2_1_signer_is_not_to_be_asked_about() -> None:
    """A CA may specify that an OCSP client can trust a responder for the lifetime of the responder's certificate ... by
    including the extension id-pkix-ocsp-nocheck."""
    (signer,) = World().status(12).certificates
    assert signer.extensions.get_extension_for_class(x509.OCSPNoCheck).critical is False


def test_6960_4_2_2_2_signer_rolls_over_without_a_gap() -> None:
    """A new signer of thirty days each twenty days: at every hour an answer by a signer that is valid then."""
    world, made = World(), [NOW - DAY]

    def current() -> ocsp.ResponderKey:
        if world.now - made[-1] >= 20 * DAY:
            made.append(world.now)
        return signer_of(made[-1] + 30 * DAY)

    signers: dict[datetime, ocsp.ResponderKey] = {}

    def signer_of(end: datetime) -> ocsp.ResponderKey:
        if end not in signers:
            signers[end] = world.authority.new_signer(not_after=end)
        return signers[end]

    world.key = current
    for _ in range(24 * 50):
        response = world.status(12)
        (signer,) = response.certificates
        assert signer.not_valid_before_utc <= world.now < signer.not_valid_after_utc
        assert response.next_update_utc is not None
        assert world.now < response.next_update_utc <= signer.not_valid_after_utc
        world.wait(3600)
    assert len(made) == 3


def test_6960_4_2_2_3_each_certificate_of_the_request_and_no_other() -> None:
    """The response MUST include a SingleResponse for each certificate in the request. The response SHOULD NOT include
    any additional SingleResponse elements."""
    asked = [12, 13, 999, 12]
    answer = World().responder.answer(make_multi_request(*map(make_request, asked)))
    assert [single.serial_number for single in load(answer.body).responses] == asked


def test_6960_4_4_4_archive_cutoff_is_a_single_extension() -> None:
    """The date obtained by subtracting this retention interval value from the producedAt time ... SHALL be provided as
    an OCSP singleExtensions extension identified by id-pkix-ocsp-archive-cutoff and of syntax GeneralizedTime."""
    world = World(policy=Policy(archive=7 * 365 * DAY))
    (extension,) = world.status(12).single_extensions
    assert (extension.oid.dotted_string, extension.critical) == ("1.3.6.1.5.5.7.48.1.6", False)
    assert isinstance(extension.value, x509.UnrecognizedExtension)
    assert extension.value.value == der.time(NOW - 7 * 365 * DAY)
    assert len(World().status(12).single_extensions) == 0


def test_6960_4_4_8_extended_revoke_is_null_and_not_critical() -> None:
    """This extension MUST be placed in responseExtensions, and it MUST NOT appear in singleExtensions. The value of the
    extension SHALL be NULL. This extension MUST NOT be marked critical."""
    (extension,) = World().status(999).extensions
    assert isinstance(extension.value, x509.UnrecognizedExtension)
    assert (extension.value.value, extension.critical) == (b"\x05\x00", False)


def test_6960_a_1_get_and_post() -> None:
    """A.1: HTTP-based OCSP requests can use either the GET or the POST method to submit their requests."""
    import base64

    world = World()
    by_post = call(world, "POST", "/ocsp", make_request(12))
    by_get = call(world, "GET", "/ocsp/" + base64.b64encode(make_request(12)).decode())
    assert (by_post.status, by_get.status) == (200, 200)
    assert by_post.body == by_get.body


def test_6960_a_2_content_type_and_length() -> None:
    """A.2: The Content-Type header has the value "application/ocsp-response". The Content-Length header SHOULD specify
    the length of the response."""
    for request in (make_request(12), b"garbage"):
        reply = call(World(), "POST", "/ocsp", request)
        assert reply.headers["Content-Type"] == "application/ocsp-response"
        assert reply.headers["Content-Length"] == str(len(reply.body))


def test_several_issuers_answer_side_by_side_each_by_its_own_signer() -> None:
    """RFC 6960 4.1.1: issuerNameHash and issuerKeyHash say whose certificate it is."""
    authorities = [make_authority(), make_authority("第二教育CA"), make_authority("第三教育CA")]
    served = [
        ocsp.ServedIssuer(a.ca.public_bytes(DER), Source({12: Revoked(NOW, reason)}), lambda a=a: a.signer)  # type: ignore[misc]
        for a, reason in zip(authorities, (1, 4, 5), strict=True)
    ]
    responder = ocsp.Responder(served, lambda: NOW, monotonic=lambda: 0.0)
    for authority, reason in zip(authorities, ("key_compromise", "superseded", "cessation_of_operation"), strict=True):
        response = load(responder.answer(make_request(12, authority=authority)).body)
        assert response.revocation_reason is x509.ReasonFlags[reason]
        assert response.certificates == [authority.signer_certificate]
