"""The CA as the helper sees it: the calls of docs/api.md, their answers and how they fail."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from token_provisioning.attributes import KeyAlgorithm


class EnrolmentState(StrEnum):
    """How far the CA is with an enrolment or a renewal."""

    OPEN = "open"
    ISSUED = "issued"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """The certificate that a replacement takes the place of; serial number as lower-case hex."""

    serial: str
    revoked: bool


@dataclass(frozen=True, kw_only=True)
class Begun:
    """Answer of `begin`; `session` is a secret of 15 minutes, `holder` is masked by the CA."""

    session: str = field(repr=False)
    state: EnrolmentState
    nonce: bytes
    holder: str
    unit: str
    key_algorithm: KeyAlgorithm
    replaces: Replaced | None = None


@dataclass(frozen=True, kw_only=True)
class Issued:
    """Answer of `certificate`: DER, the chain with the issuing CA first; nothing is verified yet."""

    certificate: bytes
    chain: list[bytes]
    challenge: bytes


@dataclass(frozen=True, kw_only=True)
class Confirmed:
    """Answer of `confirm`: serial numbers as lower-case hex; `superseded` is empty for a first certificate."""

    serial: str
    superseded: str = ""


class CertificateCalls(Protocol):
    """Each call may be repeated: the CA then changes nothing and answers the same.

    All raise `CaUnreachableError`, `TlsNotTrustedError`, `CaAnswerInvalidError`, `CaRefusedError`.
    """

    def certificate(self, *, session: str, csr: bytes, binding_signature: bytes) -> Issued:
        """Ask for the certificate for the key of this CSR."""

    def confirm(self, *, session: str, signature: bytes) -> Confirmed:
        """Prove that the new key signs; a renewed certificate is superseded by it."""


class CaClient(CertificateCalls, Protocol):
    """The first certificate on a token, or the one after a replacement, by two codes."""

    def begin(self, *, reference: str, code: str, token_serial: str) -> Begun:
        """Open a session; a wrong code uses up one of five tries."""


class RenewalClient(CertificateCalls, Protocol):
    """Over TLS with the certificate that is renewed: who asks is known by it, so there are no codes."""

    def begin(self, *, token_serial: str) -> Begun:
        """Open a session; refused as `renewal-not-due` before the window and as `superseded` after the end."""


@dataclass(frozen=True, kw_only=True)
class UnblockBegun:
    """Answer of `begin`: `reader` is the P-256 key (DER SPKI) for which the next SO PIN is sealed."""

    session: str = field(repr=False)
    nonce: bytes
    reader: bytes


class UnblockClient(Protocol):
    """The release of a SO PIN; each call may be repeated, and raises like those of `CaClient`."""

    def begin(self, *, token_serial: str, release_code: str) -> UnblockBegun:
        """Open a session; a wrong code uses up one of five tries."""

    def release(self, *, session: str, binding_key: bytes, reader: bytes, next_so_pin_sealed: bytes) -> list[bytes]:
        """Hand in the next SO PIN, sealed, and get those that may be in force, each sealed for `reader`."""

    def confirm(self, *, session: str, signature: bytes) -> None:
        """Prove by the binding key that the new user PIN works: the next SO PIN is in force."""
