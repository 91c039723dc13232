"""Marks on a token: public objects whose presence says something, and which are seen without login.

A mark is a data object. Modules without public data objects (tpm2-pkcs11 1.9) get a certificate object in its place,
self-signed by a key that is thrown away: a token that holds no certificates is of no use to us anyway.
"""

from datetime import UTC, datetime

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from pkcs11 import Attribute, ObjectClass, Session

from token_provisioning.device import StoredCertificate
from token_provisioning.objects import certificate_template

_NO_DATA_OBJECTS = (pkcs11.AttributeValueInvalid, pkcs11.AttributeTypeInvalid, pkcs11.TemplateInconsistent)
_CLASSES = (ObjectClass.DATA, ObjectClass.CERTIFICATE)


def set_mark(session: Session, label: str) -> None:
    """Write the mark; raises PKCS11Error."""
    data = {
        Attribute.CLASS: ObjectClass.DATA,
        Attribute.TOKEN: True,
        Attribute.PRIVATE: False,
        Attribute.LABEL: label,
        Attribute.VALUE: b"1",
    }
    try:
        session.create_object(data)
    except _NO_DATA_OBJECTS:
        session.create_object(certificate_template(_certificate(label)))


def has_mark(session: Session, label: str) -> bool:
    """Tell whether the mark is there; raises PKCS11Error."""
    return any(_find(session, label, kind) for kind in _CLASSES)


def clear_mark(session: Session, label: str) -> None:
    """Destroy the mark; none is fine. Raises PKCS11Error."""
    for kind in _CLASSES:
        for found in _find(session, label, kind):
            found.destroy()


def _find(session: Session, label: str, kind: ObjectClass) -> list[pkcs11.Object]:
    return list(session.get_objects({Attribute.CLASS: kind, Attribute.LABEL: label}))


def _certificate(label: str) -> StoredCertificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, label)])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2000, 1, 2, tzinfo=UTC))  # nobody shall take it for one to sign in with
        .sign(key, hashes.SHA256())
    )
    return StoredCertificate(label=label, key_id=label.encode(), der=made.public_bytes(Encoding.DER))
