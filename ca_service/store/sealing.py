"""Encryption of personal fields and documents at rest: AES-256-GCM under a key from a file, with the key's id in front.

A sealed value is key id (8 octets) || nonce (12) || ciphertext and tag. The context (table and record) is
authenticated, so that a sealed value copied to another record does not open.
"""

import hashlib
import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ca_service.domain.errors import Invalid

_KEY_ID = 8
_NONCE = 12


@dataclass(frozen=True)
class FieldKey:
    """A 32-octet secret. Its thief reads every ID number and telephone number of a stolen database."""

    secret: bytes = field(repr=False)

    def derive(self, purpose: bytes) -> bytes:
        """A 32-octet key for one purpose; knowing it tells nothing about the others."""
        return hmac.digest(self.secret, b"educa:" + purpose, hashlib.sha256)

    @cached_property
    def id(self) -> bytes:
        """Eight octets that name the key without telling anything about it."""
        return self.derive(b"key-id")[:_KEY_ID]

    @property
    def look_up(self) -> bytes:
        """What keyed hashes are made with, where this is the first key of a ring."""
        return self.derive(b"look-up")


@dataclass(frozen=True)
class Keys:
    """The current key seals; the others open what was sealed before, or elsewhere after a change of keys.

    `look_up` stays when keys change: a keyed hash that was stored must be found again.
    """

    look_up: bytes = field(repr=False)
    current: FieldKey
    announced: FieldKey | None = None
    retired: tuple[FieldKey, ...] = ()

    def find(self, key_id: bytes) -> FieldKey | None:
        """The key of this name."""
        others = (self.announced,) if self.announced else ()
        return next((key for key in (self.current, *others, *self.retired) if key.id == key_id), None)


class Sealer:
    """Seals with the current key and opens with any key of the ring, as the ring is at that moment."""

    def __init__(self, current: FieldKey, *retired: FieldKey) -> None:
        fixed = Keys(current.look_up, current, None, retired)
        self._keys: Callable[[], Keys] = lambda: fixed
        self._ciphers: dict[bytes, AESGCM] = {}
        self._lookup = fixed.look_up

    @classmethod
    def following(cls, keys: Callable[[], Keys]) -> "Sealer":
        """One whose keys may change while it is used; `keys` is asked each time, so it must be quick."""
        now = keys()
        made = cls(now.current)
        made._keys, made._lookup = keys, now.look_up
        return made

    def seal(self, plain: bytes, *, context: str) -> bytes:
        """Encrypt for one context, e.g. `application/A12`."""
        nonce = os.urandom(_NONCE)
        key = self._keys().current
        return key.id + nonce + self._cipher(key).encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Decrypt; raise Invalid where the key is not ours, the context differs or a bit was changed."""
        key = self._keys().find(sealed[:_KEY_ID])
        if key is None:
            raise Invalid("加密数据所用的密钥不在当前配置中，请检查 secrets.field_key。")
        nonce, cipher = sealed[_KEY_ID : _KEY_ID + _NONCE], sealed[_KEY_ID + _NONCE :]
        try:
            return self._cipher(key).decrypt(nonce, cipher, context.encode())
        except InvalidTag:
            raise Invalid(f"加密数据已损坏或被移动（{context}）。请从备份恢复。") from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether a value, or its first octets, is sealed with the key that seals now."""
        return sealed[:_KEY_ID] == self.current_id

    @property
    def current_id(self) -> bytes:
        """The name of the key that seals now."""
        return self._keys().current.id

    def keyed_hash(self, text: str) -> str:
        """HMAC-SHA256 in hex: look-ups by ID number or code without keeping either."""
        return hmac.new(self._lookup, text.encode(), hashlib.sha256).hexdigest()

    def _cipher(self, key: FieldKey) -> AESGCM:
        known = self._ciphers.get(key.secret)
        if known is None:
            known = self._ciphers[key.secret] = AESGCM(key.derive(b"seal"))
        return known
