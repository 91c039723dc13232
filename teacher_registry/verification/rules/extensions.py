"""Rules about single extensions: which, how often, and marked how (RFC 5280 §4.2)."""

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from teacher_registry.verification.certificates import ReadCertificate
from teacher_registry.verification.rules.rule import Place, Rule, Strictness, rule

# Extensions whose meaning is applied by a rule, by the path validation or by the revocation check. Any other
# one that is critical refuses. The names are asn1crypto's.
_PROCESSED = frozenset(
    {
        "authority_key_identifier",
        "key_identifier",
        "key_usage",
        "certificate_policies",
        "policy_mappings",
        "subject_alt_name",
        "basic_constraints",
        "name_constraints",
        "policy_constraints",
        "extended_key_usage",
        "crl_distribution_points",
        "inhibit_any_policy",
        "freshest_crl",
        "authority_information_access",
        "subject_information_access",
        "ocsp_no_check",
    }
)


@rule("§4.2", Strictness.PATH)
def no_unknown_critical_extension(c: ReadCertificate) -> bool:
    """ "A certificate-using system MUST reject the certificate if it encounters a critical extension it does not
    recognize or a critical extension that contains information that it cannot process." """
    return bool(c.asn1.critical_extensions <= _PROCESSED)


@rule("§4.2.1.1")
def authority_key_identifier_present(c: ReadCertificate) -> bool:
    """ "The keyIdentifier field of the authorityKeyIdentifier extension MUST be included in all certificates
    [...] There is one exception; where a CA distributes its public key in the form of a "self-signed"
    certificate, the authority key identifier MAY be omitted." """
    found = c.value(x509.AuthorityKeyIdentifier)
    if found is None:
        return c.is_self_signed
    return found.key_identifier is not None


@rule("§4.2.1.1")
def authority_key_identifier_not_critical(c: ReadCertificate) -> bool:
    """ "Conforming CAs MUST mark this extension as non-critical." """
    return not c.critical(x509.AuthorityKeyIdentifier)


@rule("§4.2.1.1, §4.2.1.2", places=Place.ANCHOR)
def self_signed_names_its_own_key(c: ReadCertificate) -> bool:
    """A root that has both: "In this case, the subject and authority key identifiers would be identical." """
    both = c.authority_key_identifier is not None and c.key_identifier is not None
    return not both or c.authority_key_identifier == c.key_identifier or not c.is_self_signed


@rule("§4.2.1.2")
def subject_key_identifier_present(c: ReadCertificate) -> bool:
    """ "This extension MUST appear in all conforming CA certificates." """
    return c.key_identifier is not None or not c.is_authority


@rule("§4.2.1.2, profile", Strictness.PROFILE)
def subject_key_identifier_in_all(c: ReadCertificate) -> bool:
    """ "For end entity certificates [...] this extension SHOULD be included"; our CA does."""
    return c.key_identifier is not None


@rule("§4.2.1.2")
def subject_key_identifier_not_critical(c: ReadCertificate) -> bool:
    """ "Conforming CAs MUST mark this extension as non-critical." """
    return not c.critical(x509.SubjectKeyIdentifier)


@rule("§4.2.1.3")
def key_usage_not_empty(c: ReadCertificate) -> bool:
    """ "When the keyUsage extension appears in a certificate, at least one of the bits MUST be set to 1." """
    found = c.value(x509.KeyUsage)
    return found is None or any(
        (
            found.digital_signature,
            found.content_commitment,
            found.key_encipherment,
            found.data_encipherment,
            found.key_agreement,
            found.key_cert_sign,
            found.crl_sign,
        )
    )


@rule("§4.2.1.3, profile", Strictness.PROFILE)
def key_usage_critical(c: ReadCertificate) -> bool:
    """ "When present, conforming CAs SHOULD mark this extension as critical"; our CA does, in all."""
    return c.critical(x509.KeyUsage)


@rule("§4.2.1.4")
def policies_once(c: ReadCertificate) -> bool:
    """ "A certificate policy OID MUST NOT appear more than once in a certificate policies extension." """
    found = [policy.policy_identifier for policy in c.value(x509.CertificatePolicies) or ()]
    return len(found) == len(set(found))


@rule("§4.2.1.15")
def freshest_crl_not_critical(c: ReadCertificate) -> bool:
    """ "The extension MUST be marked as non-critical by conforming CAs." """
    return not c.critical(x509.FreshestCRL)


@rule("§4.2.2.1, §4.2.2.2")
def information_access_not_critical(c: ReadCertificate) -> bool:
    """ "Conforming CAs MUST mark this extension as non-critical." """
    return not (c.critical(x509.AuthorityInformationAccess) or c.critical(x509.SubjectInformationAccess))


@rule("§4.2.1.11, §4.2.1.14, §4.2.1.5", places=Place.LEAF)
def path_extensions_in_authorities_only(c: ReadCertificate) -> bool:
    """Policy mappings, policy constraints and inhibitAnyPolicy are "used in CA certificates" or "in
    certificates issued to CAs"; an end entity has no path below it."""
    of_paths = (ExtensionOID.POLICY_MAPPINGS, ExtensionOID.POLICY_CONSTRAINTS, ExtensionOID.INHIBIT_ANY_POLICY)
    return c.is_authority or not any(oid in c.extensions for oid in of_paths)


RULES: tuple[Rule, ...] = (
    no_unknown_critical_extension,
    authority_key_identifier_present,
    authority_key_identifier_not_critical,
    self_signed_names_its_own_key,
    subject_key_identifier_present,
    subject_key_identifier_in_all,
    subject_key_identifier_not_critical,
    key_usage_not_empty,
    key_usage_critical,
    policies_once,
    freshest_crl_not_critical,
    information_access_not_critical,
    path_extensions_in_authorities_only,
)
