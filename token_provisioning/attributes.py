"""What the objects on a token are called, and what a key must be like to count as made and held there."""

from dataclasses import dataclass
from enum import StrEnum

from token_provisioning.errors import KeyNotLocalError, KeyNotSafeError

BINDING_LABEL = "educa-binding"
AUTH_LABEL = "educa-auth"
CA_LABEL = "educa-ca"
# A mark (marks.py): its presence is known before login, so that a repeat of an interrupted
# enrolment knows which PIN to expect without spending a try.
FIRST_PIN_LABEL = "educa-first-pin"


class KeyAlgorithm(StrEnum):
    """Key algorithms of docs/api.md, by their names there."""

    EC_P256 = "ec-p256"
    RSA_2048 = "rsa-2048"


@dataclass(frozen=True, kw_only=True)
class KeyAttributes:
    """What the token itself says about a private key (PKCS#11 v2.40, 4.9).

    `None`: the token does not tell; that counts as not safe.
    """

    sensitive: bool | None
    always_sensitive: bool | None
    extractable: bool | None
    never_extractable: bool | None
    local: bool | None

    def require_token_born(self) -> None:
        """Raise `KeyNotSafeError` unless the key was generated on the token and can never have left it."""
        wanted = {
            "SENSITIVE": self.sensitive is True,
            "ALWAYS_SENSITIVE": self.always_sensitive is True,
            "NOT EXTRACTABLE": self.extractable is False,
            "NEVER_EXTRACTABLE": self.never_extractable is True,
            "LOCAL": self.local is True,
        }
        missing = [name for name, holds in wanted.items() if not holds]
        if missing == ["LOCAL"]:
            raise KeyNotLocalError(missing="LOCAL")
        if missing:
            raise KeyNotSafeError(missing=", ".join(missing))
