"""The Signer: the one small protocol through which everything is signed, whatever the algorithm or the key's home."""

from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key


class Signer(Protocol):
    """A private key that we may use but not see."""

    @property
    def algorithm(self) -> bytes:
        """AlgorithmIdentifier of the signatures, DER."""

    @property
    def public_key(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""

    def sign(self, message: bytes) -> bytes:
        """Signature as it stands in signatureValue; raise Unavailable when the key cannot be reached."""


def signature_holds(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is by the key (SPKI DER) with SHA-256: ECDSA as Ecdsa-Sig-Value, RSA as PKCS#1 v1.5."""
    try:
        key = load_der_public_key(public_key)
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True
