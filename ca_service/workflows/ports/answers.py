"""Signing OCSP answers ahead: what is read, who signs, where the answers go."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ocsp import Status, StoredAnswer


@dataclass(frozen=True)
class KnownStatuses:
    """The status of some certificates, none older than `version`; `position` is the last serial among them."""

    version: int
    position: str
    statuses: Mapping[int, Status]


@dataclass(frozen=True)
class SignedAhead:
    """The answers for one KnownStatuses, all signed by the key of this certificate (DER)."""

    version: int
    position: str
    certificate: bytes
    answers: Sequence[StoredAnswer]


class AnswerSigner(Protocol):
    """Who signs ahead, in this process or in several. Raises Unavailable."""

    def certificate(self) -> bytes:
        """The certificate (DER) that answers are signed under now."""

    def sign(self, known: Iterable[KnownStatuses]) -> Iterator[SignedAhead]:
        """Sign for each, in the order given; takes only a few ahead, so that the memory does not grow."""


class OcspAnswers(Protocol):
    """Pre-signed answers inside one transaction, and the certificates that they are for."""

    def statuses(self, issuer: str, *, after: str, limit: int, ended_from: datetime) -> KnownStatuses:
        """The next certificates in the order of the store after a serial ("": the first), whose end is not before
        `ended_from`; empty at the end. Those whose signature is not recorded are left out.
        """

    def count(self, issuer: str) -> int:
        """About how many certificates `statuses` goes through: expired ones are counted too."""

    def put(self, run: int, answers: Sequence[StoredAnswer], *, certificate: bytes) -> None:
        """Keep all these answers, or none, in the place of those with the same CertID; durable with the commit.

        Raises ocsp.ImpossibleResponse for one that does not carry the signer's certificate.
        """

    def sweep(self, runs: Sequence[int], *, after: bytes) -> bytes | None:
        """Delete answers of these runs among the next ones after a CertID; return where to go on, None at the end."""
