"""One signature over octets, with the algorithms that the registry accepts and no other."""

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

STRONG_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_RsaPadding = padding.PKCS1v15 | padding.PSS


def signature_is_good(
    key: CertificatePublicKeyTypes, signature: bytes, signed: bytes, algorithm: hashes.HashAlgorithm | None
) -> bool:
    """ECDSA and RSA PKCS#1 v1.5 over SHA-2; everything else is False, as is a wrong signature."""
    if algorithm is None or not isinstance(algorithm, STRONG_HASHES):
        return False
    return _verify(key, signature, signed, algorithm, padding.PKCS1v15())


def digest_is_signed(
    key: CertificatePublicKeyTypes, signature: bytes, digest: bytes, algorithm: hashes.HashAlgorithm
) -> bool:
    """The same for a digest that is already made: the octets of a CRL of 50 MB need not be copied."""
    if not isinstance(algorithm, STRONG_HASHES):
        return False
    return _verify(key, signature, digest, Prehashed(algorithm), padding.PKCS1v15())


def issued(child: x509.Certificate, signed: bytes, key: CertificatePublicKeyTypes) -> bool | None:
    """Whether `key` signed `signed`, the TBSCertificate of `child`; None for an algorithm that is not ours to judge
    (it is then left to the path validation, which knows more of them and whose policy says which are too weak)."""
    parameters = child.signature_algorithm_parameters
    algorithm = child.signature_hash_algorithm
    if isinstance(key, ec.EllipticCurvePublicKey):
        return isinstance(parameters, ec.ECDSA) and _verify(key, child.signature, signed, parameters.algorithm, None)
    if isinstance(key, rsa.RSAPublicKey):
        rsa_padding = parameters if isinstance(parameters, _RsaPadding) else None
        return algorithm is not None and _verify(key, child.signature, signed, algorithm, rsa_padding)
    return None


def _verify(
    key: CertificatePublicKeyTypes,
    signature: bytes,
    signed: bytes,
    algorithm: hashes.HashAlgorithm | Prehashed,
    rsa_padding: _RsaPadding | None,
) -> bool:
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey) and rsa_padding is not None:
            key.verify(signature, signed, rsa_padding, algorithm)
        else:
            return False
    except InvalidSignature:
        return False
    return True
