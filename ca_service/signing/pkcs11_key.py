"""Keys that live in a PKCS#11 token and never leave it."""

import hashlib
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from asn1crypto.algos import SignedDigestAlgorithm
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import NoSuchKey
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

from ca_service.domain.errors import Conflict, Invalid, NotFound, Unavailable
from ca_service.domain.key_use import Use
from ca_service.signing.token_sessions import TokenSessions


@dataclass(frozen=True)
class _Curve:
    name: str
    hash: str
    algorithm: bytes


def _curve(name: str, digest: str) -> _Curve:
    return _Curve(name, digest, SignedDigestAlgorithm({"algorithm": f"{digest}_ecdsa"}).dump())


CURVES = MappingProxyType({"p256": _curve("secp256r1", "sha256"), "p384": _curve("secp384r1", "sha384")})

# r and s of the longest curve: more than that is allocated and cleared for each signature otherwise.
_LONGEST = 2 * 48


class Pkcs11Key:
    """An ECDSA key on a token, found by its label. Implements `signing.signer.Signer`."""

    def __init__(self, sessions: TokenSessions, label: str) -> None:
        self._sessions = sessions
        self.label = label
        self.public_key: bytes = sessions.retrying(self._read_public_key)
        self._kind = CURVES["p384" if b"\x2b\x81\x04\x00\x22" in self.public_key[:32] else "p256"]

    @property
    def algorithm(self) -> bytes:
        """ecdsa-with-SHA256 or ecdsa-with-SHA384 (RFC 5758 §3.2), as the curve asks."""
        return self._kind.algorithm

    def require(self, use: Use) -> None:
        """Raise Unavailable, or Busy, when the key cannot sign now; counts a use of its rate."""
        self._sessions.rates.take(self.label, use)
        try:
            self._sessions.with_key(self.label, lambda key: key[Attribute.LABEL], kind=use)
        except NoSuchKey as error:
            raise self._missing() from error

    def prove(self, nonce: bytes) -> None:
        """Let the token sign something that is no certificate, list or answer, and verify it; raise Invalid where the
        private key is not that of the public one.
        """
        message = b"educa: the key is there\0" + nonce
        hashed = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384()}[self._kind.hash]
        signature, public = self.sign(message), load_der_public_key(self.public_key)
        try:
            cast("ec.EllipticCurvePublicKey", public).verify(signature, message, ec.ECDSA(hashed))
        except InvalidSignature as error:
            raise Invalid(f"密钥设备中“{self.label}”的私钥与公钥不符，不能使用。") from error

    def sign_answer(self, message: bytes) -> bytes:
        """`sign` for an answer that somebody waits for, at the rate of answers."""
        self._sessions.rates.take(self.label, Use.ANSWER)
        return self.sign(message, use=Use.ANSWER)

    def sign(self, message: bytes, *, use: Use = Use.OTHER) -> bytes:
        """Hash here, sign on the token; the token's raw r||s becomes an Ecdsa-Sig-Value (RFC 3279 §2.2.3)."""
        digest = hashlib.new(self._kind.hash, message).digest()

        def sign(key: Any) -> bytes:
            raw: bytes = key.sign(digest, mechanism=Mechanism.ECDSA, buffer_size=_LONGEST)
            return raw

        try:
            signature: bytes = self._sessions.with_key(self.label, sign, kind=use)
        except NoSuchKey as error:
            raise self._missing() from error
        half = len(signature) // 2
        return encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))

    def _read_public_key(self, session: Any) -> bytes:
        try:
            key = session.get_key(object_class=ObjectClass.PUBLIC_KEY, label=self.label)
        except NoSuchKey as error:
            raise self._missing() from error
        return bytes(encode_ec_public_key(key))

    def _missing(self) -> Unavailable:
        return Unavailable(
            f"密钥设备“{self._sessions.address.label}”中没有密钥“{self.label}”。请检查配置或从备份恢复。"
        )


def generate(sessions: TokenSessions, *, label: str, curve: str) -> Pkcs11Key:
    """Make a key pair on the token: sensitive, never extractable. Raises Conflict if the label is taken."""
    name = CURVES[curve].name

    def make(session: Any) -> None:
        if list(session.get_objects({Attribute.LABEL: label})):
            raise Conflict(f"密钥设备中已有名为“{label}”的密钥，未作任何更改。")
        parameters = session.create_domain_parameters(
            KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters(name)}, local=True
        )
        private = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True}
        _, key = parameters.generate_keypair(store=True, label=label, private_template=private)
        if key[Attribute.EXTRACTABLE] or not key[Attribute.NEVER_EXTRACTABLE]:
            raise Unavailable("该密钥设备生成的密钥可以被导出，不能用于 CA。请更换密钥设备。")

    sessions.retrying(make)
    return Pkcs11Key(sessions, label)


def labels(sessions: TokenSessions) -> frozenset[str]:
    """The labels of all private keys on the token."""

    def read(session: Any) -> frozenset[str]:
        found = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
        return frozenset(str(key[Attribute.LABEL]) for key in found)

    found: frozenset[str] = sessions.retrying(read)
    return found


def find(sessions: TokenSessions, label: str) -> Pkcs11Key:
    """The key of that label; raise NotFound instead of Unavailable, for those who ask whether it is there."""
    if label not in labels(sessions):
        raise NotFound(f"密钥设备中没有密钥“{label}”。")
    return Pkcs11Key(sessions, label)
