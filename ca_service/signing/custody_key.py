"""The CA's custody key: it opens the SO PINs of the tokens, and seals each anew for one run of the helper.

HPKE (RFC 9180), base mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; the octets are `enc || ct`, without
additional data. `info` names the purpose and the token, so that a sealed PIN cannot be moved to another place.
"""

from collections.abc import Callable
from functools import cached_property

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from ca_service.domain.errors import Invalid, Unavailable

_CUSTODY = b"educa-so-pin-v1\0"
_RELEASE = b"educa-unblock-so-pin-v1\0"
_SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def new_private_key() -> str:
    """A fresh private key as PEM, for its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class CustodyKey:
    """Implements `ports.SoPinCustody`; `pem` reads the private key, when it is first needed."""

    def __init__(self, pem: Callable[[], str]) -> None:
        self._pem = pem

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        try:
            key = load_pem_private_key(self._pem().encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise Unavailable("托管密钥文件已损坏，请从备份恢复（[secrets] custody_key）。") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise Unavailable("托管密钥不是 P-256 密钥，请检查 [secrets] custody_key。")
        return key

    @property
    def public_key(self) -> bytes:
        """See the port."""
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def check(self, sealed: bytes, *, serial: str) -> None:
        """See the port."""
        self._open(sealed, serial)

    def reseal(self, sealed: bytes, *, serial: str, reader: bytes, nonce: bytes) -> bytes:
        """See the port."""
        return _SUITE.encrypt(self._open(sealed, serial), _reader(reader), _RELEASE + nonce + serial.encode())

    def _open(self, sealed: bytes, serial: str) -> bytes:
        try:
            return _SUITE.decrypt(sealed, self._key, _CUSTODY + serial.encode())
        except (InvalidTag, ValueError) as error:
            raise Invalid("管理 PIN 的密文不是为本 CA 的托管公钥和这个介质封装的。") from error


def _reader(spki: bytes) -> ec.EllipticCurvePublicKey:
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Invalid("reader 不是公钥（DER SubjectPublicKeyInfo）。") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Invalid("reader 应为 P-256 公钥。")
    return key
