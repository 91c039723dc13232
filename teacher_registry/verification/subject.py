"""From a verified certificate to the person and the unit that it speaks for."""

from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from teacher_registry.refusal import RefusalError, RefusalKind


@dataclass(frozen=True)
class VerifiedAdministrator:
    """Who signed in. Made only from a certificate that passed the gate.

    `serial` is lower-case hex as the CA prints it; `fingerprint` is SHA-256 over the certificate, for binding
    tokens to it; `role` is what its certificate policy makes of the holder.
    """

    holder_id: str
    name: str
    unit_code: str
    unit_name: str
    serial: str
    fingerprint: bytes
    role: str = "information-administrator"


def administrator_of(
    verified: x509.Certificate, fingerprint: bytes, role: str = "information-administrator"
) -> VerifiedAdministrator:
    """Reads the subject; each of CN, serialNumber, organizationIdentifier and O must stand there exactly
    once.
    """
    return VerifiedAdministrator(
        holder_id=_only(verified, NameOID.SERIAL_NUMBER),
        name=_only(verified, NameOID.COMMON_NAME),
        unit_code=_only(verified, NameOID.ORGANIZATION_IDENTIFIER),
        unit_name=_only(verified, NameOID.ORGANIZATION_NAME),
        serial=f"{verified.serial_number:x}",
        fingerprint=fingerprint,
        role=role,
    )


def _only(verified: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    values = verified.subject.get_attributes_for_oid(oid)
    if len(values) != 1 or not isinstance(values[0].value, str) or not values[0].value.strip():
        raise RefusalError(RefusalKind.MALFORMED, f"the subject does not have exactly one {oid.dotted_string}")
    return values[0].value
