"""The signature under a checkpoint of the audit log, by the audit signer's key on the token."""

from collections.abc import Callable

from ca_service.domain.checkpoints import Checkpoint, TreeHead, signed
from ca_service.signing.pkcs11_key import Pkcs11Key


class HeadSigner:
    """The key of one audit signer certificate."""

    def __init__(self, public_key: bytes, sign: Callable[[bytes], bytes]) -> None:
        self._public_key = public_key
        self._sign = sign

    @classmethod
    def of(cls, _certificate: bytes, key: Pkcs11Key) -> "HeadSigner":
        """The signer with a P-256 key on the token."""
        return cls(key.public_key, key.sign)

    def __call__(self, tree: TreeHead) -> Checkpoint:
        """The signed checkpoint."""
        return signed(tree, public_key=self._public_key, signature=self._sign(tree.text().encode()))
