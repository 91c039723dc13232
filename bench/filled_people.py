"""The people of a filled service: application, holder and certificate as the workflows would have left them."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

import crl
from ca_service.domain.applications import Application, ApplicationStatus, Contact
from ca_service.domain.certificates import Certificate, CertificateStatus, RevocationReason
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.units import CENTRE_CODE, Unit

_KEY = ec.generate_private_key(ec.SECP256R1())  # the throwaway key


def application(number: int, unit: Unit, now: datetime, *, repeated: bool) -> Application:
    """Three quarters confirmed, the rest on its way; a second one of a unit was returned."""
    status = ApplicationStatus.RETURNED if repeated else ApplicationStatus.CONFIRMED
    if not repeated and number % 4 == 0:
        status = ApplicationStatus.SUBMITTED
    places = {ApplicationStatus.RETURNED: unit.code, ApplicationStatus.SUBMITTED: unit.parent_code or CENTRE_CODE}
    contact = Contact(
        f"1503021990{number % 12 + 1:02d}01{number % 1000:03d}X", f"0471-{3000000 + number}",
        f"teacher{number}@example.com", f"1990000{number % 10000:04d}",
    )  # fmt: skip
    return Application(
        id=f"A{number:08d}",
        batch_id=f"B{number // 60:06d}",
        row_number=number % 60 + 2,
        unit_code=unit.code,
        name="示范人",
        user_type="信息管理员",
        school_type=unit.school_type or "",
        address="内蒙古自治区示范路 1 号",
        contact=contact,
        id_number_hash=f"{number:064d}",
        status=status,
        at_unit=places.get(status, CENTRE_CODE),
        entered_by="clerk-0",
        submitted_at=now - timedelta(minutes=number),
        reason="请补盖公章" if status is ApplicationStatus.RETURNED else "",
        approved_sha256="0" * 64 if status is ApplicationStatus.CONFIRMED else "",
    )


def holder(application: Application) -> Holder:
    """The person behind a confirmed application; every fiftieth is stopped."""
    return Holder(
        id=f"H{application.id[1:]}",
        external_id=application.id,
        unit_code=application.unit_code,
        name=application.name,
        user_type=application.user_type,
        contact=application.contact,
        id_number_hash=application.id_number_hash,
        status=HolderStatus.STOPPED if int(application.id[1:]) % 50 == 1 else HolderStatus.ACTIVE,
        registered_at=application.submitted_at,
        pushed_sha256="0" * 64,
    )


def certificate(number: int, holder: Holder, medium: str, serial: int, now: datetime) -> Certificate:
    """An active certificate, or every 25th revoked, every 40th frozen."""
    start, end = now - timedelta(days=number % 300), now + timedelta(days=1095 - number % 300)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, holder.name)])
    builder = x509.CertificateBuilder(name, name, _KEY.public_key(), serial, start, end)
    signed = builder.sign(_KEY, hashes.SHA256())
    plain = {number % 25 == 3: CertificateStatus.REVOKED, number % 40 == 5: CertificateStatus.FROZEN}
    status = plain.get(True, CertificateStatus.ACTIVE)
    ended = status is not CertificateStatus.ACTIVE
    reason = RevocationReason.CERTIFICATE_HOLD if status is CertificateStatus.FROZEN else RevocationReason.SUPERSEDED
    return Certificate(
        serial=f"{serial:x}",
        issuer="issuing",
        profile="information-administrator",
        unit_code=holder.unit_code,
        subject=holder.name,
        status=status,
        key_sha256=f"{number:064d}",
        not_before=start,
        not_after=end,
        created_at=start,
        tbs=signed.tbs_certificate_bytes,
        der=signed.public_bytes(Encoding.DER),
        holder_id=holder.id,
        medium_serial=medium,
        revoked_at=now if ended else None,
        reason=reason if ended else None,
        crl_entry=crl.encode_entry(serial, now, crl.Reason(reason)) if ended else None,
    )
