"""Whatever comes as a certificate request, it is read or refused in Chinese, in time."""

import random

import pytest
from asn1crypto import algos, core, csr, keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from cryptography.x509.oid import NameOID
from hypothesis import given, settings

from ca_service.domain.errors import CsrInvalid
from ca_service.workflows.csr import read_csr
from tests.hostile import answered_in_time, anything

RNG = random.Random(11)
_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def request(key: _Key) -> bytes:
    """A request as the helper makes it."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "张三")])
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)


KEYS: list[_Key] = [
    ec.generate_private_key(ec.SECP256R1()),
    ec.generate_private_key(ec.SECP384R1()),
    rsa.generate_private_key(65537, 2048),
    ed25519.Ed25519PrivateKey.generate(),
]
SAMPLES = [request(key) for key in KEYS]


def test_samples_are_read() -> None:
    """Guards the test below: it must be damage alone that makes a request unreadable."""
    for key, sample in zip(KEYS, SAMPLES, strict=True):
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert read_csr(sample) == spki


@settings(max_examples=300)
@given(anything(SAMPLES))
def test_damaged_request_is_refused_or_still_proves_its_key(data: bytes) -> None:
    with answered_in_time():
        try:
            spki = read_csr(data)
        except CsrInvalid as error:
            refusal = str(error)
        else:
            load_der_public_key(spki)
            return
    assert "证书助手" in refusal


def odd(bits: int) -> int:
    return RNG.getrandbits(bits) | 1 << bits - 1 | 1


def unsigned(
    algorithm: dict[str, object], public_key: core.Asn1Value, signature_algorithm: str, signature: bytes
) -> bytes:
    """A request with any key, under a signature that cannot be right."""
    info = {
        "version": "v1",
        "subject": asn1_x509.Name.build({"common_name": "x"}),
        "subject_pk_info": keys.PublicKeyInfo({"algorithm": algorithm, "public_key": public_key}),
        "attributes": [],
    }
    made = {
        "certification_request_info": info,
        "signature_algorithm": {"algorithm": signature_algorithm},
        "signature": signature,
    }
    encoded: bytes = csr.CertificationRequest(made).dump()
    return encoded


def rsa_request(bits: int, exponent: int) -> bytes:
    key = keys.RSAPublicKey({"modulus": odd(bits), "public_exponent": exponent})
    return unsigned({"algorithm": "rsa"}, key, "sha256_rsa", RNG.randbytes(bits // 8 - 1))


def dsa_request(bits: int) -> bytes:
    parameters = keys.DSAParams({"p": odd(bits), "q": odd(256), "g": RNG.getrandbits(bits - 2)})
    signature = algos.DSASignature({"r": RNG.getrandbits(255), "s": RNG.getrandbits(255)}).dump()
    algorithm = {"algorithm": "dsa", "parameters": parameters}
    return unsigned(algorithm, core.Integer(RNG.getrandbits(bits - 2)), "sha256_dsa", signature)


HEAVY = {
    "rsa-3072-with-a-huge-exponent": rsa_request(3072, odd(3000)),
    "rsa-16384": rsa_request(16_384, 65_537),
    "rsa-16384-with-a-long-exponent": rsa_request(16_384, odd(64)),
    "rsa-60000": rsa_request(60_000, 65_537),
    "rsa-even": rsa_request(2048, 2),
    "dsa-10000": dsa_request(10_000),
    "longest": bytes(1_000_000),
    "nested": b"\x30\x82\x3f\xff" * 4000,
}


@pytest.mark.parametrize("name", HEAVY)
def test_key_that_is_heavy_to_verify_keeps_nobody_busy(name: str) -> None:
    with answered_in_time(), pytest.raises(CsrInvalid):
        read_csr(HEAVY[name])
