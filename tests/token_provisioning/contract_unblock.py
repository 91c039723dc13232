"""The unblock side of the contract CA: the list of SO PINs that a token may have, newest first."""

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from tests.token_provisioning.authority import verify
from tests.token_provisioning.refusal import RefusalError

RELEASE_CODE = "K7PM-42QX"
_SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class ContractUnblocks:
    """One release of one token, by RELEASE_CODE; `so_pins` are those that the token may have, newest first."""

    def __init__(self, token_serial: str, binding_public_key: bytes) -> None:
        self._serial, self._binding = token_serial, binding_public_key
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.nonce = b"\x55" * 32
        self.so_pins: list[str] = []
        self.released = True
        self.state = "open"

    def public_pem(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def open(self, sealed: bytes) -> str:
        return _SUITE.decrypt(sealed, self._key, b"educa-so-pin-v1\0" + self._serial.encode()).decode()

    def handle(self, act: str, body: dict[str, str]) -> dict[str, Any]:
        return {"begin": self.begin, "release": self.release, "confirm": self.confirm}[act](body)

    def begin(self, body: dict[str, str]) -> dict[str, Any]:
        if not self.released:
            raise RefusalError(403, "not-released", "解锁申请尚未批准。")
        if body["token_serial"] != self._serial:
            raise RefusalError(403, "wrong-token", "这不是申请解锁的介质。")
        if body["release_code"] != RELEASE_CODE:
            raise RefusalError(401, "code-wrong", "解锁码错误。", tries_left=4)
        if self.state == "confirmed":
            raise RefusalError(409, "code-used", "解锁码已使用。")
        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {"session": "u-1", "nonce": encode(self.nonce), "reader": encode(public)}

    def release(self, body: dict[str, str]) -> dict[str, Any]:
        if base64.b64decode(body["binding_public_key"]) != self._binding:
            raise RefusalError(403, "binding-invalid", "不是派发的介质。")
        reader: Any = load_der_public_key(base64.b64decode(body["reader"]))
        known = list(self.so_pins)
        self.so_pins.insert(0, self.open(base64.b64decode(body["next_so_pin_sealed"])))
        info = b"educa-unblock-so-pin-v1\0" + self.nonce + self._serial.encode()
        return {"so_pins_sealed": [encode(_SUITE.encrypt(pin.encode(), reader, info)) for pin in known]}

    def confirm(self, body: dict[str, str]) -> dict[str, Any]:
        if not verify(self._binding, base64.b64decode(body["signature"]), b"educa-unblock-v1\0" + self.nonce):
            raise RefusalError(403, "proof-invalid", "签名无效。")
        self.so_pins = self.so_pins[:1]
        self.state = "confirmed"
        return {"state": "confirmed"}


def encode(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
