"""Certificates that were judged once: what of the judgement depends on their octets and the time alone."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification.certificates import ReadCertificate, read_certificate
from teacher_registry.verification.chain import Demand, judge
from teacher_registry.verification.crl_index import Listed
from teacher_registry.verification.path_builder import Path, Pool
from teacher_registry.verification.purpose import policies_of
from teacher_registry.verification.rules import Strictness
from teacher_registry.verification.subject import VerifiedAdministrator, administrator_of

# 12,000 administrators; an entry is about 1 kB.
MAX_KNOWN = 50_000


@dataclass(frozen=True)
class Pinned:
    """The only authorities that count, DER, and the roles by certificate policy (dotted)."""

    root: bytes
    issuing: bytes
    roles: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class KnownCertificate:
    """One good certificate: who it is, how lists and responders know it, and when its path is valid (both ends
    included)."""

    administrator: VerifiedAdministrator
    serial: int
    listed: Listed
    valid_from: datetime
    valid_until: datetime


class KnownCertificates:
    """Judges each certificate once. Safe for several threads; a refusal is not remembered, as its reason may pass."""

    def __init__(self, pinned: Pinned) -> None:
        """Read the pinned certificates; raises the refusal `malformed` if one cannot be read."""
        self._pool = Pool([read_certificate(pinned.root)], [read_certificate(pinned.issuing)], Strictness.PROFILE)
        self._issuing = pinned.issuing
        self._roles = pinned.roles
        self._known: dict[bytes, KnownCertificate] = {}
        # One judgement at a time: asn1crypto parses lazily, and the pinned certificates are shared.
        self._judging = threading.Lock()

    def judged(self, presented: bytes, fingerprint: bytes, at: datetime) -> KnownCertificate:
        """The certificate of this DER and its SHA-256, good at `at` (aware). Raises `RefusalError`."""
        known = self._known.get(fingerprint)
        if known is not None and known.valid_from <= at <= known.valid_until:
            return known
        with self._judging:
            known = self._judge(presented, fingerprint, at)
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[fingerprint] = known
        return known

    def _judge(self, presented: bytes, fingerprint: bytes, at: datetime) -> KnownCertificate:
        leaf = read_certificate(presented)
        policy = self._policy(leaf)
        path = judge(leaf, self._pool, Demand(at, "clientAuth", Strictness.PROFILE, policy))
        # The root may sign other CAs; only the pinned one makes administrators of this registry.
        if len(path) != 3 or path[1].der != self._issuing:
            raise RefusalError(RefusalKind.FOREIGN, "not by way of the pinned issuing CA")
        certificate = leaf.unverified
        return KnownCertificate(
            administrator_of(certificate, fingerprint, self._roles[policy]),
            certificate.serial_number,
            Listed.of(certificate),
            *_validity(path),
        )

    def _policy(self, leaf: ReadCertificate) -> str:
        """The one policy that gives a role. Without one any is demanded, so that the path is judged first and the
        refusal, in the end, is `wrong-purpose`; two roles in one certificate are none."""
        given = sorted(policies_of(leaf) & self._roles.keys())
        if len(given) > 1:
            raise RefusalError(RefusalKind.WRONG_PURPOSE, "a certificate for two roles")
        return given[0] if given else next(iter(self._roles))


def _validity(path: Path) -> tuple[datetime, datetime]:
    """When all certificates of the path are valid: whole seconds, so the last one counts to its end."""
    certificates = [certificate.unverified for certificate in path]
    until = min(certificate.not_valid_after_utc for certificate in certificates)
    return max(certificate.not_valid_before_utc for certificate in certificates), until.replace(microsecond=999_999)
