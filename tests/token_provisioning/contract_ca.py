"""A small HTTPS server that keeps the enrolment contract of docs/api.md with real cryptography.

It stands for the CA until the end-to-end tests run against the real one. Everything it accepts it has
verified; `issued` and `confirmations` let a test count. `drop_after` makes it do a step and then
break the connection; `answer_with` replaces an answer; `tamper` changes an issued certificate's answer.
"""

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey
CODE = "8M2K-77QX-P3TD"
REFERENCE = "R-2026-000017"


class RefusalError(Exception):
    def __init__(self, status: int, kind: str, detail: str, **more: Any) -> None:
        self.status = status
        self.document = {"type": f"urn:educa:error:{kind}", "title": kind, "status": status} | more
        self.document |= {"kind": kind, "detail": detail}
        super().__init__(kind)


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


@dataclass(kw_only=True)
class Authority:
    """A root or issuing CA."""

    key: Key
    certificate: x509.Certificate

    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def _builder(subject: x509.Name, public: Any, issuer: x509.Name, issuer_key: Any) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1095))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(authority, critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def make_authority(common: str, *, issuer: Authority | None = None) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    signer = issuer.key if issuer else key
    issued_by = issuer.certificate.subject if issuer else name(common)
    built = (
        _builder(name(common), key.public_key(), issued_by, signer.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return Authority(key=key, certificate=built.sign(signer, hashes.SHA256()))


def make_leaf(
    issuer: Authority, public: Any, *, common: str, usage: x509.ObjectIdentifier, local_host: bool = False
) -> x509.Certificate:
    built = (
        _builder(name(common), public, issuer.certificate.subject, issuer.key.public_key())
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    )
    if local_host:
        alternative = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
        built = built.add_extension(alternative, critical=False)
    return built.sign(issuer.key, hashes.SHA256())


def verify(spki: bytes, signature: bytes, message: bytes) -> bool:
    key = load_der_public_key(spki)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            return False
    except InvalidSignature:
        return False
    return True


@dataclass(kw_only=True)
class ContractCa:
    """One enrolment: REFERENCE and CODE, for one token."""

    token_serial: str
    binding_public_key: bytes
    key_algorithm: str = "ec-p256"
    root: Authority = field(default_factory=lambda: make_authority("教育CA根(测试)"))
    issuing: Authority = field(init=False)
    state: str = "open"
    nonce: bytes = b"\x11" * 32
    challenge: bytes = b"\x22" * 32
    reference: str = REFERENCE
    issued: list[x509.Certificate] = field(default_factory=list)
    csrs: list[bytes] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    drop_after: str | None = None
    answer_with: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    tamper: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    keys_in_use: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.issuing = make_authority("教育CA签发(测试)", issuer=self.root)

    def handle(self, step: str, body: dict[str, str]) -> dict[str, Any]:
        self.calls.append(step)
        return {"begin": self.begin, "certificate": self.certificate, "confirm": self.confirm}[step](body)

    def begin(self, body: dict[str, str]) -> dict[str, Any]:
        if body["token_serial"] != self.token_serial:
            raise RefusalError(403, "wrong-token", "这不是派发给您的介质。")
        if body["reference_number"] != self.reference or body["authorisation_code"] != CODE:
            raise RefusalError(401, "code-wrong", "参考号或授权码错误。", tries_left=4)
        return {
            "session": "s-1",
            "state": self.state,
            "nonce": base64.b64encode(self.nonce).decode(),
            "holder": "张*",
            "unit": "某旗第一小学",
            "key_algorithm": self.key_algorithm,
        }

    def certificate(self, body: dict[str, str]) -> dict[str, Any]:
        csr_der = base64.b64decode(body["csr"])
        csr = x509.load_der_x509_csr(csr_der)
        if not csr.is_signature_valid:
            raise RefusalError(422, "csr-invalid", "证书请求无效。")
        bound = b"educa-enrolment-v1\0" + self.nonce + sha256(csr_der).digest()
        if not verify(self.binding_public_key, base64.b64decode(body["binding_signature"]), bound):
            raise RefusalError(403, "binding-invalid", "不是派发的介质。")
        public = csr.public_key()
        spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if spki in self.keys_in_use:
            raise RefusalError(409, "key-in-use", "该密钥已有证书。")
        if self.issued and self.issued[0].public_key() != public:
            raise RefusalError(409, "code-used", "已为另一密钥签发证书。")
        self.csrs.append(csr_der)
        if not self.issued:
            usage = ExtendedKeyUsageOID.CLIENT_AUTH
            self.issued.append(make_leaf(self.issuing, public, common="张测试", usage=usage))
            self.state = "issued"
        chain = [self.issuing.der(), self.root.der()]
        answer = {
            "certificate": base64.b64encode(self.issued[0].public_bytes(Encoding.DER)).decode(),
            "chain": [base64.b64encode(link).decode() for link in chain],
            "challenge": base64.b64encode(self.challenge).decode(),
        }
        return self.tamper(answer) if self.tamper else answer

    def confirm(self, body: dict[str, str]) -> dict[str, Any]:
        spki = self.issued[0].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        message = b"educa-confirm-v1\0" + self.challenge
        if not verify(spki, base64.b64decode(body["signature"]), message):
            raise RefusalError(403, "proof-invalid", "签名无效。")
        self.state = "confirmed"
        return {"state": "confirmed", "serial": f"{self.issued[0].serial_number:x}"}


def _handler(ca: ContractCa) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object, **named: object) -> None:
            """Be silent."""

        def do_POST(self) -> None:
            step = self.path.rsplit("/", 1)[-1]
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            kind = "application/json"
            try:
                status, content = 200, json.dumps(ca.handle(step, body)).encode()
            except RefusalError as refusal:
                kind = "application/problem+json"
                status, content = refusal.status, json.dumps(refusal.document).encode()
            if ca.drop_after == step:
                self.close_connection = True
                return
            status, content = ca.answer_with.get(step, (status, content))
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


class _Server(ThreadingHTTPServer):
    def handle_error(self, *arguments: object) -> None:
        """Be silent: a helper that is killed breaks its connection."""


@contextmanager
def serving(ca: ContractCa, folder: Path) -> Iterator[str]:
    """Serve on a free port of 127.0.0.1 with TLS under the CA's root; yields the base URL."""
    key = ec.generate_private_key(ec.SECP256R1())
    usage = ExtendedKeyUsageOID.SERVER_AUTH
    leaf = make_leaf(ca.issuing, key.public_key(), common="ca.test", usage=usage, local_host=True)
    (folder / "root.pem").write_bytes(ca.root.pem())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.pem").write_bytes(private + leaf.public_bytes(Encoding.PEM) + ca.issuing.pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    server = _Server(("127.0.0.1", 0), _handler(ca))
    # The handshake belongs to the connection's own thread: a client that breaks it stops nobody else.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
