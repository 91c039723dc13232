"""The key ceremony's part inside the database: the hierarchy, the region's units, the first staff, the first CRLs.

    1. Root certificate, self-signed.
    2. Issuing certificate, signed by the root.
    3. Units of the region, first staff.
    4. OCSP, feed and audit signer and the service's TLS certificates, signed by the issuing CA.
    5. The first CRL of each.

The keys are made before (`cli/init.py`), since they live outside every transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography import x509

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import (
    CERTIFICATE,
    Certificate,
    CertificateEvent,
    CertificateStatus,
    Issuer,
)
from ca_service.domain.roles import Actor, Role
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.current_issuer import current_issuer
from ca_service.workflows.issue import issue, key_sha256, new_serial, start_of_validity
from ca_service.workflows.ports import Authority, Order, Services
from ca_service.workflows.publish_crl import publish_crl
from ca_service.workflows.units import region, register

CEREMONY = Actor("ceremony", CENTRE_CODE, frozenset({Role.OPERATOR}), "cli")

FIRST_STAFF: Sequence[tuple[str, str, Role]] = (
    ("ca-admin", "系统管理员", Role.CA_ADMIN),
    ("security-admin", "安全管理员", Role.SECURITY_ADMIN),
    ("auditor", "安全审计员", Role.AUDITOR),
)


@dataclass(frozen=True)
class Names:
    """What stands in the subjects of the two CA certificates: O, and the CN of each."""

    organization: str
    root: str
    issuing: str


@dataclass(frozen=True)
class FirstStaff:
    """A first account and its first password, told once and to be changed at the first sign-in."""

    login: str
    name: str
    password: str


def found(
    services: Services, names: Names, *, root: Authority, root_key: bytes, issuing_key: bytes
) -> tuple[Certificate, Certificate]:
    """Steps 1 and 2: certify root and issuing key (SPKI DER); one transaction records both."""
    now = start_of_validity(services.clock())
    signed = []
    for profile, name, key in (("root", names.root, root_key), ("issuing", names.issuing, issuing_key)):
        order = Order(profile, new_serial(services), key, name, now, organization=names.organization)
        linted = root.prepare(order)
        signed.append((order, linted.tbs, root.issue(linted)))
    (root_record, issuing_record) = (_record(services, order, tbs, der) for order, tbs, der in signed)
    with services.begin() as uow:
        uow.issuers.add(Issuer("root", signed[0][2], "root", "root", 0, 0))
        uow.issuers.add(Issuer("issuing", signed[1][2], "issuing", "root", 0, 0))
        register(uow, CEREMONY, region(names.organization), at=now, ground="密钥仪式")
        uow.certificates.add_all([root_record, issuing_record])
        for record in (root_record, issuing_record):
            uow.audit.append(CEREMONY, Tag.CERTIFICATE_ISSUED, record.serial, unit=CENTRE_CODE)
    return root_record, issuing_record


def _record(services: Services, order: Order, tbs: bytes, der: bytes) -> Certificate:
    parsed = x509.load_der_x509_certificate(der)
    status = CERTIFICATE.after(
        CERTIFICATE.after(CertificateStatus.SIGNING, CertificateEvent.SIGN), CertificateEvent.CONFIRM
    )
    return Certificate(
        serial=order.serial,
        issuer="root",
        profile=order.profile,
        unit_code=CENTRE_CODE,
        subject=order.common_name,
        status=status,
        key_sha256=key_sha256(order.public_key),
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        created_at=services.clock(),
        tbs=tbs,
        der=der,
        confirmed_at=services.clock(),
    )


def appoint(services: Services, *, password: Callable[[], str], hasher: Callable[[str], str]) -> Sequence[FirstStaff]:
    """Step 3: the three administrators, three different people, who say at the first sign-in who they are."""
    appointed = [FirstStaff(login, name, password()) for login, name, _ in FIRST_STAFF]
    with services.begin() as uow:
        for staff, (_, _, role) in zip(appointed, FIRST_STAFF, strict=True):
            uow.staff.add(
                Staff(
                    staff.login,
                    staff.name,
                    CENTRE_CODE,
                    frozenset({role}),
                    hasher(staff.password),
                    must_change_password=True,
                    active=True,
                    created_at=services.clock(),
                    must_identify=True,
                    password_set_at=services.clock(),
                )
            )
            uow.audit.append(CEREMONY, Tag.STAFF_ADDED, staff.login, unit=CENTRE_CODE, detail={"roles": role.value})
    return appointed


def certify_infrastructure(
    services: Services,
    names: Names,
    *,
    profile: str,
    public_key: bytes,
    name: str,
    also: Sequence[str] = (),
    issuer: str = "",
) -> Certificate:
    """Step 4: a certificate for the service itself (`tls-server` or one of the delegated signers); active at once.

    By the present issuing CA, unless another one is named.
    """
    order = Order(
        profile, new_serial(services), public_key, name, start_of_validity(services.clock()),
        organization=names.organization,
        dns_names=[n for n in also if not _is_ip(n)],
        ip_addresses=[n for n in also if _is_ip(n)],
    )  # fmt: skip
    issued = issue(services, CEREMONY, order, issuer=issuer or current_issuer(services), unit_code=CENTRE_CODE)
    with services.begin() as uow:
        status, now = CERTIFICATE.after(issued.status, CertificateEvent.CONFIRM), services.clock()
        return uow.certificates.change(issued, status=status, confirmed_at=now)


def complete(services: Services, **detail: str) -> None:
    """Step 5: the first CRLs, and the end of the ceremony in the audit log."""
    for issuer in ("root", "issuing"):
        publish_crl(services, CEREMONY, issuer)
    with services.begin() as uow:
        uow.audit.append(CEREMONY, Tag.CEREMONY, "ca", unit=CENTRE_CODE, detail=detail)


def _is_ip(name: str) -> bool:
    return name.replace(".", "").isdigit() or ":" in name
