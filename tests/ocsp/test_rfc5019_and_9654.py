"""RFC 5019 (with RFC 9919, which follows it) and RFC 9654 clause by clause; read by `cryptography`.

One test a clause, whose words, shortened, stand in the docstring. Other files go further into detail.
"""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp import Good, HashAlgorithm, Policy, der

from .test_request import extensions, nonce_extension
from .test_wsgi import call
from .world import DAY, World, load, make_authority, make_multi_request, make_request


def error(data: bytes, world: World | None = None) -> str:
    return load((world or World()).responder.answer(data).body).response_status.name


# RFC 5019, and RFC 9919, which follows it


def test_5019_2_1_1_both_hashes_of_cert_id() -> None:
    """Clients MUST use SHA1 as the hashing algorithm for the CertID. RFC 9919 lets them use SHA-256 instead."""
    for algorithm, told in (
        (hashes.SHA1(), "SUCCESSFUL"),
        (hashes.SHA256(), "SUCCESSFUL"),
        (hashes.SHA384(), "UNAUTHORIZED"),
    ):
        assert error(make_request(12, algorithm=algorithm)) == told


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_5019_2_1_1_policy_says_which_hashes_are_answered(algorithm: hashes.HashAlgorithm) -> None:
    """The same clause: what the policy allows is answered in the client's own hash."""
    for allowed in (frozenset(HashAlgorithm), frozenset({HashAlgorithm[algorithm.name.upper()]})):
        world = World(policy=Policy(algorithms=allowed))
        response = load(world.responder.answer(make_request(12, algorithm=algorithm)).body)
        assert (response.certificate_status.name, response.hash_algorithm.name) == ("GOOD", algorithm.name)
    rest = frozenset(HashAlgorithm) - {HashAlgorithm[algorithm.name.upper()]}
    assert error(make_request(12, algorithm=algorithm), World(policy=Policy(algorithms=rest))) == "UNAUTHORIZED"


def test_5019_2_2_1_no_response_extensions_where_none_are_needed() -> None:
    """The ResponseData ... responders SHOULD NOT include responseExtensions; one SingleResponse."""
    response = World().status(12)
    assert (len(response.extensions), len(list(response.responses))) == (0, 1)


def test_5019_2_2_3_unauthorized_where_there_is_no_authoritative_record() -> None:
    """... the responder does not have an authoritative record for the certificate: "unauthorized"."""
    assert error(make_request(12, authority=make_authority("外来CA"))) == "UNAUTHORIZED"


@given(st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))
def test_5019_2_2_4_times_in_zulu_with_seconds_and_no_fractions(now: datetime) -> None:
    """thisUpdate, nextUpdate, and producedAt MUST be expressed Greenwich Mean Time (Zulu) and MUST include seconds ...
    GeneralizedTime values MUST NOT include fractional seconds. nextUpdate is always there."""
    signing = ocsp.Signing(make_authority().signer, produced_at=now, next_update=now + DAY)
    cert_id = ocsp.parse_request(make_request(12)).cert_ids[0]
    body = signing.response([(cert_id, Good())])
    for moment in (now, now + DAY):
        assert b"\x18\x0f" + f"{moment:%Y%m%d%H%M%SZ}".encode() in body


def test_5019_5_small_requests_come_by_get() -> None:
    """... requests that are less than or equal to 255 bytes in total (after encoding) ... MUST use the GET method.

    Longer ones by GET are no offence of the server's: they are answered as long as the path is bearable.
    """
    import base64

    many = make_multi_request(*(make_request(serial) for serial in range(10, 40)))
    reply = call(World(), "GET", "/ocsp/" + base64.b64encode(many).decode())
    assert len(list(load(reply.body).responses)) == 30


def test_5019_6_2_fields_for_caches() -> None:
    """last-modified: thisUpdate. expires: nextUpdate. ETag. cache-control: max-age=<n>, public, no-transform,
    must-revalidate, where <n> is a time later than thisUpdate but earlier than nextUpdate."""
    headers = call(World(), "POST", "/ocsp", make_request(12)).headers
    assert headers["Last-Modified"] == "Sun, 01 Mar 2026 08:00:00 GMT"
    assert headers["Expires"] == "Sun, 01 Mar 2026 08:10:00 GMT"
    assert headers["Cache-Control"] == "max-age=10, public, no-transform, must-revalidate"
    assert headers["ETag"].startswith('"')


def test_5019_6_2_max_age_stays_within_next_update_however_late_the_answer_is_fetched() -> None:
    """The same clause, for an answer from the cache of the responder and a signer about to end."""
    world = World(policy=Policy(validity=timedelta(seconds=40), max_age=timedelta(seconds=20)))
    for _ in range(200):
        answer = world.responder.answer(make_request(12))
        end = load(answer.body).next_update_utc
        assert end is not None
        assert world.now + timedelta(seconds=answer.max_age) <= end
        world.wait(0.5)


def test_5019_6_2_errors_are_not_to_be_kept() -> None:
    """The fields of 6.2 are for definitive answers; what is none, or is for one client alone, no cache may keep."""
    for request in (
        b"garbage",
        make_request(12, authority=make_authority("外来CA")),
        make_request(12, nonce=b"n" * 16),
    ):
        headers = call(World(), "POST", "/ocsp", request).headers
        assert headers["Cache-Control"] == "no-store"
        assert "Expires" not in headers


# RFC 9654


@pytest.mark.parametrize("length", [1, 16, 32, 64, 127, 128])
def test_9654_2_1_nonce_of_1_to_128_octets_is_echoed(length: int) -> None:
    """If the Nonce extension is present, then the length of the nonce MUST be at least 1 octet and can be up to 128.
    The response includes the nonce of the request as one of the responseExtensions."""
    nonce = bytes(range(length))
    response = World().status(12, nonce=nonce)
    assert response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce


@pytest.mark.parametrize("length", [0, 129, 1000])
def test_9654_2_1_other_lengths_are_malformed_requests(length: int) -> None:
    """A server MUST reject any OCSP request that has a nonce in the Nonce extension with a length of either 0 octets or
    more than 128 octets with the malformedRequest OCSPResponseStatus."""
    data = make_multi_request(make_request(12), extensions=extensions(nonce_extension(bytes(length))))
    assert error(data) == "MALFORMED_REQUEST"


def test_9654_2_1_nonce_is_der_in_der() -> None:
    """Nonce ::= OCTET STRING (SIZE(1..128)): extnValue holds an OCTET STRING, not the bare octets."""
    bare = der.tlv(der.SEQUENCE, bytes.fromhex("06092b0601050507300102"), der.tlv(der.OCTET_STRING, b"\xff" * 8))
    assert error(make_multi_request(make_request(12), extensions=extensions(bare))) == "MALFORMED_REQUEST"


def test_9654_3_1_each_nonce_gets_a_response_of_its_own() -> None:
    """3.1: ... to prevent replay attacks the response is bound to the request; none is given out twice."""
    world = World()
    nonces = [bytes([number]) * 32 for number in range(3)]
    for nonce in nonces:
        response = world.status(12, nonce=nonce)
        assert response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce
