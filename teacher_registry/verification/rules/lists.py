"""Rules about certificate revocation lists (RFC 5280 §5), within our CA's profile: one issuer, all reasons."""

from collections.abc import Callable

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from teacher_registry.verification import der
from teacher_registry.verification.crl_reader import ReadCrl
from teacher_registry.verification.rules.rule import FormRule, rule_name

_PROCESSED = frozenset(
    {
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.CRL_NUMBER,
        ExtensionOID.DELTA_CRL_INDICATOR,
        ExtensionOID.ISSUING_DISTRIBUTION_POINT,
        ExtensionOID.FRESHEST_CRL,
    }
)
_MAX_NUMBER_OCTETS = 20
_FIRST_GENERALIZED_YEAR = 2050
_VERSION_2 = b"\x02\x01\x01"


ListRule = FormRule[ReadCrl]


def rule(clause: str) -> Callable[[Callable[[ReadCrl], bool]], ListRule]:
    """Make a rule of a function."""
    return lambda check: ListRule(rule_name(check), clause, check)


@rule("§5.1.2.1")
def list_version_2(crl: ReadCrl) -> bool:
    """ "When extensions are used, as required by this profile, this field MUST be present and MUST specify version
    2 (the integer value is 1)." """
    return crl.der[crl.tbs.content : crl.tbs.content + len(_VERSION_2)] == _VERSION_2


@rule("§5.1.2.5")
def next_update_present(crl: ReadCrl) -> bool:
    """ "Conforming CRL issuers MUST include the nextUpdate field in all CRLs." """
    return crl.unverified.next_update_utc is not None


@rule("§5.1.2.4, §5.1.2.5")
def list_times_encoded_by_year(crl: ReadCrl) -> bool:
    """ "CRL issuers conforming to this profile MUST encode thisUpdate as UTCTime for dates through the year 2049
    [...] as GeneralizedTime for dates in the year 2050 or later"; nextUpdate likewise."""
    moments = (crl.unverified.last_update_utc, crl.unverified.next_update_utc)
    return all(
        moment is None or (time.tag == der.GENERALIZED_TIME) is (moment.year >= _FIRST_GENERALIZED_YEAR)
        for time, moment in zip(crl.times, moments, strict=False)
    )


@rule("§5.1.2.5")
def next_update_later(crl: ReadCrl) -> bool:
    """nextUpdate is "the date by which the next CRL will be issued": after this one."""
    until = crl.unverified.next_update_utc
    return until is None or until > crl.unverified.last_update_utc


@rule("§5.1.2.6")
def entries_absent_when_none(crl: ReadCrl) -> bool:
    """ "When there are no revoked certificates, the revoked certificates list MUST be absent." """
    return crl.entries is None or crl.entries.end > crl.entries.content


@rule("§5.2")
def list_without_unknown_critical_extension(crl: ReadCrl) -> bool:
    """ "If a CRL contains a critical extension that the application cannot process, then the application MUST NOT
    use that CRL to determine the status of certificates." """
    return all(oid in _PROCESSED for oid, extension in crl.extensions.items() if extension.critical)


@rule("§5.2.1")
def list_names_its_key(crl: ReadCrl) -> bool:
    """ "Conforming CRL issuers MUST use the key identifier method, and MUST include this extension in all CRLs
    issued." """
    return crl.authority_key_identifier is not None


@rule("§5.2.1, §4.2.1.1")
def list_key_identifier_not_critical(crl: ReadCrl) -> bool:
    """The extension is that of certificates, which "MUST [be marked] as non-critical"."""
    return not crl.critical(x509.AuthorityKeyIdentifier)


@rule("§5.2.3")
def list_numbered(crl: ReadCrl) -> bool:
    """ "CRL issuers conforming to this profile MUST include this extension in all CRLs." """
    return crl.number is not None


@rule("§5.2.3")
def list_number_not_critical(crl: ReadCrl) -> bool:
    """ "The CRL number is a non-critical CRL extension." """
    return not crl.critical(x509.CRLNumber)


@rule("§5.2.3")
def list_number_in_range(crl: ReadCrl) -> bool:
    """ "CRLNumber ::= INTEGER (0..MAX)"; "Conforming CRL issuers MUST NOT use CRLNumber values longer than 20
    octets." """
    number = crl.number
    return number is None or (number >= 0 and number.bit_length() // 8 + 1 <= _MAX_NUMBER_OCTETS)


@rule("§5.2.4")
def delta_indicator_critical(crl: ReadCrl) -> bool:
    """ "The delta CRL indicator is a critical CRL extension that identifies a CRL as being a delta CRL." """
    return crl.base_number is None or crl.critical(x509.DeltaCRLIndicator)


@rule("§5.2.5")
def distribution_point_critical(crl: ReadCrl) -> bool:
    """ "The issuing distribution point is a critical CRL extension." """
    return crl.value(x509.IssuingDistributionPoint) is None or crl.critical(x509.IssuingDistributionPoint)


@rule("§5.2.5, profile")
def list_of_one_issuer_for_all_reasons(crl: ReadCrl) -> bool:
    """Our CA issues no indirect lists, none for some reasons, none about attribute certificates: outside its
    scope a list says "good" by silence."""
    point = crl.value(x509.IssuingDistributionPoint)
    return point is None or not (
        point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs or point.relative_name
    )


@rule("§5.2.5, profile")
def distribution_point_by_address(crl: ReadCrl) -> bool:
    """A shard is named by an http URL and nothing else, as in the certificates that belong to it."""
    point = crl.value(x509.IssuingDistributionPoint)
    names = () if point is None else point.full_name or ()
    return all(isinstance(name, x509.UniformResourceIdentifier) for name in names)


@rule("§5.2.6")
def fresher_list_not_critical(crl: ReadCrl) -> bool:
    """ "Conforming CRL issuers MUST mark this extension as non-critical. This extension MUST NOT appear in delta
    CRLs." """
    return x509.FreshestCRL.oid not in crl.extensions or (
        not crl.critical(x509.FreshestCRL) and crl.base_number is None
    )


LIST_RULES: tuple[ListRule, ...] = (
    list_version_2,
    next_update_present,
    list_times_encoded_by_year,
    next_update_later,
    entries_absent_when_none,
    list_without_unknown_critical_extension,
    list_names_its_key,
    list_key_identifier_not_critical,
    list_numbered,
    list_number_not_critical,
    list_number_in_range,
    delta_indicator_critical,
    distribution_point_critical,
    list_of_one_issuer_for_all_reasons,
    distribution_point_by_address,
    fresher_list_not_critical,
)


def broken_list_rule(crl: ReadCrl) -> ListRule | None:
    """The first rule that the list breaks, or None."""
    return next((rule for rule in LIST_RULES if rule.broken_by(crl)), None)
