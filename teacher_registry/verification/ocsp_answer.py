"""One OCSP question and the proof that an answer belongs to it (RFC 6960 §3.2)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from teacher_registry.refusal import RefusalError
from teacher_registry.verification.certificates import PARSER_ERRORS, read_certificate
from teacher_registry.verification.revocation import CLOCK_SKEW, Status, UntrustedAnswerError
from teacher_registry.verification.rules import Place, Rule, Strictness, broken_rule
from teacher_registry.verification.signatures import signature_is_good

# An answer without nextUpdate says "ask me any time" (§2.4): it is good for the moment it was made.
_MAX_AGE_WITHOUT_NEXT_UPDATE = timedelta(seconds=10)


class ResponderBusyError(Exception):
    """The responder answered tryLater or internalError (§2.3): unsigned, so it proves nothing and decides
    nothing.
    """


@dataclass(frozen=True)
class Question:
    """One request, kept to be held against the answer. `nonce` is RFC 9654: 32 octets from a CSPRNG; None for an
    answer that we did not ask for."""

    request: ocsp.OCSPRequest
    nonce: bytes | None

    @property
    def der(self) -> bytes:
        """The octets to POST as application/ocsp-request."""
        return self.request.public_bytes(Encoding.DER)


def ask(certificate: x509.Certificate, issuing: x509.Certificate, nonce: bytes) -> Question:
    """Build the request about a certificate."""
    return ask_about(certificate.serial_number, issuing, nonce)


def ask_about(serial: int, issuing: x509.Certificate, nonce: bytes | None) -> Question:
    """Build the request about a serial number of `issuing`. SHA-1 in the CertID is an identifier, not a protection;
    RFC 5019 §2.1.1 makes it the one that every responder knows."""
    name_hash = hashlib.sha1(issuing.subject.public_bytes(), usedforsecurity=False).digest()
    key_hash = x509.SubjectKeyIdentifier.from_public_key(issuing.public_key()).digest
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        name_hash,
        key_hash,
        serial,
        hashes.SHA1(),  # noqa: S303
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return Question(builder.build(), nonce)


def judge_answer(
    der: bytes, question: Question, issuing: x509.Certificate, now: datetime, *, nonce_required: bool
) -> Status:
    """Return the status if `der` is the CA's current and authentic answer to `question`.

    Raises `ResponderBusyError`, or `UntrustedAnswerError` for everything else that is not such an answer.
    """
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status in (
            ocsp.OCSPResponseStatus.TRY_LATER,
            ocsp.OCSPResponseStatus.INTERNAL_ERROR,
        ):
            raise ResponderBusyError(response.response_status.name)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise UntrustedAnswerError(f"responder answered {response.response_status.name}")
        # 1. It is about our certificate; 2. an authorised signer signed it; 3. it is current; 4. it is not a
        # replay.
        _check_subject(response, question.request)
        _check_signature(response, issuing, now)
        _check_time(response, now)
        _check_extensions(response, question.nonce, nonce_required=nonce_required)
        return _status(response)
    except PARSER_ERRORS as error:
        raise UntrustedAnswerError(f"unreadable answer: {type(error).__name__}") from error


def _check_subject(response: ocsp.OCSPResponse, request: ocsp.OCSPRequest) -> None:
    asked = (
        request.hash_algorithm.name,
        request.issuer_name_hash,
        request.issuer_key_hash,
        request.serial_number,
    )
    told = (
        response.hash_algorithm.name,
        response.issuer_name_hash,
        response.issuer_key_hash,
        response.serial_number,
    )
    if asked != told:
        raise UntrustedAnswerError("the answer is about another certificate")


def _check_signature(response: ocsp.OCSPResponse, issuing: x509.Certificate, now: datetime) -> None:
    signer = issuing if _is_responder(response, issuing) else _delegate(response, issuing, now)
    if not signature_is_good(
        signer.public_key(),
        response.signature,
        response.tbs_response_bytes,
        response.signature_hash_algorithm,
    ):
        raise UntrustedAnswerError("the signature of the answer is wrong")


def _delegate(response: ocsp.OCSPResponse, issuing: x509.Certificate, now: datetime) -> x509.Certificate:
    """The responder's certificate, if our CA made it one (§4.2.2.2): issued directly, OCSPSigning, nocheck,
    valid now.
    """
    candidates = [certificate for certificate in response.certificates if _is_responder(response, certificate)]
    if len(candidates) != 1:
        raise UntrustedAnswerError("the answer does not carry its signer's certificate")
    signer = candidates[0]
    broken = _broken_rule(signer)
    if broken is not None:
        raise UntrustedAnswerError(f"the signer's certificate breaks {broken}")
    try:
        signer.verify_directly_issued_by(issuing)
        usages = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        signer.extensions.get_extension_for_class(x509.OCSPNoCheck)
        key_usage = signer.extensions.get_extension_for_class(x509.KeyUsage).value
    except (InvalidSignature, x509.ExtensionNotFound) as error:
        raise UntrustedAnswerError("the signer is not a delegate of our CA") from error
    if ExtendedKeyUsageOID.OCSP_SIGNING not in usages or not key_usage.digital_signature:
        raise UntrustedAnswerError("the signer's certificate is not for OCSP")
    if not signer.not_valid_before_utc - CLOCK_SKEW <= now <= signer.not_valid_after_utc:
        raise UntrustedAnswerError("the signer's certificate is not valid now")
    return signer


def _broken_rule(signer: x509.Certificate) -> Rule | None:
    try:
        return broken_rule(read_certificate(signer.public_bytes(Encoding.DER)), Place.LEAF, Strictness.PROFILE)
    except RefusalError as refusal:
        raise UntrustedAnswerError(f"the signer's certificate: {refusal}") from refusal


def _is_responder(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    if response.responder_name is not None:
        return response.responder_name == certificate.subject
    key_hash = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
    return response.responder_key_hash == key_hash


def _check_time(response: ocsp.OCSPResponse, now: datetime) -> None:
    if response.this_update_utc > now + CLOCK_SKEW:
        raise UntrustedAnswerError("the answer is from the future")
    until = response.next_update_utc or response.this_update_utc + _MAX_AGE_WITHOUT_NEXT_UPDATE
    if now >= until:
        raise UntrustedAnswerError("the answer is out of date")


def _check_extensions(response: ocsp.OCSPResponse, nonce: bytes | None, *, nonce_required: bool) -> None:
    answered = None
    for extension in response.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            answered = extension.value.nonce
        elif extension.critical:
            raise UntrustedAnswerError(f"unknown critical extension {extension.oid.dotted_string}")
    if any(extension.critical for extension in response.single_extensions):
        raise UntrustedAnswerError("unknown critical extension of the single answer")
    if (answered is None and nonce_required) or (nonce is not None and answered not in (None, nonce)):
        raise UntrustedAnswerError("the answer does not carry our nonce")


def _status(response: ocsp.OCSPResponse) -> Status:
    if response.certificate_status is ocsp.OCSPCertStatus.GOOD:
        return Status.GOOD
    if response.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        return Status.UNKNOWN
    held = response.revocation_reason is x509.ReasonFlags.certificate_hold
    return Status.FROZEN if held else Status.REVOKED
