"""A verified CRL, turned once into a table by serial: a look-up must not walk a list of 100,000 entries."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from cryptography import x509

from teacher_registry.verification.certificates import ReadCertificate
from teacher_registry.verification.crl_entries import HOLD, REMOVE, Entries, read_entries, serial_key
from teacher_registry.verification.crl_reader import ReadCrl, read_crl
from teacher_registry.verification.revocation import CLOCK_SKEW, Status, UntrustedAnswerError
from teacher_registry.verification.rules.lists import broken_list_rule

Only = Literal["authorities", "persons"]


@dataclass(frozen=True)
class Listed:
    """What a list needs to know of a certificate to say its status."""

    key: bytes
    points: frozenset[str]
    is_authority: bool

    @classmethod
    def of(cls, certificate: x509.Certificate) -> "Listed":
        """From a certificate whose issuer is known to be the list's."""
        extensions = {type(extension.value): extension.value for extension in certificate.extensions}
        constraints = extensions.get(x509.BasicConstraints)
        points = extensions.get(x509.CRLDistributionPoints)
        return cls(
            serial_key(certificate.serial_number),
            _distribution_points(points if isinstance(points, x509.CRLDistributionPoints) else ()),
            isinstance(constraints, x509.BasicConstraints) and constraints.ca,
        )


@dataclass(frozen=True)
class Scope:
    """What a list covers: the distribution points that it names (empty: all certificates of the issuer), and the
    kind of certificates that it is limited to."""

    points: frozenset[str]
    only: Only | None

    def require(self, certificate: Listed) -> None:
        """Outside its scope a list says "good" by silence (RFC 5280 §5.2.5, §6.3.3 (b)): `UntrustedAnswerError`."""
        kind = "authorities" if certificate.is_authority else "persons"
        if self.only not in (None, kind):
            raise UntrustedAnswerError(f"the CRL is not about {kind}")
        if self.points and not self.points & certificate.points:
            raise UntrustedAnswerError("the CRL is a shard that this certificate does not belong to")


@dataclass(frozen=True, eq=False)
class RevocationIndex:
    """The whole content of one complete CRL of one issuer, and of the latest delta to it.

    A delta is never forgotten before a complete list of at least its number comes: being newer, it knows more
    than its base, also when its own nextUpdate has passed. `next_update` is that of the complete list.
    """

    number: int
    this_update: datetime
    next_update: datetime
    scope: Scope
    complete: Entries
    delta: Entries
    delta_number: int | None = None
    delta_next_update: datetime | None = None

    @property
    def newest_number(self) -> int:
        """The number of the newest list in here."""
        return self.number if self.delta_number is None else self.delta_number

    def status(self, certificate: Listed) -> Status:
        """GOOD means "not on the list": a CRL cannot tell a certificate that was never issued.

        Raises `UntrustedAnswerError` if the list is silent about this certificate: it is out of its scope.
        """
        complete = _listed(self.complete, certificate.key)
        told = _listed(self.delta, certificate.key)
        if told is Status.GOOD and complete is Status.REVOKED:
            # removeFromCRL ends a hold, or a certificate that has expired; nothing else is taken back (§5.3.1).
            return complete
        if told is None:
            told = complete
        if told is None:
            self.scope.require(certificate)
            return Status.GOOD
        return told


def index_crl(octets: bytes, issuer: ReadCertificate, now: datetime) -> RevocationIndex:
    """Verify a complete CRL (RFC 5280 §6.3.3 without indirect lists) and index it.

    Raises `UntrustedAnswerError`: another issuer, a bad signature, not current, a broken rule of §5, a delta.
    """
    crl = read_crl(octets)
    _require_trusted(crl, issuer, now)
    if crl.base_number is not None:
        raise UntrustedAnswerError("a delta CRL without its base")
    entries = read_entries(crl)
    return RevocationIndex(_number(crl), crl.unverified.last_update_utc, _until(crl), _scope(crl), entries, {})


def with_delta(index: RevocationIndex, octets: bytes, issuer: ReadCertificate, now: datetime) -> RevocationIndex:
    """The index with a delta CRL laid over its complete list (§5.2.4, §6.3.3 (c)).

    An older delta than the newest list known changes nothing. Raises `UntrustedAnswerError`: as `index_crl`, or
    a delta to a later base or of another scope.
    """
    crl = read_crl(octets)
    _require_trusted(crl, issuer, now)
    if crl.base_number is None:
        raise UntrustedAnswerError("a complete CRL in the place of a delta")
    if _scope(crl) != index.scope:
        raise UntrustedAnswerError("a delta CRL of another scope")
    if crl.base_number > index.number:
        raise UntrustedAnswerError("a delta CRL to a later base")
    if _number(crl) <= index.newest_number:
        return index
    return replace(index, delta=read_entries(crl), delta_number=_number(crl), delta_next_update=_until(crl))


def carry_delta(newer: RevocationIndex, older: RevocationIndex) -> RevocationIndex:
    """A newly fetched complete list together with the delta that was known, if that is still the newest."""
    if older.delta_number is None or older.delta_number <= newer.number or older.scope != newer.scope:
        return newer
    return replace(newer, delta=older.delta, delta_number=older.delta_number, delta_next_update=older.delta_next_update)


def _require_trusted(crl: ReadCrl, issuer: ReadCertificate, now: datetime) -> None:
    """Form, issuer, times, and last the signature: it costs the most."""
    broken = broken_list_rule(crl)
    if broken is not None:
        raise UntrustedAnswerError(f"the CRL breaks {broken}")
    if not crl.is_of(issuer) or crl.authority_key_identifier != (issuer.key_identifier or crl.authority_key_identifier):
        raise UntrustedAnswerError("the CRL of another issuer")
    if now >= _until(crl) or crl.unverified.last_update_utc > now + CLOCK_SKEW:
        raise UntrustedAnswerError("the CRL is not current")
    if not crl.is_signed_by(issuer):
        raise UntrustedAnswerError("the signature of the CRL is wrong or weak")


def _number(crl: ReadCrl) -> int:
    if crl.number is None:
        raise UntrustedAnswerError("a CRL without a number")
    return crl.number


def _until(crl: ReadCrl) -> datetime:
    until = crl.unverified.next_update_utc
    if until is None:
        raise UntrustedAnswerError("a CRL without nextUpdate")
    return until


def _scope(crl: ReadCrl) -> Scope:
    point = crl.value(x509.IssuingDistributionPoint)
    if point is None:
        return Scope(frozenset(), None)
    only: Only | None = "authorities" if point.only_contains_ca_certs else None
    return Scope(_urls(point.full_name), "persons" if point.only_contains_user_certs else only)


def _listed(entries: Entries, key: bytes) -> Status | None:
    """None: not there. GOOD: there to say that it is no longer."""
    if key not in entries:
        return None
    reason = entries[key]
    if reason == REMOVE:
        return Status.GOOD
    return Status.FROZEN if reason == HOLD else Status.REVOKED


def _distribution_points(points: Iterable[x509.DistributionPoint]) -> frozenset[str]:
    """By address only, and only points for all reasons whose list our issuer signs itself."""
    plain = (point for point in points if not (point.reasons or point.crl_issuer))
    return frozenset[str]().union(*(_urls(point.full_name) for point in plain))


def _urls(names: Iterable[x509.GeneralName] | None) -> frozenset[str]:
    """All of them, or none if one is not a URL: a name of another form may say something else."""
    given = list(names or ())
    urls = [name.value for name in given if isinstance(name, x509.UniformResourceIdentifier)]
    return frozenset(urls) if len(urls) == len(given) else frozenset()
