"""What path validation leaves to the application: the purpose of the end-entity certificate.

RFC 5280 §6.1.5 ends with "critical extensions of the end entity are for the application"; these are ours.
"""

from collections.abc import Mapping
from types import MappingProxyType

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification.certificates import ReadCertificate

PURPOSES: Mapping[str, x509.ObjectIdentifier] = MappingProxyType(
    {
        "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH,
        "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH,
        "OCSPSigning": ExtendedKeyUsageOID.OCSP_SIGNING,
        "documentSigning": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # RFC 9336
    }
)


def check_purpose(leaf: ReadCertificate, purpose: str, policy: str | None) -> None:
    """Refuses `wrong-purpose`: a CA certificate, no such extended key usage, no digitalSignature, another
    policy.

    anyExtendedKeyUsage does not count: RFC 5280 §4.2.1.12 lets an application demand the named one.
    """
    if leaf.is_authority:
        raise RefusalError(RefusalKind.WRONG_PURPOSE, "the certificate of an authority, not of a person")
    usages = leaf.value(x509.ExtendedKeyUsage)
    if usages is None or PURPOSES[purpose] not in usages:
        raise RefusalError(RefusalKind.WRONG_PURPOSE, f"no extended key usage {purpose}")
    key_usage = leaf.value(x509.KeyUsage)
    if key_usage is None or not key_usage.digital_signature:
        raise RefusalError(RefusalKind.WRONG_PURPOSE, "no key usage digitalSignature")
    if policy is not None and policy not in policies_of(leaf):
        raise RefusalError(RefusalKind.WRONG_PURPOSE, f"no certificate policy {policy}")


def policies_of(certificate: ReadCertificate) -> frozenset[str]:
    """The policies that the certificate asserts, dotted."""
    found = certificate.value(x509.CertificatePolicies) or ()
    return frozenset(policy.policy_identifier.dotted_string for policy in found)
