"""The extensions of RFC 5280 §4.2 that our certificates carry, each as one encoded Extension."""

from collections.abc import Iterable

from profiles import der

OIDS = {
    "subject_key_identifier": "2.5.29.14",
    "key_usage": "2.5.29.15",
    "subject_alternative_name": "2.5.29.17",
    "basic_constraints": "2.5.29.19",
    "crl_distribution_points": "2.5.29.31",
    "certificate_policies": "2.5.29.32",
    "authority_key_identifier": "2.5.29.35",
    "extended_key_usage": "2.5.29.37",
    "freshest_crl": "2.5.29.46",
    "authority_information_access": "1.3.6.1.5.5.7.1.1",
    "ocsp_no_check": "1.3.6.1.5.5.7.48.1.5",
}
CRITICAL = frozenset({"basic_constraints", "key_usage"})

KEY_USAGE_BITS = {"digitalSignature": 0, "contentCommitment": 1, "keyCertSign": 5, "cRLSign": 6}
EXTENDED_KEY_USAGE_OIDS = {
    "serverAuth": "1.3.6.1.5.5.7.3.1",
    "clientAuth": "1.3.6.1.5.5.7.3.2",
    "OCSPSigning": "1.3.6.1.5.5.7.3.9",
    "documentSigning": "1.3.6.1.5.5.7.3.36",  # RFC 9336
}

_ENCODED_OIDS = {name: der.oid(dotted) for name, dotted in OIDS.items()}
_AD_OCSP = der.oid("1.3.6.1.5.5.7.48.1")
_AD_CA_ISSUERS = der.oid("1.3.6.1.5.5.7.48.2")
_URI_TAG = 6  # GeneralName uniformResourceIdentifier


def _extension(name: str, value: bytes) -> bytes:
    critical = der.boolean_true() if name in CRITICAL else b""
    return der.sequence(_ENCODED_OIDS[name], critical, der.octet_string(value))


def basic_constraints(path_length: int | None) -> bytes:
    """§4.2.1.9, critical: a CA with its path length, or (None) an end entity: an empty sequence."""
    if path_length is None:
        return _extension("basic_constraints", der.sequence())
    return _extension("basic_constraints", der.sequence(der.boolean_true(), der.integer(path_length)))


def key_usage(usages: Iterable[str]) -> bytes:
    """§4.2.1.3, critical; trailing zero bits are left out (X.690 §11.2.2)."""
    return _extension("key_usage", der.named_bits(frozenset(KEY_USAGE_BITS[usage] for usage in usages)))


def extended_key_usage(purposes: Iterable[str]) -> bytes:
    """§4.2.1.12; the purposes in the order of their names, so that equal profiles give equal bytes."""
    return _extension(
        "extended_key_usage",
        der.sequence(*(der.oid(EXTENDED_KEY_USAGE_OIDS[purpose]) for purpose in sorted(purposes))),
    )


def certificate_policies(oids: Iterable[str]) -> bytes:
    """§4.2.1.4, without qualifiers, as the RFC recommends."""
    return _extension("certificate_policies", der.sequence(*(der.sequence(der.oid(dotted)) for dotted in oids)))


def subject_key_identifier(identifier: bytes) -> bytes:
    """§4.2.1.2; how the identifier is made is for the caller."""
    return _extension("subject_key_identifier", der.octet_string(identifier))


def authority_key_identifier(identifier: bytes) -> bytes:
    """§4.2.1.1 with the key identifier alone: issuer and serial would tie us to one certificate."""
    return _extension("authority_key_identifier", der.sequence(der.primitive(0, identifier)))


def crl_distribution_points(url: str) -> bytes:
    """§4.2.1.13 with one fullName."""
    return _extension("crl_distribution_points", _distribution_point(url))


def freshest_crl(url: str) -> bytes:
    """§4.2.1.15: where the delta CRL lies."""
    return _extension("freshest_crl", _distribution_point(url))


def _distribution_point(url: str) -> bytes:
    full_name = der.constructed(0, _uri(url))
    return der.sequence(der.sequence(der.constructed(0, full_name)))


def authority_information_access(*, ocsp_url: str | None, certificate_url: str | None) -> bytes:
    """§4.2.2.1: the responder first, then the issuer's certificate; at least one of them."""
    descriptions = [
        der.sequence(method, _uri(url))
        for method, url in ((_AD_OCSP, ocsp_url), (_AD_CA_ISSUERS, certificate_url))
        if url is not None
    ]
    return _extension("authority_information_access", der.sequence(*descriptions))


def _uri(url: str) -> bytes:
    return der.primitive(_URI_TAG, url.encode("ascii"))


def ocsp_no_check() -> bytes:
    """RFC 6960 §4.2.2.2.1: do not ask for the status of this responder's certificate."""
    return _extension("ocsp_no_check", der.NULL)


def subject_alternative_name(general_names: Iterable[bytes]) -> bytes:
    """§4.2.1.6 of GeneralNames that are already encoded; not critical, since the subject is never empty."""
    return _extension("subject_alternative_name", der.sequence(*general_names))
