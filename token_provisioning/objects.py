"""Attributes of PKCS#11 objects, read without trust and written as the standard wants them."""

from typing import Any

import pkcs11
from asn1crypto import x509
from pkcs11 import Attribute, KeyType, ObjectClass
from pkcs11.constants import CertificateType

from token_provisioning import signatures
from token_provisioning.device import StoredCertificate


def read(found: Any, attribute: Attribute) -> Any:
    """Return an attribute, `None` where the token does not have or does not tell it."""
    try:
        return found[attribute]
    except (pkcs11.AttributeTypeInvalid, pkcs11.AttributeSensitive, KeyError):
        return None


def read_bytes(found: Any, attribute: Attribute) -> bytes:
    """Return an attribute of octets, empty where there is none."""
    value = read(found, attribute)
    return bytes(value) if isinstance(value, bytes | bytearray) else b""


def spki_of(public: Any) -> bytes | None:
    """Return the DER SPKI of a public key object, `None` for kinds that we do not use."""
    kind = read(public, Attribute.KEY_TYPE)
    if kind == KeyType.EC:
        return signatures.p256_spki(read_bytes(public, Attribute.EC_POINT))
    if kind == KeyType.RSA:
        return signatures.rsa_spki(read_bytes(public, Attribute.MODULUS), read_bytes(public, Attribute.PUBLIC_EXPONENT))
    return None


def certificate_template(certificate: StoredCertificate) -> dict[Attribute, Any]:
    """Return the template of a certificate object; SUBJECT, ISSUER and SERIAL_NUMBER are DER, as NSS needs.

    The DER must have been parsed before: bad DER raises ValueError.
    """
    parsed = x509.Certificate.load(certificate.der)
    return {
        Attribute.CLASS: ObjectClass.CERTIFICATE,
        Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
        Attribute.TOKEN: True,
        Attribute.PRIVATE: False,
        Attribute.LABEL: certificate.label,
        Attribute.ID: certificate.key_id,
        Attribute.SUBJECT: parsed.subject.dump(),
        Attribute.ISSUER: parsed.issuer.dump(),
        Attribute.SERIAL_NUMBER: parsed["tbs_certificate"]["serial_number"].dump(),
        Attribute.VALUE: certificate.der,
    }
