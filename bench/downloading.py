"""The self-download as the helper speaks it, by whatever wire: three steps, of which any may be refused."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.ca_service.office import SoftwareKeyInPlaceOfToken

Ask = Callable[[str, Mapping[str, str]], Mapping[str, str] | None]
"""POST a step (`begin`, `certificate`, `confirm`) with its JSON body; the answer, or None where it is refused."""


@dataclass(frozen=True)
class Equipped:
    """A person with a token in hand, and the codes for it."""

    holder: str
    token: SoftwareKeyInPlaceOfToken
    codes: tuple[str, str]


def download(person: Equipped, csr: bytes, ask: Ask) -> bytes | None:
    """The certificate (DER), confirmed; None where a step was refused, as to one of two helpers with the same codes."""
    codes = {"reference_number": person.codes[0], "authorisation_code": person.codes[1]}
    begun = ask("begin", {**codes, "token_serial": person.token.serial})
    if begun is None:
        return None
    bound = person.token.bind(base64.b64decode(begun["nonce"]), csr)
    issued = ask("certificate", {"session": begun["session"], "csr": _text(csr), "binding_signature": _text(bound)})
    if issued is None:
        return None
    proof = person.token.prove(base64.b64decode(issued["challenge"]))
    confirmed = ask("confirm", {"session": begun["session"], "signature": _text(proof)})
    return None if confirmed is None else base64.b64decode(issued["certificate"])


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
