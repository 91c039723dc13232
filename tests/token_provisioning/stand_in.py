"""Stand-ins for tokens that software does not offer: flags of the PIN, several of them, full, slow, pulled out."""

from collections.abc import Callable
from typing import Any

import pkcs11
from pkcs11 import Attribute, ObjectClass

from token_provisioning.errors import EmptyReaderError, NoTokenError, TokenError, WrongTokenError

# A P-256 point that stands for our binding key.
POINT = bytes.fromhex(
    "0441046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


class StandInToken:
    """A token as python-pkcs11 gives it; every login raises `refusal`."""

    label = model = manufacturer_id = "stand-in"

    def __init__(self, flags: int = 0, *, serial: str = "0102", ours: bool = True, refusal: Any = None) -> None:
        known = pkcs11.TokenFlag.USER_PIN_INITIALIZED | pkcs11.TokenFlag.TOKEN_INITIALIZED
        self.flags = pkcs11.TokenFlag(flags | known)
        self.serial = serial.encode()
        self.slot_id = 1
        self.ours, self.refusal = ours, refusal

    @property
    def slot(self) -> "StandInToken":
        return self

    def get_token(self) -> "StandInToken":
        return self

    def get_objects(self, wanted: dict[Attribute, Any]) -> list[dict[Attribute, Any]]:
        if self.ours and wanted.get(Attribute.CLASS) == ObjectClass.PUBLIC_KEY:
            return [{Attribute.KEY_TYPE: pkcs11.KeyType.EC, Attribute.EC_POINT: POINT}]
        return []

    def open(self, **login: Any) -> "StandInToken":
        if login and self.refusal is not None:
            raise self.refusal
        return self

    def close(self) -> None:
        """Be a session too."""

    def __enter__(self) -> "StandInToken":
        return self

    def __exit__(self, *_: object) -> None:
        """End the session."""


class StandInModule:
    """`helper.desk.Tokens` over stand-ins."""

    def __init__(self, *tokens: StandInToken, empty_reader: str = "") -> None:
        self.tokens: list[Any] = list(tokens)
        self.empty_reader = empty_reader
        self.forgotten = 0
        self.before_choice: Callable[[], None] = lambda: None

    def usable(self) -> list[Any]:
        return self.tokens

    def nothing_there(self) -> TokenError:
        return EmptyReaderError(reader=self.empty_reader) if self.empty_reader else NoTokenError()

    def choose(self, serial: str | None) -> Any:
        self.before_choice()
        if not self.tokens:
            raise self.nothing_there()
        found = [token for token in self.tokens if token.serial.decode() == serial]
        if not found:
            raise WrongTokenError(wanted=str(serial), present=self.tokens[0].serial.decode())
        return found[0]

    def forget(self, token: Any) -> None:
        self.forgotten += 1
