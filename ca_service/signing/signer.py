"""The Signer: the one small protocol through which everything is signed, whatever the algorithm or the key's home."""

from typing import Protocol


class Signer(Protocol):
    """A private key that we may use but not see."""

    @property
    def algorithm(self) -> bytes:
        """AlgorithmIdentifier of the signatures, DER."""

    @property
    def public_key(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""

    def sign(self, message: bytes) -> bytes:
        """Signature as it stands in signatureValue; raise Unavailable when the key cannot be reached."""
