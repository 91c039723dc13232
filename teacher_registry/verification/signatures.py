"""One signature over octets, with the algorithms that the registry accepts and no other."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

STRONG_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


def signature_is_good(
    key: CertificatePublicKeyTypes, signature: bytes, signed: bytes, algorithm: hashes.HashAlgorithm | None
) -> bool:
    """ECDSA and RSA PKCS#1 v1.5 over SHA-2; everything else is False, as is a wrong signature."""
    if algorithm is None or not isinstance(algorithm, STRONG_HASHES):
        return False
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        else:
            return False
    except InvalidSignature:
        return False
    return True
