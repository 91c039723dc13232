"""Encryption of personal fields and documents at rest: AES-256-GCM under a key from a file, with the key's id in front.

A sealed value is key id (8 octets) || nonce (12) || ciphertext and tag. The context (table and record) is
authenticated, so that a sealed value copied to another record does not open.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ca_service.domain.errors import Invalid

_KEY_ID, _NONCE = 8, 12


@dataclass(frozen=True)
class FieldKey:
    """A 32-octet secret. Its thief reads every ID number and telephone number of a stolen database."""

    secret: bytes

    def derive(self, purpose: bytes) -> bytes:
        """A 32-octet key for one purpose; knowing it tells nothing about the others."""
        return hmac.digest(self.secret, b"educa:" + purpose, hashlib.sha256)

    @property
    def id(self) -> bytes:
        """Eight octets that name the key without telling anything about it."""
        return self.derive(b"key-id")[:_KEY_ID]


class Sealer:
    """Seals with the current key and opens with any key of the ring."""

    def __init__(self, current: FieldKey, *retired: FieldKey) -> None:
        self._current = current
        self._ring: Mapping[bytes, AESGCM] = {k.id: AESGCM(k.derive(b"seal")) for k in (current, *retired)}
        self._lookup = current.derive(b"look-up")

    def seal(self, plain: bytes, *, context: str) -> bytes:
        """Encrypt for one context, e.g. `application/A12`."""
        nonce = os.urandom(_NONCE)
        key_id = self._current.id
        return key_id + nonce + self._ring[key_id].encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Decrypt; raise Invalid where the key is not ours, the context differs or a bit was changed."""
        key = self._ring.get(sealed[:_KEY_ID])
        if key is None:
            raise Invalid("加密数据所用的密钥不在当前配置中，请检查 secrets.field_key。")
        nonce, cipher = sealed[_KEY_ID : _KEY_ID + _NONCE], sealed[_KEY_ID + _NONCE :]
        try:
            return key.decrypt(nonce, cipher, context.encode())
        except InvalidTag:
            raise Invalid(f"加密数据已损坏或被移动（{context}）。请从备份恢复。") from None

    def keyed_hash(self, text: str) -> str:
        """HMAC-SHA256 in hex: look-ups by ID number or code without keeping either."""
        return hmac.new(self._lookup, text.encode(), hashlib.sha256).hexdigest()
