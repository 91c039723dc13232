"""What comes from outside signed: the PKCS#10 request, and signatures by a token's keys."""

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from ca_service.domain.certificates import Certificate
from ca_service.domain.errors import CsrInvalid

_MAX_CSR = 16_384


def read_csr(csr: bytes) -> bytes:
    """The public key (SPKI DER) of a PKCS#10 request (RFC 2986) whose own signature verifies; raise CsrInvalid.

    Everything else in the request is ignored: the CA knows who the holder is.
    """
    if len(csr) > _MAX_CSR:
        raise CsrInvalid("证书请求过大，不是证书助手生成的请求。")
    try:
        request = x509.load_der_x509_csr(csr)
        valid = request.is_signature_valid
        key = request.public_key()
    except Exception as error:  # the parser raises many types on damaged input
        raise CsrInvalid("证书请求无法读取，可能在传输中损坏。请重新运行证书助手。") from error
    if not valid:
        raise CsrInvalid("证书请求的签名不正确：请求者没有证明持有这个密钥。请重新运行证书助手。")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


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


def public_key_of(certificate: Certificate) -> bytes:
    """The SPKI (DER) that a certificate of ours certifies."""
    key: bytes = asn1_x509.TbsCertificate.load(certificate.tbs)["subject_public_key_info"].dump()
    return key
