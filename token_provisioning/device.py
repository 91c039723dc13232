"""What the steps of initialisation and enrolment need of a token, whatever stands behind it."""

from dataclasses import dataclass
from typing import Protocol

from token_provisioning.attributes import KeyAlgorithm, KeyAttributes


@dataclass(frozen=True, kw_only=True)
class TokenInfo:
    """One slot with a token, as its module describes it; `serial` is empty on a token never initialised.

    The PIN flags are what CK_TOKEN_INFO tells at this moment; many modules never set some of them.
    """

    slot: int
    serial: str
    label: str
    model: str
    manufacturer: str
    initialised: bool
    user_pin_set: bool
    pin_locked: bool
    pin_final_try: bool
    pin_count_low: bool
    pin_to_be_changed: bool


@dataclass(frozen=True, kw_only=True)
class KeyPair:
    """A pair whose two halves are on the token and fit; `public_key` is a DER SubjectPublicKeyInfo."""

    key_id: bytes
    algorithm: KeyAlgorithm
    public_key: bytes


@dataclass(frozen=True, kw_only=True)
class StoredCertificate:
    """A certificate object: its CKA_LABEL, CKA_ID and DER; the DER is not checked by anyone yet."""

    label: str
    key_id: bytes
    der: bytes


class Device(Protocol):
    """One token with the user logged in.

    Every method may raise `TokenRemovedError` or `TokenFailedError`; those that write, also `TokenFullError`.
    Objects are on the token for good once the method has returned. Not for use by several threads.
    """

    @property
    def serial(self) -> str:
        """The serial number of the token, without padding."""

    def key_pairs(self, label: str) -> list[KeyPair]:
        """Return the complete pairs with this label; each has proved by a signature that its halves fit."""

    def remove_orphans(self, label: str) -> int:
        """Destroy halves with this label that belong to no complete pair and no certificate; how many."""

    def generate(self, *, label: str, key_id: bytes, algorithm: KeyAlgorithm) -> KeyPair:
        """Make a pair on the token: private, sensitive, not extractable, for signatures."""

    def remove_pair(self, label: str, pair: KeyPair) -> None:
        """Destroy both halves of a pair with this label, for good; none is fine."""

    def key_attributes(self, pair: KeyPair) -> KeyAttributes:
        """Read back what the token says about the private half."""

    def sign(self, pair: KeyPair, message: bytes) -> bytes:
        """Sign with SHA-256: ECDSA as DER, RSA as PKCS#1 v1.5."""

    def sign_digest(self, pair: KeyPair, digest: bytes, *, pss: bool) -> bytes:
        """Sign a SHA-256 digest: ECDSA as DER; RSA as PSS (salt of 32 octets) or PKCS#1 v1.5."""

    def can_sign_pss(self) -> bool:
        """Tell whether the module offers RSA-PSS, which TLS 1.3 demands of RSA keys."""

    def certificates(self) -> list[StoredCertificate]:
        """Return all X.509 certificates on the token."""

    def store_certificate(self, certificate: StoredCertificate) -> None:
        """Write a certificate object; a repeat makes a second one, so look first."""

    def remove_certificate(self, certificate: StoredCertificate) -> None:
        """Destroy the certificate objects equal to this one; none is fine."""

    def has_mark(self, label: str) -> bool:
        """Tell whether the public mark with this label is there."""

    def set_mark(self, label: str) -> None:
        """Write the public mark with this label."""

    def clear_mark(self, label: str) -> None:
        """Destroy the mark with this label; none is fine."""

    def change_pin(self, *, old: str, new: str) -> None:
        """Set a new user PIN; raises `PinWrongError`, `PinRuleBrokenError` if the token refuses it."""
