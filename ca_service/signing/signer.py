"""The Signer: the one small protocol through which everything is signed, whatever the algorithm or the key's home."""

from typing import Protocol

from ca_service.domain.key_use import Use


class Signer(Protocol):
    """A private key that we may use but not see."""

    @property
    def algorithm(self) -> bytes:
        """AlgorithmIdentifier of the signatures, DER."""

    @property
    def public_key(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""

    def require(self, use: Use) -> None:
        """Raise Unavailable, or Busy, when the key cannot sign now; nothing is signed."""

    def sign(self, message: bytes, *, use: Use = Use.OTHER) -> bytes:
        """Signature as it stands in signatureValue; raise Unavailable when the key cannot be reached."""
