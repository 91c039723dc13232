"""Signature and key encodings between PKCS#11 and X.509: pure functions over octets."""

from asn1crypto import algos, core, keys
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from token_provisioning.attributes import KeyAlgorithm
from token_provisioning.errors import SignatureFailedError

_P256_OCTETS = 32


def ecdsa_der(raw: bytes) -> bytes:
    """Turn the r||s of CKM_ECDSA (PKCS#11 v2.40, 2.3.1) into an Ecdsa-Sig-Value (RFC 3279, 2.2.3)."""
    if len(raw) != 2 * _P256_OCTETS:
        raise SignatureFailedError
    r, s = (int.from_bytes(half, "big") for half in (raw[:_P256_OCTETS], raw[_P256_OCTETS:]))
    return bytes(algos.DSASignature({"r": r, "s": s}).dump())


def p256_spki(ec_point: bytes) -> bytes | None:
    """Return the SPKI for a CKA_EC_POINT, `None` if it is not a point of P-256.

    The standard wraps the point into an OCTET STRING; some modules give the bare 65 octets.
    """
    if len(ec_point) == 67 and ec_point[:2] == b"\x04\x41":
        ec_point = ec_point[2:]
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), ec_point)
    except ValueError:
        return None
    algorithm = {"algorithm": "ec", "parameters": keys.ECDomainParameters("named", "secp256r1")}
    spki = keys.PublicKeyInfo(
        {"algorithm": keys.PublicKeyAlgorithm(algorithm), "public_key": keys.ECPointBitString(ec_point)}
    )
    return bytes(spki.dump())


def rsa_spki(modulus: bytes, exponent: bytes) -> bytes:
    """Return the SPKI for CKA_MODULUS and CKA_PUBLIC_EXPONENT (big-endian octets)."""
    public = keys.RSAPublicKey(
        {"modulus": int.from_bytes(modulus, "big"), "public_exponent": int.from_bytes(exponent, "big")}
    )
    algorithm = keys.PublicKeyAlgorithm({"algorithm": "rsa", "parameters": core.Null()})
    return bytes(keys.PublicKeyInfo({"algorithm": algorithm, "public_key": public}).dump())


def digest_info(digest: bytes) -> bytes:
    """Return the DER DigestInfo of a SHA-256 digest, which is what CKM_RSA_PKCS signs (RFC 8017, 9.2)."""
    if len(digest) != hashes.SHA256.digest_size:
        raise SignatureFailedError
    return bytes(algos.DigestInfo({"digest_algorithm": {"algorithm": "sha256"}, "digest": digest}).dump())


def algorithm_of(spki: bytes) -> KeyAlgorithm | None:
    """Tell which of our algorithms a DER SPKI is for; `None` for every other or unreadable one."""
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        return None
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return KeyAlgorithm.EC_P256
    if isinstance(key, rsa.RSAPublicKey) and key.key_size == 2048:
        return KeyAlgorithm.RSA_2048
    return None


def verify(spki: bytes, signature: bytes, message: bytes) -> None:
    """Raise unless this is ECDSA-SHA256 (DER) or PKCS#1 v1.5 with SHA-256 over `message`."""
    try:
        key = load_der_public_key(spki)
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            raise SignatureFailedError
    except (ValueError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise SignatureFailedError from error
