"""The gate: a certificate as the TLS layer saw it goes in, a verified administrator or a refusal comes out.

Judged for every request, so that a freeze ends what is already open:

1. there is a certificate, and it reads                              no-certificate, malformed
2. our issuing CA signed it, our root vouches for that CA             foreign
3. its time, its purpose, its policy                                  expired, not-yet-valid, wrong-purpose
4. the root's CRL does not name the issuing CA                        revoked, status-unknown
5. the CA's word on it now: OCSP; the CRL if OCSP cannot be reached   frozen, revoked, status-unknown
6. the subject names one person of one unit                           malformed
"""

from dataclasses import dataclass
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from teacher_registry.clock import Clock
from teacher_registry.publications.crl_source import CrlSource
from teacher_registry.publications.fetch import UnavailableError
from teacher_registry.publications.ocsp_source import OcspSource
from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification.certificates import PARSER_ERRORS, read_certificate
from teacher_registry.verification.chain import verify_chain
from teacher_registry.verification.revocation import Status, UntrustedAnswerError, require_good
from teacher_registry.verification.subject import VerifiedAdministrator, administrator_of


class Admission(Protocol):
    """What the pages need of the gate. Implementations raise nothing but `RefusalError`."""

    def admit(self, presented: bytes | None, *, fresh: bool = False) -> VerifiedAdministrator:
        """Judge the DER that the TLS layer proved possession for; `fresh` takes no remembered status."""


@dataclass(frozen=True)
class Trust:
    """The pinned certificates and the policy. A thief who can write these files decides who is an
    administrator.
    """

    root: x509.Certificate
    issuing: x509.Certificate
    policy_oid: str


@dataclass(frozen=True)
class Gate:
    """`ocsp` None: the deployment has no responder and the CRL decides alone."""

    trust: Trust
    clock: Clock
    root_crl: CrlSource
    issuing_crl: CrlSource
    ocsp: OcspSource | None

    def admit(self, presented: bytes | None, *, fresh: bool = False) -> VerifiedAdministrator:
        """Raise `RefusalError`, or return who it is. `presented` is DER."""
        if presented is None:
            raise RefusalError(RefusalKind.NO_CERTIFICATE, "no client certificate")
        leaf = read_certificate(presented).unverified
        self._require_our_issuer(leaf)
        verify_chain(
            presented,
            [self.trust.issuing.public_bytes(Encoding.DER)],
            [self.trust.root.public_bytes(Encoding.DER)],
            [],
            self.clock(),
            revocation="if-given",  # the live status below replaces it
            policy_oid=self.trust.policy_oid,
        )
        try:
            require_good(self.root_crl.status(self.trust.issuing), "the issuing CA")
            require_good(self._live_status(leaf, fresh=fresh), "the certificate")
        except (UnavailableError, UntrustedAnswerError) as error:
            raise RefusalError(RefusalKind.STATUS_UNKNOWN, str(error)) from error
        return administrator_of(leaf, leaf.fingerprint(hashes.SHA256()))

    def _require_our_issuer(self, leaf: x509.Certificate) -> None:
        """The root may sign other CAs; only the pinned one makes administrators of this registry."""
        try:
            leaf.verify_directly_issued_by(self.trust.issuing)
        except (InvalidSignature, *PARSER_ERRORS) as error:
            raise RefusalError(RefusalKind.FOREIGN, "not signed by the pinned issuing CA") from error

    def _live_status(self, leaf: x509.Certificate, *, fresh: bool) -> Status:
        # Only silence leads to the CRL. An answer that cannot be trusted closes the gate: it means that
        # somebody between us and the CA is talking, and the older list is what he would like us to use.
        if self.ocsp is None:
            return self.issuing_crl.status(leaf)
        try:
            return self.ocsp.status(leaf, fresh=fresh)
        except UnavailableError:
            return self.issuing_crl.status(leaf)
