"""TLS whose client key is on the token: for renewal, where the old certificate says who asks.

Python's ssl takes keys from files only. OpenSSL's way to a token, the ENGINE, is gone from OpenSSL 4; its successor
is a provider that no wheel and no Windows build of Python brings along; curl and openssl on the PATH differ on each
computer. tlslite-ng is TLS 1.3 in Python and lets the signature be made by any object, on every platform.

What it is not is free of side channels (its authors say so), which is why nothing here depends on that: the only
lasting secret is on the token, and the ephemeral ECDH key of a connection is used once. It does not judge
certificates either: the server's path and name are verified by `cryptography`, before our own certificate is sent.
"""

import http.client
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from json import dumps
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_der_public_key
from tlslite.errors import BaseTLSException, TLSRemoteAlert
from tlslite.handshakesettings import HandshakeSettings
from tlslite.tlsconnection import TLSConnection
from tlslite.x509 import X509
from tlslite.x509certchain import X509CertChain

from token_provisioning import certificates, signatures
from token_provisioning.attributes import KeyAlgorithm
from token_provisioning.device import Device, KeyPair
from token_provisioning.errors import CaAnswerInvalidError, CannotDoError, CaUnreachableError, TlsNotTrustedError
from token_provisioning.transport import CONNECT_SECONDS, IDLE_SECONDS, read_answer

_TLS_1_2, _TLS_1_3 = (3, 3), (3, 4)
_SHA256 = utils.Prehashed(hashes.SHA256())
_READ_OCTETS = 16_384


class TokenKey:
    """The private key as tlslite-ng asks for it; `verify` is its check of what was signed."""

    def __init__(self, device: Device, pair: KeyPair) -> None:
        self._device, self._pair = device, pair
        public = load_der_public_key(pair.public_key)
        if not isinstance(public, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            raise CannotDoError(what="用这种密钥登录")
        self._public = public
        self.key_type = "ecdsa" if pair.algorithm is KeyAlgorithm.EC_P256 else "rsa"
        self.n = public.public_numbers().n if isinstance(public, rsa.RSAPublicKey) else 0

    def __len__(self) -> int:
        return self._public.key_size

    # tlslite-ng also gives the length of the salt: there is one here.
    def sign(self, digest: bytes, padding: str | None = None, name: str | None = None, *_: object) -> bytearray:
        """Sign a digest; for PKCS#1 v1.5 tlslite-ng hands over the DigestInfo, whose last octets are the digest."""
        octets = bytes(digest)[-32:]
        sha256 = name == "sha256" if name else bytes(digest) == signatures.digest_info(octets)
        if not sha256:
            raise CannotDoError(what=f"以 {name} 签名")
        return bytearray(self._device.sign_digest(self._pair, octets, pss=padding == "pss"))

    def verify(self, signature: bytes, digest: bytes, padding: str | None = None, *_: object) -> bool:
        """Tell whether the token has signed what it was given."""
        return _holds(self._public, bytes(signature), bytes(digest)[-32:], pss=padding == "pss")


def _holds(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey, signature: bytes, digest: bytes, *, pss: bool) -> bool:
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, digest, ec.ECDSA(_SHA256))
        elif pss:
            key.verify(signature, digest, padding.PSS(padding.MGF1(hashes.SHA256()), 32), _SHA256)
        else:
            key.verify(signature, digest, padding.PKCS1v15(), _SHA256)
    except InvalidSignature:
        return False
    return True


class _Connection(TLSConnection):  # type: ignore[misc]
    """Judges the server as soon as its certificates are there, in both versions of the protocol."""

    def __init__(self, plain: socket.socket, judge: Callable[[list[bytes]], None]) -> None:
        super().__init__(plain)
        self._judge = judge

    def _clientGetKeyFromChain(self, certificate: Any, settings: Any, tack_ext: Any = None) -> Iterator[Any]:  # noqa: N802
        chain = certificate.cert_chain
        self._judge([bytes(link.bytes) for link in chain.x509List] if chain else [])
        yield from super()._clientGetKeyFromChain(certificate, settings, tack_ext)


class TokenTlsTransport:
    """`transport.Transport` with the certificate of a key on the token. Not for use by several threads; close it after
    use.

    `server` is an https URL, `anchors` what its certificate has to lead to, `clock` aware UTC.
    """

    def __init__(
        self,
        server: str,
        anchors: list[x509.Certificate],
        *,
        device: Device,
        pair: KeyPair,
        certificate: list[bytes],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._host, self._port = _address(server)
        self._anchors, self._clock, self._monotonic = anchors, clock, monotonic
        self._key = TokenKey(device, pair)
        self._chain = X509CertChain([_x509(der) for der in certificate])
        self._settings = _settings(pss=pair.algorithm is KeyAlgorithm.EC_P256 or device.can_sign_pss())
        self._http: http.client.HTTPConnection | None = None

    def close(self) -> None:
        """May be called twice; the next `post` connects anew."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def post(self, path: str, body: Mapping[str, str]) -> tuple[int, bytes]:
        """A failure closes the connection: half an answer must not be taken for the next one."""
        try:
            if self._http is None:
                self._http = self._connect()
            self._http.request("POST", path, dumps(body), {"Content-Type": "application/json"})
            response = self._http.getresponse()
            parts = iter(lambda: response.read(_READ_OCTETS), b"")
            return response.status, read_answer(parts, self._monotonic)
        except TLSRemoteAlert as error:
            self.close()
            raise CaUnreachableError(reason=f"TLS: {error}") from error
        except (OSError, BaseTLSException) as error:
            self.close()
            reason = "连接超时" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
            raise CaUnreachableError(reason=reason) from error
        except http.client.HTTPException as error:
            self.close()
            raise CaAnswerInvalidError(reason=type(error).__name__) from error

    def _connect(self) -> http.client.HTTPConnection:
        plain = socket.create_connection((self._host, self._port), CONNECT_SECONDS)
        plain.settimeout(IDLE_SECONDS)
        # tlslite-ng writes head and body apart: the second would wait for the other side's delayed ACK.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secure = _Connection(plain, self._judge)
        try:
            secure.handshakeClientCert(
                self._chain, self._key, settings=self._settings, serverName=certificates.dns_name(self._host)
            )
        except BaseException:
            plain.close()
            raise
        connection = http.client.HTTPConnection(self._host, self._port)
        connection.sock = secure
        return connection

    def _judge(self, chain: list[bytes]) -> None:
        certificates.require_server(chain, host=self._host, anchors=self._anchors, at=self._clock())


def _x509(der: bytes) -> X509:
    certificate = X509()
    certificate.parseBinary(bytearray(der))
    return certificate


def _address(server: str) -> tuple[str, int]:
    try:
        parts = urlsplit(server)
        host, port = parts.hostname, parts.port or 443
    except ValueError as error:
        raise CaUnreachableError(reason="网址格式错误") from error
    if parts.scheme != "https" or not host:
        raise TlsNotTrustedError(reason="不是 https 网址") if host else CaUnreachableError(reason="网址格式错误")
    return host, port


def _settings(*, pss: bool) -> HandshakeSettings:
    """TLS 1.3; for an RSA key on a token without PSS, which 1.3 demands, TLS 1.2 with the same ciphers."""
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = _TLS_1_3 if pss else _TLS_1_2
    settings.versions = [settings.maxVersion]
    settings.cipherNames = ["aes256gcm", "aes128gcm", "chacha20-poly1305"]
    settings.keyExchangeNames = ["ecdhe_ecdsa", "ecdhe_rsa"]
    settings.eccCurves = ["x25519", "secp256r1", "secp384r1"]
    settings.keyShares = ["x25519"]
    settings.dhGroups = []
    settings.ecdsaSigHashes = settings.rsaSigHashes = ["sha256", "sha384"]
    settings.rsaSchemes = ["pss", "pkcs1"] if pss else ["pkcs1"]
    settings.dsaSigHashes = settings.more_sig_schemes = []
    settings.certificate_compression_send = settings.certificate_compression_receive = []
    return settings
