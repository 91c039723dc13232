"""Signing OCSP answers ahead with one key, in this process: implements `ports.AnswerSigner`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp as judge

import ocsp
from ca_service.clock import Clock
from ca_service.domain.errors import StateUnknown
from ca_service.workflows.ports import KnownStatuses, SignedAhead


@dataclass(frozen=True)
class Ahead:
    """How answers are signed ahead: for which issuer (certificate, DER), how long they live, what they say."""

    issuer: bytes
    validity: timedelta
    algorithms: Sequence[ocsp.HashAlgorithm]
    archive: timedelta | None


class KeyAhead:
    """The present OCSP signer's key."""

    def __init__(self, ahead: Ahead, key: Callable[[], ocsp.ResponderKey], clock: Clock) -> None:
        self._ahead, self._key, self._clock = ahead, key, clock

    def certificate(self) -> bytes:
        """See the port."""
        return self._key().certificate

    def sign(self, known: Iterable[KnownStatuses]) -> Iterator[SignedAhead]:
        """See the port."""
        return map(self.sign_batch, known)

    def sign_batch(self, known: KnownStatuses) -> SignedAhead:
        """Sign for the certificates of one batch, all with one key; raises Unavailable, StateUnknown."""
        key, ahead = self._key(), self._ahead
        issuer = ocsp.ServedIssuer(ahead.issuer, _Read(known), lambda: key)
        batches = ocsp.presign(
            issuer,
            known.statuses,
            clock=self._clock,
            validity=ahead.validity,
            algorithms=ahead.algorithms,
            archive=ahead.archive,
        )
        answers = [answer for batch in batches for answer in batch]
        _check(answers[-1], key.certificate)
        return SignedAhead(known.version, known.position, key.certificate, answers)


@dataclass(frozen=True)
class _Read:
    """The statuses of one batch as a source: they were read at once, for all that sign."""

    known: KnownStatuses

    def version(self) -> int:
        """See the protocol."""
        return self.known.version

    def changes_since(self, version: int) -> ocsp.Changes:  # noqa: ARG002
        """See the protocol; nobody who signs ahead asks."""
        return ocsp.Changes(self.known.version, None)

    def status(self, serials: Sequence[int]) -> Mapping[int, ocsp.Status]:
        """See the protocol."""
        return {serial: self.known.statuses[serial] for serial in serials}


def _check(answer: ocsp.StoredAnswer, signer: bytes) -> None:
    """Let another parser read one answer of the batch and verify its signature: a wrong key is noticed before any of
    them is stored.
    """
    read = judge.load_der_ocsp_response(answer.body)
    public = x509.load_der_x509_certificate(signer).public_key()
    algorithm = read.signature_hash_algorithm
    try:
        if read.serial_number != answer.serial or not isinstance(public, ec.EllipticCurvePublicKey) or not algorithm:
            raise StateUnknown("预签的 OCSP 应答与证书不符，已停止，未保存。请联系安全管理员。")
        public.verify(read.signature, read.tbs_response_bytes, ec.ECDSA(algorithm))
    except InvalidSignature as error:
        raise StateUnknown("预签的 OCSP 应答签名不正确，已停止，未保存。请联系安全管理员。") from error
