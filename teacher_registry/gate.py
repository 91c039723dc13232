"""The gate: a certificate as the TLS layer saw it goes in, a verified administrator or a refusal comes out.

Judged for every request, so that a freeze ends what is already open. TLS proved that the client has the key; then:

1. there is a certificate, and it reads                              no-certificate, malformed
2. a path to our root by way of our issuing CA, every rule of form,  malformed, foreign,
   the library, our own reading and a second verifier agreeing         expired, not-yet-valid
3. its purpose, and a policy that makes its holder something here    wrong-purpose
4. the CA's word on the issuing CA and on it, as fresh as the        frozen, revoked, status-unknown
   operation demands (`verification.policy`)
5. the subject names one person of one unit, the policy the role     malformed
6. the state of the holder's account now                             as the port says

2, 3 and 5 depend on the octets and the time alone: they are remembered per certificate (`KnownCertificates`).
"""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from teacher_registry.clock import Clock
from teacher_registry.publications.crl_source import CrlSource
from teacher_registry.publications.fetch import UnavailableError
from teacher_registry.publications.ocsp_source import OcspSource
from teacher_registry.publications.refresher import Refresher
from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification.certificates import PARSER_ERRORS
from teacher_registry.verification.crl_index import Listed
from teacher_registry.verification.known import KnownCertificate, KnownCertificates, Pinned
from teacher_registry.verification.policy import FRESHNESS, Freshness, Operation
from teacher_registry.verification.revocation import Status, UntrustedAnswerError, require_good
from teacher_registry.verification.subject import VerifiedAdministrator


class Admission(Protocol):
    """What the pages need of the gate. Implementations raise nothing but `RefusalError`."""

    def admit(
        self, presented: bytes | None, *, fresh: bool = False, operation: Operation | None = None
    ) -> VerifiedAdministrator:
        """Judge the DER that the TLS layer proved possession for; `fresh` is a change without a closer name."""


class AccountStates(Protocol):
    """The current state of a holder's account, as the account feed tells it."""

    def require(self, actor: VerifiedAdministrator) -> object:
        """Raise `RefusalError` if the account is stopped or no longer of this unit; the answer is not looked at.
        Asked for every request, so it must cost little and see what was committed before it was asked."""


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
    """`ocsp` None: the deployment has no responder and the CRL decides alone. `grace`: how long past its
    nextUpdate the last good list still opens for looking. `accounts` None: somebody else asks for the account.
    `beside`: the gate of another issuing CA of ours, for the time in which one follows the other; it judges what names
    that CA as its issuer."""

    trust: Trust
    clock: Clock
    root_crl: CrlSource
    issuing_crl: CrlSource
    ocsp: OcspSource | None
    grace: timedelta = timedelta(0)
    accounts: AccountStates | None = None
    beside: "Gate | None" = None
    _known: KnownCertificates = field(init=False, repr=False)
    _issuing_listed: Listed = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Read and check the pinned certificates once; one that breaks a rule opens for nobody."""
        pinned = Pinned(
            self.trust.root.public_bytes(Encoding.DER),
            self.trust.issuing.public_bytes(Encoding.DER),
            {self.trust.policy_oid: "information-administrator"},
        )
        object.__setattr__(self, "_known", KnownCertificates(pinned))
        object.__setattr__(self, "_issuing_listed", Listed.of(self.trust.issuing))

    def keeping_fresh(self, every: timedelta) -> Refresher:
        """A context in which the lists are fetched in the background."""
        others = [] if self.beside is None else [self.beside.issuing_crl]
        return Refresher([self.root_crl, self.issuing_crl, *others], every)

    def admit(
        self,
        presented: bytes | None,
        *,
        fresh: bool = False,
        operation: Operation | None = None,
        stapled: bytes | None = None,
    ) -> VerifiedAdministrator:
        """Raise `RefusalError`, or return who it is. `presented` is DER, `stapled` an OCSP answer that came with
        it. Without an `operation` it is a change if `fresh`, else a look."""
        freshness = FRESHNESS[operation or (Operation.CHANGE if fresh else Operation.VIEW)]
        # 1.
        if presented is None:
            raise RefusalError(RefusalKind.NO_CERTIFICATE, "no client certificate")
        if self.beside is not None and _names(presented, self.beside.trust.issuing):
            return self.beside.admit(presented, fresh=fresh, operation=operation, stapled=stapled)
        # 2., 3., 5.
        known = self._known.judged(presented, hashlib.sha256(presented).digest(), self.clock())
        # 4.
        self._require_good(known, freshness, stapled)
        # 6.
        if self.accounts is not None:
            self.accounts.require(known.administrator)
        return known.administrator

    def _require_good(self, known: KnownCertificate, freshness: Freshness, stapled: bytes | None) -> None:
        try:
            issuing = self._by_list(self.root_crl, self._issuing_listed, freshness)
            require_good(issuing, "the issuing CA")
            require_good(self._live_status(known, freshness, stapled), "the certificate")
        except (UnavailableError, UntrustedAnswerError) as error:
            raise RefusalError(RefusalKind.STATUS_UNKNOWN, str(error)) from error

    def _live_status(self, known: KnownCertificate, freshness: Freshness, stapled: bytes | None) -> Status:
        # Only silence leads further. An answer that cannot be trusted closes the gate: it means that somebody
        # between us and the CA is talking, and the older word is what he would like us to use.
        if self.ocsp is None:
            return self._by_list(self.issuing_crl, known.listed, freshness)
        try:
            return self.ocsp.serial_status(known.serial, fresh=freshness.asks_anew)
        except UnavailableError:
            told = None if stapled is None else self.ocsp.stapled_status(known.serial, stapled)
        if told not in (None, Status.GOOD):
            return told
        # The holder chose the stapled answer. A list that is as current may know of a freeze since.
        try:
            return self._by_list(self.issuing_crl, known.listed, freshness)
        except UnavailableError:
            if told is None:
                raise
            return told

    def _by_list(self, source: CrlSource, listed: Listed, freshness: Freshness) -> Status:
        try:
            return source.listed_status(listed)
        except UnavailableError:
            if not freshness.has_grace:
                raise
        return source.last_status(listed, self.grace)


def _names(presented: bytes, issuing: x509.Certificate) -> bool:
    """Whether the certificate says that this CA made it; whether that is true, its gate judges."""
    try:
        return x509.load_der_x509_certificate(presented).issuer == issuing.subject
    except PARSER_ERRORS:
        return False
