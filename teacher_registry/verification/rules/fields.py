"""Rules about the basic fields (RFC 5280 §4.1)."""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from teacher_registry.verification import der
from teacher_registry.verification.certificates import ReadCertificate
from teacher_registry.verification.rules.rule import Place, Rule, rule
from teacher_registry.verification.signatures import STRONG_HASHES

_MIN_RSA_BITS = 2048
_MAX_RSA_BITS = 8192  # a verification with more costs milliseconds
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_MAX_SERIAL_OCTETS = 20
_UNIQUE_IDENTIFIERS = (0x81, 0x82)
_FIRST_GENERALIZED_YEAR = 2050


@rule("§4.1.2.1, §4.2")
def version_3(c: ReadCertificate) -> bool:
    """ "When extensions are used, as expected in this profile, version MUST be 3." """
    return c.unverified.version is x509.Version.v3


@rule("§4.1.2.2")
def serial_positive(c: ReadCertificate) -> bool:
    """ "The serial number MUST be a positive integer": zero is none either."""
    return c.unverified.serial_number > 0


@rule("§4.1.2.2")
def serial_at_most_20_octets(c: ReadCertificate) -> bool:
    """ "Conforming CAs MUST NOT use serialNumber values longer than 20 octets", the sign bit counted."""
    return c.unverified.serial_number.bit_length() // 8 + 1 <= _MAX_SERIAL_OCTETS


@rule("§4.1.2.3; our algorithms")
def signature_algorithm_strong(c: ReadCertificate) -> bool:
    """ECDSA or RSA over SHA-256, SHA-384 or SHA-512; RSA-PSS with one hash for both of its uses."""
    parameters, algorithm = c.unverified.signature_algorithm_parameters, c.unverified.signature_hash_algorithm
    if not isinstance(algorithm, STRONG_HASHES):
        return False
    if isinstance(parameters, padding.PSS):
        mask = c.asn1["signature_algorithm"]["parameters"]["mask_gen_algorithm"]
        return bool(mask["parameters"]["algorithm"].native == algorithm.name)
    return isinstance(parameters, padding.PKCS1v15 | ec.ECDSA)


@rule("§4.1.2.7; our algorithms")
def key_strong(c: ReadCertificate) -> bool:
    """RSA of 2048 to 8192 bits, or P-256, P-384, P-521."""
    key = c.unverified.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return _MIN_RSA_BITS <= key.key_size <= _MAX_RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES)


@rule("§4.1.2.4")
def issuer_named(c: ReadCertificate) -> bool:
    """ "The issuer field MUST contain a non-empty distinguished name." """
    return bool(c.unverified.issuer.rdns)


@rule("§4.1.2.6")
def authority_named(c: ReadCertificate) -> bool:
    """ "If the subject is a CA [...] then the subject field MUST be populated with a non-empty distinguished
    name." """
    return bool(c.unverified.subject.rdns) or not c.is_authority


@rule("§4.1.2.5")
def times_encoded_by_year(c: ReadCertificate) -> bool:
    """ "CAs [...] MUST always encode certificate validity dates through the year 2049 as UTCTime; certificate
    validity dates in 2050 or later MUST be encoded as GeneralizedTime." """
    validity = c.asn1["tbs_certificate"]["validity"]
    years = (
        (validity["not_before"], c.unverified.not_valid_before_utc.year),
        (validity["not_after"], c.unverified.not_valid_after_utc.year),
    )
    return all((time.name == "general_time") is (year >= _FIRST_GENERALIZED_YEAR) for time, year in years)


@rule("§4.1.2.5")
def validity_not_backwards(c: ReadCertificate) -> bool:
    """The validity is "from notBefore through notAfter": there is one."""
    return c.unverified.not_valid_before_utc <= c.unverified.not_valid_after_utc


@rule("§4.1.2.8")
def no_unique_identifiers(c: ReadCertificate) -> bool:
    """ "CAs conforming to this profile MUST NOT generate certificates with unique identifiers." """
    tbs = next(der.children(c.der, der.whole(c.der, der.SEQUENCE)))
    return all(part.tag not in _UNIQUE_IDENTIFIERS for part in der.children(c.der, tbs))


@rule("§4.1.2.6", places=Place.LEAF)
def subject_or_alternative_name(c: ReadCertificate) -> bool:
    """ "If the subject field contains an empty sequence, then [...] a subjectAltName extension that is marked
    as critical" (§4.2.1.6)."""
    return bool(c.unverified.subject.rdns) or c.critical(x509.SubjectAlternativeName)


RULES: tuple[Rule, ...] = (
    version_3,
    serial_positive,
    serial_at_most_20_octets,
    signature_algorithm_strong,
    key_strong,
    issuer_named,
    authority_named,
    times_encoded_by_year,
    validity_not_backwards,
    no_unique_identifiers,
    subject_or_alternative_name,
)
