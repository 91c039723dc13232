"""A SO PIN sealed for one reader: HPKE (RFC 9180) in base mode with one suite.

DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. The sealed octets are `enc || ct`; `info` says what
is sealed for which token in which run, so that a sealed PIN cannot be moved to another place.
"""

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from token_provisioning.errors import CaAnswerInvalidError

# Kept by the CA for years; opened when an unblock has been released.
CUSTODY_CONTEXT = b"educa-so-pin-v1\0"
# From the CA to one run of the helper.
RELEASE_CONTEXT = b"educa-unblock-so-pin-v1\0"
_SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def seal(secret: str, *, reader: ec.EllipticCurvePublicKey, info: bytes) -> bytes:
    """Return `secret` sealed so that only the holder of the reader's private key opens it."""
    return _SUITE.encrypt(secret.encode("ascii"), reader, info)


def load_reader(octets: bytes) -> ec.EllipticCurvePublicKey:
    """Read the public P-256 key of a reader, PEM or DER SubjectPublicKeyInfo; raises ValueError."""
    try:
        pem = octets.lstrip().startswith(b"-----")
        key = load_pem_public_key(octets) if pem else load_der_public_key(octets)
    except UnsupportedAlgorithm as error:
        raise ValueError("unknown kind of key") from error
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ValueError("not a P-256 key")


class Ephemeral:
    """A reader that lives as long as one run of the helper; its private key never leaves memory."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public(self) -> bytes:
        """The DER SubjectPublicKeyInfo, for the one who seals."""
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def open(self, sealed: bytes, *, info: bytes) -> str:
        """Return the secret; raises `CaAnswerInvalidError` if it was sealed for anything or anybody else."""
        try:
            return _SUITE.decrypt(sealed, self._key, info).decode("ascii")
        except (InvalidTag, ValueError) as error:
            raise CaAnswerInvalidError(reason="so_pin_sealed") from error
