"""The same path once more by an independent verifier: cryptography's, written in Rust for the Web PKI.

It is asked about form, signatures, validity, path length and name constraints. It does not know name constraints on
directory names, URIs, mailboxes or other forms, policies as a constraint, names that chain by preparation only,
self-issued authorities (it counts them) and authorities as leaves (CA/B forbids them): for those paths it is not
asked (`applies`). Our own paths have none of them. It has no word on revocation and purpose.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.x509.oid import ExtensionOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification.certificates import PARSER_ERRORS, ReadCertificate
from teacher_registry.verification.name_constraints import constrained_forms
from teacher_registry.verification.path_builder import MAX_AUTHORITIES_IN_PATH, Path

_KNOWN_FORMS = frozenset({"dns_name", "ip_address"})
_POLICY_EXTENSIONS = (ExtensionOID.POLICY_CONSTRAINTS, ExtensionOID.POLICY_MAPPINGS, ExtensionOID.INHIBIT_ANY_POLICY)

_LEAVES = ExtensionPolicy.permit_all()
_AUTHORITIES = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.CRITICAL, None)


def applies(path: Path) -> bool:
    """Whether the verifier can judge this path at all."""
    chained = all(child.issuer == parent.subject for parent, child in pairwise(path))
    plain = not any(oid in c.extensions for c in path for oid in _POLICY_EXTENSIONS)
    rolled_over = any(c.is_self_issued for c in path[1:])
    forms = constrained_forms(path)
    return chained and plain and not rolled_over and forms <= _KNOWN_FORMS and not path[-1].is_authority


def agree(path: Path, at: datetime) -> None:
    """Return if the second verifier accepts the path, or does not apply; the refusal `foreign` otherwise."""
    if not applies(path):
        return
    anchor, *issuers, leaf = path
    verifier = (
        PolicyBuilder()
        .store(Store([anchor.unverified]))
        .time(at)
        .max_chain_depth(MAX_AUTHORITIES_IN_PATH)
        .extension_policies(ca_policy=_AUTHORITIES, ee_policy=_LEAVES)
        .build_client_verifier()
    )
    try:
        verifier.verify(leaf.unverified, _certificates(issuers))
    except (VerificationError, *PARSER_ERRORS) as error:
        raise RefusalError(RefusalKind.FOREIGN, "the second verifier does not accept the path") from error


def _certificates(path: Sequence[ReadCertificate]) -> list[x509.Certificate]:
    return [certificate.unverified for certificate in path]
