"""Reading requests: those of other programs, and everything that is none."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from hypothesis import given, settings
from hypothesis import strategies as st

import ocsp
from ocsp import der

from .world import make_authority, make_multi_request, make_request

SHA1, SHA256 = "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1"
NONCE = bytes.fromhex("06092b0601050507300102")


def extensions(*listed: bytes) -> bytes:
    return der.tlv(0xA2, der.tlv(der.SEQUENCE, *listed))


def nonce_extension(nonce: bytes, *flag: bytes) -> bytes:
    value = der.tlv(der.OCTET_STRING, der.tlv(der.OCTET_STRING, nonce))
    return der.tlv(der.SEQUENCE, NONCE, *flag, value)


OTHER = der.tlv(der.OID, b"\x2a\x03")
NOTHING = der.tlv(der.OCTET_STRING, b"\x05\x00")


@pytest.mark.parametrize(("algorithm", "oid"), [(hashes.SHA1(), SHA1), (hashes.SHA256(), SHA256)])
def test_request_of_cryptography_is_read(algorithm: hashes.HashAlgorithm, oid: str) -> None:
    data = make_request(1 << 126, nonce=b"n" * 32, algorithm=algorithm)
    request = ocsp.parse_request(data)
    (cert_id,) = request.cert_ids
    assert (cert_id.hash_algorithm, cert_id.serial, request.nonce) == (oid, 1 << 126, b"n" * 32)
    assert len(cert_id.issuer_name_hash) == len(cert_id.issuer_key_hash) == algorithm.digest_size
    assert cert_id.raw in data


def test_request_of_openssl_for_several_certificates_is_read(tmp_path: Path) -> None:
    pem = make_authority().ca.public_bytes(serialization.Encoding.PEM)
    (tmp_path / "ca.pem").write_bytes(pem)
    command = ["openssl", "ocsp", "-issuer", str(tmp_path / "ca.pem")]
    command += ["-serial", "0x10", "-sha256", "-serial", "0x11", "-reqout", str(tmp_path / "r")]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    request = ocsp.parse_request((tmp_path / "r").read_bytes())
    assert [(cert_id.hash_algorithm, cert_id.serial) for cert_id in request.cert_ids] == [
        (SHA1, 16),
        (SHA256, 17),
    ]
    assert request.nonce is not None


@pytest.mark.parametrize("length", [1, 128])
def test_nonce_of_a_legal_length_is_read(length: int) -> None:
    """RFC 9654 2.1: the value of the nonce is of 1 to 128 octets."""
    data = make_multi_request(make_request(7), extensions=extensions(nonce_extension(b"n" * length)))
    assert ocsp.parse_request(data).nonce == b"n" * length


def test_what_does_not_change_the_answer_is_read_over() -> None:
    """A requestorName, an explicit version, an unknown extension, a written-out FALSE, a signature."""
    before = b"\xa0\x03\x02\x01\x00" + der.tlv(0xA1, der.tlv(0x82, b"client.example"))
    unknown = der.tlv(der.SEQUENCE, OTHER, b"\x01\x01\x00", NOTHING)
    plain = make_multi_request(make_request(7), before=before, extensions=extensions(unknown))
    tbs = der.Reader(plain).contents(der.SEQUENCE)
    signature = der.tlv(0xA0, der.tlv(der.SEQUENCE, b"\x30\x00", b"\x03\x02\x00\x01"))
    request = ocsp.parse_request(der.tlv(der.SEQUENCE, tbs, signature))
    assert ([cert_id.serial for cert_id in request.cert_ids], request.nonce) == ([7], None)


def single(cert_id: bytes, *after: bytes) -> bytes:
    """A request with these octets where the CertID belongs."""
    listed = der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, cert_id, *after))
    return der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, listed))


def cert_id(
    *,
    algorithm: bytes = bytes.fromhex("06052b0e03021a0500"),
    name_hash: bytes = der.tlv(der.OCTET_STRING, bytes(20)),
    serial: bytes = b"\x02\x01\x07",
    after: bytes = b"",
) -> bytes:
    key_hash = der.tlv(der.OCTET_STRING, bytes(20))
    return der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, algorithm), name_hash, key_hash, serial, after)


GOOD = single(cert_id())
CRITICAL = der.tlv(der.SEQUENCE, OTHER, b"\x01\x01\xff", NOTHING)


def with_extensions(*listed: bytes) -> bytes:
    return make_multi_request(GOOD, extensions=extensions(*listed))


MALFORMED = [
    (b"", "expected"),
    (b"\x30\x00", "expected"),
    (GOOD + b"\0", "unread"),
    (GOOD[:-1], "longer"),
    (b"\x30\x80" + GOOD[2:] + b"\0\0", "not DER"),
    (b"\x30\x81" + GOOD[1:], "not DER"),
    (b"\x30\x82\x00" + GOOD[1:], "not DER"),
    (b"\x30\x8f" + GOOD, "not DER"),
    (b"\x30\x85\x01" + GOOD, "not DER"),
    (make_multi_request(), "no certificate"),
    (make_multi_request(GOOD, before=b"\xa0\x03\x02\x01\x01"), "version 1"),
    (make_multi_request(GOOD, extensions=b"\x05\x00"), "unread"),
    (single(cert_id(serial=b"\x02\x01\x00")), "serial"),
    (single(cert_id(serial=b"\x02\x01\xff")), "serial"),
    (single(cert_id(serial=b"\x02\x02\x00\x07")), "serial"),
    (single(cert_id(serial=b"\x02\x00")), "serial"),
    (single(cert_id(serial=der.tlv(der.INTEGER, b"\x01" + bytes(20)))), "serial"),
    (single(cert_id(after=b"\x05\x00")), "unread"),
    (single(cert_id(name_hash=b"")), "expected"),
    (single(cert_id(algorithm=b"\x06\x00")), "object identifier"),
    (single(cert_id(algorithm=b"\x06\x01\x80")), "object identifier"),
    (single(cert_id(algorithm=der.tlv(der.OID, bytes(40)))), "object identifier"),
    (single(cert_id(algorithm=b"\x06\x01\x2a\x05\x01\x00")), "NULL"),
    (single(cert_id(algorithm=b"\x06\x01\x2a\x04\x00")), "unread"),
    (single(cert_id(), der.tlv(0xA0, der.tlv(der.SEQUENCE, CRITICAL))), "critical"),
    (single(cert_id(), b"\x05\x00"), "unread"),
    (with_extensions(CRITICAL), "critical"),
    (with_extensions(nonce_extension(b"")), "1 to 128"),
    (with_extensions(nonce_extension(bytes(129))), "1 to 128"),
    (with_extensions(nonce_extension(b"n"), nonce_extension(b"m")), "twice"),
    (with_extensions(nonce_extension(b"n", b"\x01\x02\xff\xff")), "criticality"),
    (with_extensions(der.tlv(der.SEQUENCE, NONCE, der.tlv(der.OCTET_STRING, b"raw"))), "expected"),
    (single(cert_id()) + bytes(ocsp.request.MAX_REQUEST), "too long"),
]


@pytest.mark.parametrize(("data", "message"), MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_request_is_refused_with_the_place(data: bytes, message: str) -> None:
    with pytest.raises(ocsp.MalformedRequest, match=message):
        ocsp.parse_request(data)


@given(st.binary(max_size=120))
def test_arbitrary_bytes_are_malformed(data: bytes) -> None:
    with pytest.raises(ocsp.MalformedRequest):
        ocsp.parse_request(data)


SAMPLE = make_multi_request(make_request(7), make_request(8), extensions=extensions(nonce_extension(b"n" * 16)))


@settings(max_examples=500)
@given(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255), st.integers(-2, 2))
def test_damaged_request_is_malformed_or_read(at: int, octet: int, shift: int) -> None:
    data = SAMPLE[:at] + bytes([octet]) + SAMPLE[max(at + 1 + shift, 0) :]
    try:
        request = ocsp.parse_request(data)
    except ocsp.MalformedRequest:
        return
    assert all(cert_id.raw in data and 0 < cert_id.serial < 1 << 159 for cert_id in request.cert_ids)
