"""Public keys: identifiers as RFC 5280 computes them, weak and malformed keys refused by type."""

import hashlib
from math import prod

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from hypothesis import given
from hypothesis import strategies as st

import profiles
from profiles import der
from tests.profiles import support

ADMINISTRATOR = profiles.load("information-administrator")
RSA_ENCRYPTION = der.sequence(der.oid("1.2.840.113549.1.1.1"), der.NULL)
EC_P256 = der.sequence(der.oid("1.2.840.10045.2.1"), der.oid("1.2.840.10045.3.1.7"))


def _rsa_spki(modulus: int, exponent: int = 65537, algorithm: bytes = RSA_ENCRYPTION) -> bytes:
    return der.sequence(algorithm, der.bit_string(der.sequence(der.integer(modulus), der.integer(exponent))))


def _weakness(spki: bytes, profile: profiles.Profile = ADMINISTRATOR) -> str:
    with pytest.raises(profiles.WeakKey) as caught:
        profiles.check_public_key(spki, profile)
    return str(caught.value)


@pytest.mark.parametrize("key", [support.ec_key("keys"), support.rsa_key("keys")], ids=["ec", "rsa"])
def test_sound_keys_pass_and_their_identifier_is_that_of_cryptography(key: support.PrivateKey) -> None:
    spki = support.spki(key)
    profiles.check_public_key(spki, ADMINISTRATOR)
    assert profiles.key_identifier(spki) == x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest


@pytest.mark.parametrize("octets", [b"", b"\x30\x00", b"\x04\x01\x00", EC_P256, b"\x30\x80\x00\x00", b"\xff" * 90])
def test_octets_that_are_no_key_are_refused_by_both_doors(octets: bytes) -> None:
    _weakness(octets)
    with pytest.raises(profiles.ProfilesError):
        profiles.key_identifier(octets)


@given(st.binary(max_size=200))
def test_random_octets_never_pass(octets: bytes) -> None:
    _weakness(octets)


def test_a_bit_string_with_unused_bits_has_no_identifier() -> None:
    with pytest.raises(profiles.CertificateValueError):
        profiles.key_identifier(der.sequence(EC_P256, der.bit_string(b"\x80", unused=7)))


@pytest.mark.parametrize(
    ("modulus", "exponent", "reason"),
    [
        (1 << 1023 | 1, 65537, "1024 bits"),
        (1 << 2046 | 1, 65537, "2047 bits"),
        (support.rsa_key("keys").public_key().public_numbers().n, 3, "exponent"),
        (support.rsa_key("keys").public_key().public_numbers().n, (1 << 32) + 1, "exponent"),
        (support.rsa_key("keys").public_key().public_numbers().n + 1, 65537, "factor"),
        (3 * (1 << 2047 | 1), 65537, "factor"),
    ],
    ids=["1024", "2047", "e-3", "e-large", "even", "multiple-of-3"],
)
def test_weak_rsa_numbers_are_refused(modulus: int, exponent: int, reason: str) -> None:
    assert reason in _weakness(_rsa_spki(modulus, exponent))


def test_an_even_exponent_is_refused() -> None:
    _weakness(_rsa_spki(support.rsa_key("keys").public_key().public_numbers().n, 65536))


def test_an_oversized_rsa_key_is_refused_before_it_is_parsed() -> None:
    assert "octets" in _weakness(_rsa_spki(1 << 16_383 | 1))
    assert "8200 bits" in _weakness(_rsa_spki(1 << 8199 | 1))


def test_a_size_between_two_allowed_ones_is_refused() -> None:
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=2056).public_key()
    assert "unknown" in _weakness(numbers.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def test_rsa_primes_close_together_are_refused() -> None:
    """p and its next neighbour: CVE-2022-26320."""
    start = (1 << 1023) + (1 << 1022) + 0x1D9F
    first = _next_prime(start)
    assert "Fermat" in _weakness(_rsa_spki(first * _next_prime(first + 2)))


def test_the_roca_fingerprint_is_refused() -> None:
    """Both primes of the form k·M + 65537^a mod M, as the broken library made them (CVE-2017-15361)."""
    small = [n for n in range(2, 168) if all(n % d for d in range(2, n))]
    product = prod(small)
    first = _roca_prime(product, 5, (1 << 1023) // product * 7 // 4 + 12_345)
    second = _roca_prime(product, 11, (1 << 1023) // product * 3 // 2 + 999)
    assert "ROCA" in _weakness(_rsa_spki(first * second))


def _roca_prime(product: int, power: int, start: int) -> int:
    residue = pow(65537, power, product)
    return next(n for k in range(start, start + 20_000) if _is_prime(n := k * product + residue))


def _next_prime(start: int) -> int:
    return next(n for n in range(start | 1, start + 20_000, 2) if _is_prime(n))


def _is_prime(number: int) -> bool:
    """Fermat's test: enough for test numbers."""
    return all(number % d for d in (3, 5, 7, 11, 13)) and pow(2, number - 1, number) == 1


def test_rsa_pss_keys_are_refused() -> None:
    pss = der.sequence(der.oid("1.2.840.113549.1.1.10"))
    modulus = support.rsa_key("keys").public_key().public_numbers().n
    assert _weakness(_rsa_spki(modulus, algorithm=pss))


def test_rsa_without_its_null_parameters_is_not_canonical() -> None:
    bare = der.sequence(der.oid("1.2.840.113549.1.1.1"))
    modulus = support.rsa_key("keys").public_key().public_numbers().n
    _weakness(_rsa_spki(modulus, algorithm=bare))


def test_a_compressed_point_is_not_canonical() -> None:
    point = support.ec_key("keys").public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    assert "canonical" in _weakness(der.sequence(EC_P256, der.bit_string(point)))


def test_points_off_the_curve_or_at_infinity_are_refused() -> None:
    point = support.ec_key("keys").public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    off = point[:-1] + bytes([point[-1] ^ 1])
    for octets in (off, b"\x00", point[:-1], b"\x04" + bytes(64)):
        _weakness(der.sequence(EC_P256, der.bit_string(octets)))


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1(), ec.SECP224R1()])
def test_curves_that_the_profile_does_not_list_are_refused(curve: ec.EllipticCurve) -> None:
    assert "information-administrator" in _weakness(support.spki(ec.generate_private_key(curve)))


def test_the_same_key_may_fit_one_profile_and_not_another() -> None:
    spki = support.spki(support.ec_key("keys", "p384"))
    profiles.check_public_key(spki, profiles.load("root"))
    assert "ec-p384" in _weakness(spki)


def test_other_key_types_are_refused() -> None:
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    assert "Ed25519" in _weakness(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def test_trailing_octets_are_refused() -> None:
    _weakness(support.spki(support.ec_key("keys")) + b"\x00")


def test_the_identifier_hashes_the_key_octets_only() -> None:
    spki = support.spki(support.ec_key("keys"))
    key = load_der_public_key(spki)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert profiles.key_identifier(spki) == hashlib.sha1(point).digest()
