"""The CA as the enrolment sees it: three calls, their answers and how they fail (docs/api.md, Enrolment)."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from token_provisioning.attributes import KeyAlgorithm


class EnrolmentState(StrEnum):
    """How far the CA is with this enrolment."""

    OPEN = "open"
    ISSUED = "issued"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, kw_only=True)
class Begun:
    """Answer of `begin`; `session` is a secret of 15 minutes, `holder` is masked by the CA."""

    session: str = field(repr=False)
    state: EnrolmentState
    nonce: bytes
    holder: str
    unit: str
    key_algorithm: KeyAlgorithm


@dataclass(frozen=True, kw_only=True)
class Issued:
    """Answer of `certificate`: DER, the chain with the issuing CA first; nothing is verified yet."""

    certificate: bytes
    chain: list[bytes]
    challenge: bytes


class CaClient(Protocol):
    """Each call may be repeated: the CA then changes nothing and answers the same.

    All raise `CaUnreachableError`, `TlsNotTrustedError`, `CaAnswerInvalidError`, `CaRefusedError`.
    """

    def begin(self, *, reference: str, code: str, token_serial: str) -> Begun:
        """Open a session; a wrong code uses up one of five tries."""

    def certificate(self, *, session: str, csr: bytes, binding_signature: bytes) -> Issued:
        """Ask for the certificate for the key of this CSR."""

    def confirm(self, *, session: str, signature: bytes) -> str:
        """Prove that the new key signs; returns the serial number, lower-case hex."""
