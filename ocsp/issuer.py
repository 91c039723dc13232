"""A CA whose certificates are answered for."""

from collections.abc import Callable
from dataclasses import dataclass

from .signer import ResponderKey
from .status import StatusSource
from .store import AnswerStore


@dataclass(frozen=True, slots=True)
class ServedIssuer:
    """A CA by its certificate (DER), the status of what it has issued, who signs, and perhaps pre-signed answers.

    `key` is called for every new answer, so that the signer can be replaced; it should return the same object
    until then, and may raise: the client is told to try later.
    """

    certificate: bytes
    source: StatusSource
    key: Callable[[], ResponderKey]
    store: AnswerStore | None = None
