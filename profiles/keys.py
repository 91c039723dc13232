"""Public keys: their identifier, and the refusal of malformed, weak and unfitting ones."""

import hashlib
from math import gcd, isqrt, prod

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from profiles import der
from profiles.errors import CertificateValueError, WeakKey
from profiles.policy import KeyType
from profiles.profile import Profile

# An 8192-bit RSA key is 1,062 octets; a bound before the parser keeps giant numbers away from it.
_MAX_SPKI_OCTETS = 1_200
_MIN_RSA_BITS, _MAX_RSA_BITS = 2048, 8192
_RSA_EXPONENT = 65537  # a larger one is legal but unheard of, a smaller one has a history of attacks
_FERMAT_ROUNDS = 100

_CURVES = {"secp256r1": KeyType.EC_P256, "secp384r1": KeyType.EC_P384}
_RSA_SIZES = {2048: KeyType.RSA_2048, 3072: KeyType.RSA_3072, 4096: KeyType.RSA_4096}


def _primes_below(limit: int) -> tuple[int, ...]:
    return tuple(n for n in range(2, limit) if all(n % d for d in range(2, isqrt(n) + 1)))


_SMALL_PRIMES = _primes_below(752)
_SMALL_PRODUCT = prod(_SMALL_PRIMES)


def _powers_of_the_exponent(prime: int) -> frozenset[int]:
    return frozenset(pow(_RSA_EXPONENT, power, prime) for power in range(prime))


# ROCA (CVE-2017-15361): the primes of the broken library are k·M + 65537^a mod M, so the modulus is a power
# of 65537 modulo each small prime. 39 primes: a sound key looks like this about once in 2^27.
_ROCA = tuple((prime, _powers_of_the_exponent(prime)) for prime in _primes_below(168)[1:])


def key_identifier(spki: bytes) -> bytes:
    """RFC 5280 §4.2.1.2 method (1): SHA-1 over the key octets of the BIT STRING alone.

    20 octets. An SPKI of another shape raises CertificateValueError; SHA-1 only names the key here, it
    protects nothing.
    """
    return hashlib.sha1(_key_octets(spki), usedforsecurity=False).digest()


def _key_octets(spki: bytes) -> bytes:
    parts = der.children(spki, "public_key")
    if len(parts) != 2:
        raise CertificateValueError("public_key", f"{len(parts)} elements", "SubjectPublicKeyInfo (RFC 5280 §4.1)")
    class_, method, tag, contents = der.element(parts[1], "public_key")
    if (class_, method, tag) != (0, 0, 3) or contents[:1] != b"\x00" or len(contents) < 2:
        raise CertificateValueError("public_key", "another type", "a BIT STRING of whole octets")
    return contents[1:]


def check_public_key(spki: bytes, profile: Profile) -> None:
    """Refuse with WeakKey an SPKI (DER) that is malformed, weak or not of the profile's key types.

    About 0.05 ms for EC, 1 ms for RSA. Points off the curve, explicit curve parameters, compressed points,
    RSASSA-PSS keys, even, smooth and ROCA moduli and primes that lie close together are all refused.
    """
    if len(spki) > _MAX_SPKI_OCTETS:
        raise WeakKey(f"public key of {len(spki)} octets: at most {_MAX_SPKI_OCTETS}")
    try:
        key = load_der_public_key(spki)
    except (ValueError, TypeError, UnsupportedAlgorithm, NotImplementedError) as error:
        raise WeakKey(f"public key cannot be read: {error}") from error
    if isinstance(key, rsa.RSAPublicKey):
        found = _rsa_type(key.public_numbers())
    elif isinstance(key, ec.EllipticCurvePublicKey):
        found = _CURVES.get(key.curve.name)
    else:
        raise WeakKey(f"public key of type {type(key).__name__}: not allowed")
    # One key, one encoding: otherwise the same key under two encodings would pass as two.
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != spki:
        raise WeakKey("public key is not in its canonical encoding (named curve, uncompressed point, DER)")
    if found not in profile.key_types:
        raise WeakKey(f"key type {found or 'unknown'}: profile {profile.name} allows {sorted(profile.key_types)}")


def _rsa_type(numbers: rsa.RSAPublicNumbers) -> KeyType | None:
    bits = numbers.n.bit_length()
    if not _MIN_RSA_BITS <= bits <= _MAX_RSA_BITS:
        raise WeakKey(f"RSA of {bits} bits: {_MIN_RSA_BITS} to {_MAX_RSA_BITS}")
    if numbers.e != _RSA_EXPONENT:
        raise WeakKey(f"RSA exponent other than {_RSA_EXPONENT}")
    if gcd(numbers.n, _SMALL_PRODUCT) != 1:
        raise WeakKey("RSA modulus has a small factor")
    if all(numbers.n % prime in residues for prime, residues in _ROCA):
        raise WeakKey("RSA modulus has the ROCA fingerprint (CVE-2017-15361)")
    if _has_close_primes(numbers.n):
        raise WeakKey("RSA primes lie so close together that Fermat's method finds them")
    return _RSA_SIZES.get(bits)


def _has_close_primes(modulus: int) -> bool:
    """Fermat: n = a² - b² with a just above the root of n (CVE-2022-26320)."""
    middle = isqrt(modulus - 1) + 1
    for candidate in range(middle, middle + _FERMAT_ROUNDS):
        square = candidate * candidate - modulus
        # Squares end in 0, 1, 4 or 9 modulo 16: this spares three quarters of the roots.
        if square % 16 in (0, 1, 4, 9) and isqrt(square) ** 2 == square:
            return True
    return False
