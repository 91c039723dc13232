"""An OCSP answer as `cryptography` reads it: asked by hashes, verified down to the signer's certificate."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from ca_service.audit.status.findings import GOOD, Word
from ca_service.audit.status.lists import REASON_NUMBERS, Unreadable

CLOCKS_APART = timedelta(seconds=2)
"""How far the clocks of the machines may be apart before an answer's time counts as wrong."""


@dataclass(frozen=True)
class Answer:
    """What a responder says of one certificate, as of `this_update`; `problems` are those of the answer's form."""

    word: Word
    this_update: datetime
    problems: tuple[str, ...]


class Certids:
    """Names certificates of one issuer to its responder, and reads what it answers."""

    def __init__(self, ca: bytes) -> None:
        self._ca = x509.load_der_x509_certificate(ca)
        # SHA-1 of the key's bits: the first method of RFC 5280 section 4.2.1.2, and RFC 6960's issuerKeyHash.
        key = x509.SubjectKeyIdentifier.from_public_key(self._ca.public_key()).digest
        self._hashes = (_sha1(self._ca.subject.public_bytes()), key)

    def request(self, serial: str) -> bytes:
        """A request without a nonce, as browsers make it: the answer may come from the responder's cache."""
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(*self._hashes, int(serial, 16), hashes.SHA1())  # noqa: S303
        return builder.build().public_bytes(Encoding.DER)

    def read(self, serial: str, der: bytes, *, now: datetime) -> Answer:
        """Read and verify the answer to `request(serial)`; raise Unreadable."""
        try:
            parsed = ocsp.load_der_ocsp_response(der)
            (single,) = _responses(parsed)
            problems = tuple(self._problems(parsed, single, serial, now))
            return Answer(_word(single), single.this_update_utc, problems)
        except Unreadable:
            raise
        except Exception as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error

    def _problems(
        self, parsed: ocsp.OCSPResponse, single: ocsp.OCSPSingleResponse, serial: str, now: datetime
    ) -> Iterator[str]:
        if (single.issuer_name_hash, single.issuer_key_hash) != self._hashes or single.serial_number != int(serial, 16):
            yield f"it is about {single.serial_number:x}"
        if single.this_update_utc > now + CLOCKS_APART:
            yield f"thisUpdate {single.this_update_utc} is in the future"
        if single.next_update_utc is None or single.next_update_utc <= now:
            yield f"nextUpdate {single.next_update_utc} has passed"
        signer = self._signer(parsed)
        if signer is None:
            yield "no certificate of the signer that it names"
            return
        if not _verifies(signer, parsed):
            yield "the signature does not verify"
        if signer != self._ca:
            yield from self._signer_problems(signer, now)

    def _signer(self, parsed: ocsp.OCSPResponse) -> x509.Certificate | None:
        """The certificate that the responder identifier names (RFC 6960 section 4.2.1)."""
        for certificate in (*parsed.certificates, self._ca):
            key = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
            if certificate.subject == parsed.responder_name or key == parsed.responder_key_hash:
                return certificate
        return None

    def _signer_problems(self, signer: x509.Certificate, now: datetime) -> Iterator[str]:
        """RFC 6960 section 4.2.2.2: issued by the CA directly, for signing OCSP answers, and within its time."""
        try:
            signer.verify_directly_issued_by(self._ca)
        except Exception as error:
            yield f"the CA did not issue the signer's certificate: {type(error).__name__}"
        if not signer.not_valid_before_utc <= now + CLOCKS_APART or now >= signer.not_valid_after_utc:
            yield "the signer's certificate is not within its time"
        try:
            usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            signer.extensions.get_extension_for_class(x509.OCSPNoCheck)
        except x509.ExtensionNotFound as error:
            yield f"the signer's certificate lacks {error.oid.dotted_string}"
            return
        if ExtendedKeyUsageOID.OCSP_SIGNING not in usage:
            yield "the signer's certificate is not for OCSP"


def _responses(parsed: ocsp.OCSPResponse) -> list[ocsp.OCSPSingleResponse]:
    if parsed.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise Unreadable(f"the responder says {parsed.response_status.name}")
    return list(parsed.responses)


def _word(single: ocsp.OCSPSingleResponse) -> Word:
    if single.certificate_status is ocsp.OCSPCertStatus.GOOD:
        return GOOD
    if single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise Unreadable("it says unknown")
    reason = single.revocation_reason
    return Word(single.revocation_time_utc, None if reason is None else REASON_NUMBERS[reason])


def _verifies(signer: x509.Certificate, parsed: ocsp.OCSPResponse) -> bool:
    key, algorithm = signer.public_key(), parsed.signature_hash_algorithm
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
            key.verify(parsed.signature, parsed.tbs_response_bytes, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
            key.verify(parsed.signature, parsed.tbs_response_bytes, padding.PKCS1v15(), algorithm)
        else:
            return False
    except Exception:
        return False
    return True


def _sha1(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA1())  # noqa: S303  a name in RFC 6960's CertID, not a protection
    digest.update(data)
    return digest.finalize()
