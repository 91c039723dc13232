"""What path validation leaves to the application: the form and the purpose of the end-entity certificate.

RFC 5280 §6.1.5 ends with "critical extensions of the end entity are for the application"; these are ours.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from teacher_registry.refusal import RefusalError, RefusalKind

PURPOSES: Mapping[str, x509.ObjectIdentifier] = MappingProxyType(
    {
        "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH,
        "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH,
        "OCSPSigning": ExtendedKeyUsageOID.OCSP_SIGNING,
        "documentSigning": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # RFC 9336
    }
)

# Extensions whose meaning is applied here or by the path validation. Any other one that is critical refuses.
_PROCESSED = (
    x509.BasicConstraints,
    x509.KeyUsage,
    x509.ExtendedKeyUsage,
    x509.CertificatePolicies,
    x509.SubjectAlternativeName,
    x509.SubjectKeyIdentifier,
    x509.AuthorityKeyIdentifier,
    x509.CRLDistributionPoints,
)
_Value = TypeVar("_Value", bound=x509.ExtensionType)

_MIN_RSA_BITS = 2048
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_MAX_SERIAL_BITS = 159  # RFC 5280 §4.1.2.2: at most 20 octets, positive


def check_form(leaf: x509.Certificate) -> None:
    """Refuses `malformed`: not v3, a serial outside RFC 5280 §4.1.2.2, a weak key, an unknown critical
    extension.
    """
    if leaf.version is not x509.Version.v3:
        raise RefusalError(RefusalKind.MALFORMED, "not an X.509 v3 certificate")
    if not 0 < leaf.serial_number < 1 << _MAX_SERIAL_BITS:
        raise RefusalError(RefusalKind.MALFORMED, "a serial number that is not 1 to 20 positive octets")
    for extension in leaf.extensions:
        if extension.critical and not isinstance(extension.value, _PROCESSED):
            raise RefusalError(RefusalKind.MALFORMED, f"unknown critical extension {extension.oid.dotted_string}")
    _check_key(leaf)


def _check_key(leaf: x509.Certificate) -> None:
    key = leaf.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _MIN_RSA_BITS:
        return
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
        return
    raise RefusalError(RefusalKind.MALFORMED, "a key of a kind or size that the policy does not allow")


def check_purpose(leaf: x509.Certificate, purpose: str, policy_oid: str | None) -> None:
    """Refuses `wrong-purpose`: a CA certificate, no such extended key usage, no digitalSignature, another
    policy.

    anyExtendedKeyUsage does not count: RFC 5280 §4.2.1.12 lets an application demand the named one.
    """
    constraints = _extension(leaf, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise RefusalError(RefusalKind.WRONG_PURPOSE, "the certificate of an authority, not of a person")
    usages = _extension(leaf, x509.ExtendedKeyUsage)
    if usages is None or PURPOSES[purpose] not in usages:
        raise RefusalError(RefusalKind.WRONG_PURPOSE, f"no extended key usage {purpose}")
    key_usage = _extension(leaf, x509.KeyUsage)
    if key_usage is None or not key_usage.digital_signature:
        raise RefusalError(RefusalKind.WRONG_PURPOSE, "no key usage digitalSignature")
    if policy_oid is not None and policy_oid not in _policies(leaf):
        raise RefusalError(RefusalKind.WRONG_PURPOSE, f"no certificate policy {policy_oid}")


def _policies(leaf: x509.Certificate) -> set[str]:
    policies = _extension(leaf, x509.CertificatePolicies)
    return set() if policies is None else {p.policy_identifier.dotted_string for p in policies}


def _extension(leaf: x509.Certificate, kind: type[_Value]) -> _Value | None:
    try:
        return leaf.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
