"""The CA as docs/api.md describes it to the helper, with real cryptography and a memory as long as a test.

It stands for the CA where the real one does not speak yet (renewal, unblock) or a test has to look inside.
Everything it accepts it has verified; `issued`, `calls` and `csrs` let a test count. `drop_after` makes the server
do a step and then break the connection; `answer_with` replaces an answer; `tamper` changes the answer with the
certificate. Steps are named `begin`, `certificate`, `confirm`, those of the other parts `renewals/begin` and so on.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.token_provisioning.authority import Authority, make_authority, make_leaf, verify
from tests.token_provisioning.contract_unblock import ContractUnblocks
from tests.token_provisioning.refusal import RefusalError

CODE = "8M2K-77QX-P3TD"
REFERENCE = "R-2026-000017"
HOLDER = {"holder": "张*", "unit": "某旗第一小学"}


def encode(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def spki(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def number(certificate: x509.Certificate) -> str:
    return f"{certificate.serial_number:x}"


@dataclass(kw_only=True)
class ContractCa:
    """One person with one token: REFERENCE and CODE for the download."""

    token_serial: str
    binding_public_key: bytes
    key_algorithm: str = "ec-p256"
    root: Authority = field(default_factory=lambda: make_authority("教育CA根(测试)"))
    issuing: Authority = field(init=False)
    renewals: "ContractRenewals" = field(init=False)
    unblocks: ContractUnblocks = field(init=False)
    state: str = "open"
    nonce: bytes = b"\x11" * 32
    challenge: bytes = b"\x22" * 32
    reference: str = REFERENCE
    replaces: dict[str, Any] | None = None
    life_days: int = 1095
    issued: list[x509.Certificate] = field(default_factory=list)
    csrs: list[bytes] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    drop_after: str | None = None
    answer_with: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    tamper: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    keys_in_use: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.issuing = make_authority("教育CA签发(测试)", issuer=self.root)
        self.renewals = ContractRenewals(self)
        self.unblocks = ContractUnblocks(self.token_serial, self.binding_public_key)

    def handle(self, step: str, body: dict[str, str], peer: x509.Certificate | None) -> dict[str, Any]:
        self.calls.append(step)
        part, _, act = step.rpartition("/")
        if part == "renewals":
            return self.renewals.handle(act, body, peer)
        if part == "unblocks":
            return self.unblocks.handle(act, body)
        return {"begin": self.begin, "certificate": self.certificate, "confirm": self.confirm}[act](body)

    def begin(self, body: dict[str, str]) -> dict[str, Any]:
        if body["token_serial"] != self.token_serial:
            raise RefusalError(403, "wrong-token", "这不是派发给您的介质。")
        if body["reference_number"] != self.reference or body["authorisation_code"] != CODE:
            raise RefusalError(401, "code-wrong", "参考号或授权码错误。", tries_left=4)
        answer = {"session": "s-1", "state": self.state, "nonce": encode(self.nonce), **HOLDER}
        answer["key_algorithm"] = self.key_algorithm
        return answer if self.replaces is None else answer | {"replaces": self.replaces}

    def certificate(self, body: dict[str, str]) -> dict[str, Any]:
        public = self.requested_key(body, b"educa-enrolment-v1\0" + self.nonce)
        if self.issued and self.issued[0].public_key() != public:
            raise RefusalError(409, "code-used", "已为另一密钥签发证书。")
        if not self.issued:
            self.issued.append(self.issue(public))
            self.state = "issued"
        answer = self.delivery(self.issued[0], self.challenge)
        return self.tamper(answer) if self.tamper else answer

    def confirm(self, body: dict[str, str]) -> dict[str, Any]:
        self.require_proof(self.issued[0], body["signature"], self.challenge)
        self.state = "confirmed"
        return {"state": "confirmed", "serial": number(self.issued[0])}

    def requested_key(self, body: dict[str, str], context: bytes) -> Any:
        """Return the public key of the request once both its signatures are verified."""
        csr_der = base64.b64decode(body["csr"])
        csr = x509.load_der_x509_csr(csr_der)
        if not csr.is_signature_valid:
            raise RefusalError(422, "csr-invalid", "证书请求无效。")
        bound = context + sha256(csr_der).digest()
        if not verify(self.binding_public_key, base64.b64decode(body["binding_signature"]), bound):
            raise RefusalError(403, "binding-invalid", "不是派发的介质。")
        public = csr.public_key()
        if public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) in self.keys_in_use:
            raise RefusalError(409, "key-in-use", "该密钥已有证书。")
        self.csrs.append(csr_der)
        return public

    def issue(self, public: Any) -> x509.Certificate:
        usage = ExtendedKeyUsageOID.CLIENT_AUTH
        unit = HOLDER["unit"]
        return make_leaf(self.issuing, public, common="张测试", usage=usage, unit=unit, days=self.life_days)

    def delivery(self, certificate: x509.Certificate, challenge: bytes) -> dict[str, Any]:
        return {
            "certificate": encode(certificate.public_bytes(Encoding.DER)),
            "chain": [encode(link.der()) for link in (self.issuing, self.root)],
            "challenge": encode(challenge),
        }

    def require_proof(self, certificate: x509.Certificate, signature: str, challenge: bytes) -> None:
        if not verify(spki(certificate), base64.b64decode(signature), b"educa-confirm-v1\0" + challenge):
            raise RefusalError(403, "proof-invalid", "签名无效。")


class ContractRenewals:
    """Renewal of the certificate that TLS brings; one at a time."""

    def __init__(self, ca: ContractCa) -> None:
        self._ca = ca
        self.nonce, self.challenge = b"\x33" * 32, b"\x44" * 32
        self.due = True
        self.old: x509.Certificate | None = None
        self.issued: list[x509.Certificate] = []
        self.state = "open"
        self.superseded: set[str] = set()
        self.not_live: set[str] = set()

    def handle(self, act: str, body: dict[str, str], peer: x509.Certificate | None) -> dict[str, Any]:
        if peer is None:
            raise RefusalError(401, "unauthenticated", "请用证书登录。")
        steps = {"begin": self.begin, "certificate": self.certificate, "confirm": self.confirm}
        return steps[act](body, peer)

    def begin(self, body: dict[str, str], peer: x509.Certificate) -> dict[str, Any]:
        if body["token_serial"] != self._ca.token_serial:
            raise RefusalError(403, "wrong-token", "这不是派发给您的介质。")
        if number(peer) in self.superseded:
            raise RefusalError(409, "superseded", "该证书已被新证书取代。")
        if number(peer) in self.not_live:
            raise RefusalError(403, "certificate-not-live", "该证书已冻结或吊销。")
        if not self.due or peer in self.issued:
            raise RefusalError(409, "renewal-not-due", "2029-10-25 起可以更新。", possible_from="2029-10-25T00:00:00Z")
        self.old = peer
        answer = {"session": "r-1", "state": self.state, "nonce": encode(self.nonce), **HOLDER}
        return answer | {"key_algorithm": self._ca.key_algorithm}

    def certificate(self, body: dict[str, str], peer: x509.Certificate) -> dict[str, Any]:
        public = self._ca.requested_key(body, b"educa-renewal-v1\0" + self.nonce)
        if public == peer.public_key():
            raise RefusalError(409, "key-in-use", "更新须使用新密钥。")
        if self.issued and self.issued[0].public_key() != public:
            raise RefusalError(409, "code-used", "已为另一密钥签发证书。")
        if not self.issued:
            self._ca.life_days += 365
            self.issued.append(self._ca.issue(public))
            self.state = "issued"
        return self._ca.delivery(self.issued[0], self.challenge)

    def confirm(self, body: dict[str, str], peer: x509.Certificate) -> dict[str, Any]:
        assert self.old is not None
        self._ca.require_proof(self.issued[0], body["signature"], self.challenge)
        self.state = "confirmed"
        self.superseded.add(number(self.old))
        return {"state": "confirmed", "serial": number(self.issued[0]), "superseded": number(self.old)}
