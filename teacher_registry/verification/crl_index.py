"""A verified CRL, turned once into a table by serial: a look-up must not walk a list of 100,000 entries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from teacher_registry.verification.certificates import PARSER_ERRORS
from teacher_registry.verification.revocation import CLOCK_SKEW, Status, UntrustedAnswerError
from teacher_registry.verification.signatures import STRONG_HASHES


@dataclass(frozen=True)
class RevocationIndex:
    """The whole content of one CRL of one issuer, good until `next_update` (exclusive).

    `scope` holds the distribution points that the CRL names (empty: all certificates of the issuer), `only`
    the kind of certificates that it is limited to.
    """

    number: int
    next_update: datetime
    by_serial: Mapping[int, Status]
    scope: frozenset[str]
    only: Literal["authorities", "persons"] | None

    def status(self, certificate: x509.Certificate) -> Status:
        """GOOD means "not on the list": a CRL cannot tell a certificate that was never issued.

        Raises `UntrustedAnswerError` if the list is silent about this certificate: it is out of its scope.
        """
        listed = self.by_serial.get(certificate.serial_number)
        if listed is not None:
            return listed
        kind = "authorities" if _is_authority(certificate) else "persons"
        if self.only not in (None, kind):
            raise UntrustedAnswerError(f"the CRL is not about {kind}")
        if self.scope and not self.scope & _distribution_points(certificate):
            raise UntrustedAnswerError("the CRL is a shard that this certificate does not belong to")
        return Status.GOOD


def index_crl(der: bytes, issuer: x509.Certificate, now: datetime) -> RevocationIndex:
    """Verify a base CRL (RFC 5280 §6.3.3 without deltas and indirect lists) and index it.

    Raises `UntrustedAnswerError`: another issuer, a bad signature, not current, a delta, or a list for some
    reasons only.
    """
    try:
        crl = x509.load_der_x509_crl(der)
        if crl.issuer != issuer.subject:
            raise UntrustedAnswerError("the CRL of another issuer")
        if not _signed_by(crl, issuer):
            raise UntrustedAnswerError("the signature of the CRL is wrong or weak")
        until = crl.next_update_utc
        if until is None or now >= until or crl.last_update_utc > now + CLOCK_SKEW:
            raise UntrustedAnswerError("the CRL is not current")
        scope, only = _scope(crl)
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        entries = {entry.serial_number: _entry_status(entry) for entry in crl}
    except x509.ExtensionNotFound as error:
        raise UntrustedAnswerError("a CRL without a number") from error
    except PARSER_ERRORS as error:
        raise UntrustedAnswerError(f"unreadable CRL: {type(error).__name__}") from error
    return RevocationIndex(number, until, MappingProxyType(entries), scope, only)


def _signed_by(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    key = issuer.public_key()
    key_usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    return (
        key_usage.crl_sign
        and isinstance(crl.signature_hash_algorithm, STRONG_HASHES)
        and isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
        and crl.is_signature_valid(key)
    )


def _scope(
    crl: x509.CertificateRevocationList,
) -> tuple[frozenset[str], Literal["authorities", "persons"] | None]:
    """What the list covers. Read carefully: outside its scope a list says "good" by silence (RFC 5280 §5.2.4,
    §5.2.5).
    """
    scope: frozenset[str] = frozenset()
    only: Literal["authorities", "persons"] | None = None
    for extension in crl.extensions:
        value = extension.value
        if isinstance(value, x509.IssuingDistributionPoint):
            if value.only_some_reasons or value.indirect_crl or value.only_contains_attribute_certs:
                raise UntrustedAnswerError("a CRL for some reasons, of other issuers or of attributes")
            if value.relative_name is not None:
                raise UntrustedAnswerError("a CRL with a relative distribution point")
            scope = _urls(value.full_name)
            only = "authorities" if value.only_contains_ca_certs else None
            only = "persons" if value.only_contains_user_certs else only
        elif isinstance(value, x509.DeltaCRLIndicator) or (
            extension.critical and not isinstance(value, x509.CRLNumber | x509.AuthorityKeyIdentifier)
        ):
            raise UntrustedAnswerError("a delta CRL, or an unknown critical extension")
    return scope, only


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _distribution_points(certificate: x509.Certificate) -> frozenset[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset[str]().union(*(_urls(point.full_name) for point in points))


def _urls(names: Iterable[x509.GeneralName] | None) -> frozenset[str]:
    return frozenset(str(name.value) for name in names or ())


def _entry_status(entry: x509.RevokedCertificate) -> Status:
    held = False
    for extension in entry.extensions:
        if isinstance(extension.value, x509.CRLReason):
            reason = extension.value.reason
            if reason is x509.ReasonFlags.remove_from_crl:
                raise UntrustedAnswerError("removeFromCRL in a complete CRL")  # §5.3.1: only in deltas
            held = reason is x509.ReasonFlags.certificate_hold
        elif extension.critical:
            raise UntrustedAnswerError("unknown critical extension of a CRL entry")
    return Status.FROZEN if held else Status.REVOKED
