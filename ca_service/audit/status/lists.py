"""A CRL as `cryptography` reads it: what it lists, and what is wrong with it whatever it lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from ca_service.audit.status.findings import Word

REASON_NUMBERS: Mapping[x509.ReasonFlags, int] = {
    x509.ReasonFlags.unspecified: 0,
    x509.ReasonFlags.key_compromise: 1,
    x509.ReasonFlags.ca_compromise: 2,
    x509.ReasonFlags.affiliation_changed: 3,
    x509.ReasonFlags.superseded: 4,
    x509.ReasonFlags.cessation_of_operation: 5,
    x509.ReasonFlags.certificate_hold: 6,
    x509.ReasonFlags.remove_from_crl: 8,
    x509.ReasonFlags.privilege_withdrawn: 9,
    x509.ReasonFlags.aa_compromise: 10,
}


class Unreadable(Exception):
    """Something that must be compared cannot be read; the text says what is wrong with it."""


@dataclass(frozen=True)
class ReadList:
    """A CRL; `base` is the number of the list that a delta starts from. `twice`: serials listed more than once."""

    number: int
    base: int | None
    this_update: datetime
    next_update: datetime
    entries: Mapping[str, Word]
    twice: Sequence[str]
    problems: Sequence[str]


def read_list(der: bytes, ca: x509.Certificate) -> ReadList:
    """Read a CRL and verify it against its issuer's certificate; raise Unreadable."""
    try:
        parsed = x509.load_der_x509_crl(der)
        number = parsed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        base = _base(parsed)
        entries: dict[str, Word] = {}
        twice = []
        for entry in parsed:
            serial = f"{entry.serial_number:x}"
            if serial in entries:
                twice.append(serial)
            entries[serial] = Word(entry.revocation_date_utc, _reason(entry))
        problems = _problems(parsed, ca)
        next_update = parsed.next_update_utc
    except Exception as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error
    if next_update is None:
        raise Unreadable("it has no nextUpdate")
    return ReadList(number, base, parsed.last_update_utc, next_update, entries, twice, problems)


def base_of(der: bytes) -> int | None:
    """The number of the list that a delta starts from; None where that cannot be read."""
    try:
        return _base(x509.load_der_x509_crl(der))
    except Exception:
        return None


def _base(parsed: x509.CertificateRevocationList) -> int | None:
    try:
        return parsed.extensions.get_extension_for_class(x509.DeltaCRLIndicator).value.crl_number
    except x509.ExtensionNotFound:
        return None


def _reason(entry: x509.RevokedCertificate) -> int | None:
    reason = None
    for extension in entry.extensions:
        if isinstance(extension.value, x509.CRLReason):
            reason = REASON_NUMBERS[extension.value.reason]
        elif extension.critical:
            raise Unreadable(f"{entry.serial_number:x} has the critical extension {extension.oid.dotted_string}")
    return reason


def _problems(parsed: x509.CertificateRevocationList, ca: x509.Certificate) -> list[str]:
    problems = []
    if parsed.issuer.public_bytes() != ca.subject.public_bytes():
        problems.append("its issuer is not the CA")
    # A CA's key of a kind that signs nothing raises, which is unreadable.
    if not parsed.is_signature_valid(ca.public_key()):  # type: ignore[arg-type]
        problems.append("the signature does not verify")
    key = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    named = parsed.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    if named != key:
        problems.append("its key identifier is not the CA's")
    known = (x509.CRLNumber, x509.DeltaCRLIndicator)
    for extension in parsed.extensions:
        if extension.critical and not isinstance(extension.value, known):
            problems.append(f"the critical extension {extension.oid.dotted_string}")
    return problems
