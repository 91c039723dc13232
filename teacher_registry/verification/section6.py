"""RFC 5280 §6 on one explicit path, by pyhanko-certvalidator. It builds no path and fetches nothing here."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from pyhanko_certvalidator import PKIXValidationParams, ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor, TrustQualifiers
from pyhanko_certvalidator.errors import (
    CRLValidationError,
    ExpiredError,
    InsufficientRevinfoError,
    NotYetValidError,
    PathError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.name_trees import PKIXSubtrees, process_general_subtrees
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    AcceptAllAlgorithms,
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.sig_validate import SignatureValidator
from pyhanko_certvalidator.validate import async_validate_path

from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification.certificates import PARSER_ERRORS, ReadCertificate
from teacher_registry.verification.name_constraints import LIBRARY_FORMS, constrained_forms
from teacher_registry.verification.path_builder import Path

ANY_POLICY = "any_policy"
_NO_REVOCATION = RevocationCheckingPolicy(RevocationCheckingRule.NO_CHECK, RevocationCheckingRule.NO_CHECK)
_ALL_CRLS = RevocationCheckingPolicy(RevocationCheckingRule.CRL_REQUIRED, RevocationCheckingRule.CRL_REQUIRED)


@dataclass(frozen=True)
class PolicyInputs:
    """The inputs (c), (e), (f) and (g) of §6.1.1: the policies the user accepts (dotted, or ANY_POLICY), and
    whether one must be valid for the path, mapping is forbidden, anyPolicy counts."""

    accepted: frozenset[str] = frozenset({ANY_POLICY})
    explicit: bool = False
    inhibit_mapping: bool = False
    inhibit_any: bool = False


@dataclass(frozen=True)
class LibraryRevocation:
    """CRLs for the library's own §6.3, which also knows indirect lists and reasons: for suites like PKITS, never
    for signing in. `others` are certificates that may have signed one; `signatures` verifies instead of the
    library."""

    lists: Sequence[bytes]
    others: Sequence[ReadCertificate]
    signatures: SignatureValidator | None = None


class _WithoutNameConstraints(asn1_x509.Certificate):  # type: ignore[misc]
    """For paths with constraints on names that the library cannot compare: it is shown none, ours decide."""

    @property
    def name_constraints_value(self) -> None:
        """None, although the octets hold some."""


def validate_path(
    path: Path,
    at: datetime,
    policies: PolicyInputs,
    revocation: LibraryRevocation | None = None,
) -> None:
    """Return if the path is valid at `at`, with no tolerance in time; the anchor's own validity, path length
    and name constraints count (RFC 5937). Raises the refusal that fits the library's error."""
    comparable = constrained_forms(path) <= LIBRARY_FORMS
    anchor, *rest = (_shown(certificate, comparable=comparable) for certificate in path)
    validation_path = ValidationPath(_anchor(anchor, policies), rest[:-1], rest[-1])
    params = PKIXValidationParams(
        user_initial_policy_set=policies.accepted,
        initial_explicit_policy=policies.explicit,
        initial_policy_mapping_inhibit=policies.inhibit_mapping,
        initial_any_policy_inhibit=policies.inhibit_any,
    )
    context = _context(anchor, at, revocation)
    _translated(async_validate_path(context, validation_path, params), offline=revocation is None)


def _shown(certificate: ReadCertificate, *, comparable: bool) -> asn1_x509.Certificate:
    if comparable:
        return certificate.asn1
    return _WithoutNameConstraints.load(certificate.der, strict=True)


def _anchor(certificate: asn1_x509.Certificate, policies: PolicyInputs) -> CertTrustAnchor:
    """The library's own derivation demands an explicit policy of every anchor that has policies, and fails on a
    path length; so the qualifiers are made here. The accepted policies are repeated, as the library takes an
    anchor's "any" for more than the user's choice (all of this in 0.33)."""
    constraints = certificate.name_constraints_value
    permitted = excluded = None
    if constraints is not None:
        permitted = _subtrees(constraints["permitted_subtrees"])
        excluded = _subtrees(constraints["excluded_subtrees"])
    qualifiers = TrustQualifiers(
        standard_parameters=PKIXValidationParams(
            user_initial_policy_set=policies.accepted,
            initial_permitted_subtrees=permitted,
            initial_excluded_subtrees=excluded,
        ),
        max_path_length=certificate.max_path_length,
        max_aa_path_length=certificate.max_path_length,
        valid_from=certificate.not_valid_before,
        valid_until=certificate.not_valid_after,
    )
    return CertTrustAnchor(certificate, qualifiers)


def _subtrees(value: Any) -> PKIXSubtrees | None:
    return process_general_subtrees(value) if isinstance(value, asn1_x509.GeneralSubtrees) else None


def _context(anchor: asn1_x509.Certificate, at: datetime, revocation: LibraryRevocation | None) -> ValidationContext:
    return ValidationContext(
        trust_roots=[anchor],
        other_certs=[] if revocation is None else [other.asn1 for other in revocation.others],
        moment=at,
        allow_fetching=False,
        crls=[] if revocation is None else [asn1_crl.CertificateList.load(der) for der in revocation.lists],
        ocsps=[],
        revinfo_policy=CertRevTrustPolicy(_NO_REVOCATION if revocation is None else _ALL_CRLS),
        time_tolerance=timedelta(0),
        algorithm_usage_policy=AcceptAllAlgorithms(),  # our rules choose the algorithms
        signature_validator=None if revocation is None else revocation.signatures,
    )


def _translated(work: Coroutine[Any, Any, object], *, offline: bool) -> None:
    """Run the validation and put its many errors into our few kinds."""
    try:
        _finish(work) if offline else asyncio.run(work)
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


def _finish(work: Coroutine[Any, Any, object]) -> None:
    """Without fetching and without revocation nothing in the library waits, so it ends at its first step: an
    event loop for each certificate would cost more than half of the validation."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise RuntimeError("the path validation waits for something")
