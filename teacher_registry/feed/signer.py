"""Who may sign the feed: a certificate of the pinned issuing CA, made for this, good and not revoked now."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from teacher_registry.clock import Clock
from teacher_registry.feed.page import UntrustedPageError
from teacher_registry.publications.fetch import UnavailableError
from teacher_registry.refusal import RefusalError
from teacher_registry.verification.chain import verify_chain
from teacher_registry.verification.revocation import Status, UntrustedAnswerError


@dataclass(frozen=True)
class FeedSigner:
    """A `SignerJudge`. `status` asks the CA about a certificate that is proven to be its own."""

    root: x509.Certificate
    issuing: x509.Certificate
    policy_oid: str
    clock: Clock
    status: Callable[[x509.Certificate], Status]

    def __call__(self, chain: list[bytes]) -> ec.EllipticCurvePublicKey:
        """The signer's key. Raises `UntrustedPageError`: reason "signer"."""
        issuing = self.issuing.public_bytes(Encoding.DER)
        if any(der != issuing for der in chain[1:]):
            raise UntrustedPageError("signer", "a chain by way of another CA than the pinned one")
        try:
            verify_chain(
                chain[0],
                [issuing],
                [self.root.public_bytes(Encoding.DER)],
                [],
                self.clock(),
                purpose="documentSigning",
                revocation="if-given",  # the live status below replaces it
            )
            certificate = x509.load_der_x509_certificate(chain[0])
            self._require_policy(certificate)
            status = self.status(certificate)
        except RefusalError as refusal:
            raise UntrustedPageError("signer", str(refusal)) from refusal
        except (UnavailableError, UntrustedAnswerError) as error:
            raise UntrustedPageError("signer", f"its status is not known: {error}") from error
        key = certificate.public_key()
        if status is not Status.GOOD or not isinstance(key, ec.EllipticCurvePublicKey):
            raise UntrustedPageError("signer", f"status {status}, or not an EC key")
        return key

    def _require_policy(self, certificate: x509.Certificate) -> None:
        """The extended key usage alone would let in whoever signs other documents for the CA."""
        try:
            policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
        except x509.ExtensionNotFound as error:
            raise UntrustedPageError("signer", "no certificate policy") from error
        if self.policy_oid not in {policy.policy_identifier.dotted_string for policy in policies}:
            raise UntrustedPageError("signer", "another certificate policy")


@dataclass(frozen=True)
class AnyJudge:
    """A `SignerJudge` of several issuing CAs: while one follows the other, either of them may have made the signer."""

    judges: Sequence[FeedSigner]

    def __call__(self, chain: list[bytes]) -> ec.EllipticCurvePublicKey:
        """The signer's key by the first judge that takes it. Raises `UntrustedPageError` of the last."""
        *others, last = self.judges
        for judge in others:
            with suppress(UntrustedPageError):
                return judge(chain)
        return last(chain)
