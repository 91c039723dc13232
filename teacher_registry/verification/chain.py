"""Does this certificate descend from the pinned anchor, at this time, for this purpose? Pure: no clock, no
network.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from asn1crypto import crl as asn1_crl
from cryptography import x509
from pyhanko_certvalidator import CertificateValidator, PKIXValidationParams, ValidationContext
from pyhanko_certvalidator.errors import (
    CRLValidationError,
    ExpiredError,
    InsufficientRevinfoError,
    NotYetValidError,
    PathError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)

from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification.certificates import PARSER_ERRORS, ReadCertificate, read_certificate
from teacher_registry.verification.structure import PURPOSES, check_form, check_purpose

Revocation = Literal["required", "if-given"]

_WEAK_HASHES = ("md2", "md5", "sha1")


def verify_chain(
    leaf: bytes,
    intermediates: Sequence[bytes],
    anchors: Sequence[bytes],
    crls: Sequence[bytes],
    at: datetime,
    *,
    purpose: str = "clientAuth",
    revocation: Revocation = "required",
    policy_oid: str | None = None,
) -> None:
    """Return if `leaf` is good at `at`; raise `RefusalError` otherwise. All octets are DER, `at` is aware.

    Path validation is RFC 5280 §6 with no tolerance in time. Only `intermediates` and `anchors` build a path;
    nothing is fetched. With revocation "required" every certificate below the anchor needs a current CRL
    among `crls`; with "if-given" those whose issuer has one there are checked, the others not. `policy_oid`:
    the certificate policy that must be valid for the path. A purpose that is not in `PURPOSES`, a naive `at`
    or no anchor is a ValueError.
    """
    if at.utcoffset() is None or purpose not in PURPOSES or not anchors:
        raise ValueError("verify_chain needs an aware time, a known purpose and an anchor")
    # 1. Read everything; 2. the form of the leaf; 3. the path, its times and the CRLs; 4. the purpose.
    # The purpose comes last: "not from our CA" and "expired" are the better answers for the person.
    read = read_certificate(leaf)
    above = [read_certificate(der) for der in intermediates]
    roots = [read_certificate(der) for der in anchors]
    lists = [_read_crl(der) for der in crls]
    check_form(read.unverified)
    context = ValidationContext(
        trust_roots=[root.asn1 for root in roots],
        other_certs=[certificate.asn1 for certificate in above],
        moment=at,
        allow_fetching=False,
        crls=lists,
        ocsps=[],
        revinfo_policy=_revocation_policy(read, above, lists, revocation),
        weak_hash_algos=_WEAK_HASHES,
        time_tolerance=timedelta(0),
    )
    _validate(read, context, policy_oid)
    check_purpose(read.unverified, purpose, policy_oid)


def _validate(leaf: ReadCertificate, context: ValidationContext, policy_oid: str | None) -> None:
    """Run the path validation and put its many errors into our few kinds."""
    # The explicit-policy rule is for the authorities above. A leaf without the policy passes here on purpose:
    # check_purpose names that case, which the library reports like a bad signature.
    explicit = policy_oid is not None and _asserts(leaf.unverified, policy_oid)
    params = PKIXValidationParams(
        user_initial_policy_set=frozenset({policy_oid}) if explicit else frozenset({"any_policy"}),
        initial_explicit_policy=explicit,
    )
    validator = CertificateValidator(leaf.asn1, validation_context=context, pkix_params=params)
    try:
        asyncio.run(validator.async_validate_path())
    except RevokedError as error:
        frozen = error.reason.native == "certificate_hold"
        kind = RefusalKind.FROZEN if frozen else RefusalKind.REVOKED
        raise RefusalError(kind, "named in a certificate revocation list") from error
    except ExpiredError as error:
        raise RefusalError(RefusalKind.EXPIRED, "past notAfter") from error
    except NotYetValidError as error:
        raise RefusalError(RefusalKind.NOT_YET_VALID, "before notBefore") from error
    except (InsufficientRevinfoError, CRLValidationError) as error:
        raise RefusalError(RefusalKind.STATUS_UNKNOWN, "no current revocation list decides") from error
    except (PathError, ValidationError) as error:
        raise RefusalError(RefusalKind.FOREIGN, "no valid path to the pinned anchor") from error
    except PARSER_ERRORS as error:
        raise RefusalError(RefusalKind.MALFORMED, f"path validation: {type(error).__name__}") from error


def _asserts(leaf: x509.Certificate, policy_oid: str) -> bool:
    try:
        policies = leaf.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        return False
    return any(p.policy_identifier.dotted_string == policy_oid for p in policies)


def _revocation_policy(
    leaf: ReadCertificate,
    above: Sequence[ReadCertificate],
    lists: Sequence[asn1_crl.CertificateList],
    revocation: Revocation,
) -> CertRevTrustPolicy:
    """One rule for the leaf, one for all intermediates (the library knows no finer one): several
    intermediates of which only one has a CRL are checked all, which fails closed."""
    issuers = {crl.issuer.hashable for crl in lists}

    def rule(certificates: Sequence[ReadCertificate]) -> RevocationCheckingRule:
        named = any(certificate.asn1.issuer.hashable in issuers for certificate in certificates)
        must = revocation == "required" or named
        return RevocationCheckingRule.CRL_REQUIRED if must else RevocationCheckingRule.NO_CHECK

    return CertRevTrustPolicy(RevocationCheckingPolicy(rule([leaf]), rule(above)))


def _read_crl(der: bytes) -> asn1_crl.CertificateList:
    try:
        x509.load_der_x509_crl(der)
        parsed = asn1_crl.CertificateList.load(der, strict=True)
        _ = (parsed.issuer.hashable, parsed["tbs_cert_list"]["this_update"].native)
    except PARSER_ERRORS as error:
        raise RefusalError(RefusalKind.STATUS_UNKNOWN, f"not a CRL: {type(error).__name__}") from error
    return parsed
