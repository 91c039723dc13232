"""What must hold of a certificate before the helper writes it to the token."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from token_provisioning.errors import CertificateNotOursError, ClockWrongError, TlsNotTrustedError

# cryptography raises more than ValueError on bad DER.
_UNREADABLE = (
    ValueError,
    TypeError,
    NotImplementedError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
)


@dataclass(frozen=True, kw_only=True)
class CertificateSummary:
    """What a person wants to know of a certificate; times are aware UTC, `serial` is lower-case hex."""

    serial: str
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    pem: str

    def days_left(self, at: datetime) -> int:
        """Return whole days until expiry, negative after it."""
        return (self.not_after - at).days


def parse(der: bytes) -> x509.Certificate:
    """Parse a certificate; raises `CertificateNotOursError` for everything unreadable."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        _ = certificate.extensions, certificate.subject, certificate.public_key()
    except _UNREADABLE as error:
        raise CertificateNotOursError(reason="无法解析") from error
    return certificate


def load_anchors(pem: bytes) -> list[x509.Certificate]:
    """Return the certificates of a PEM file; raises ValueError if there is none or one is damaged."""
    return x509.load_pem_x509_certificates(pem)


def spki(der: bytes) -> bytes:
    """Return the DER SubjectPublicKeyInfo of a certificate."""
    return parse(der).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def serial_or_none(der: bytes) -> str | None:
    """Return the serial number of a certificate as lower-case hex, `None` if it cannot be read."""
    try:
        return summary(der).serial
    except CertificateNotOursError:
        return None


def summary(der: bytes) -> CertificateSummary:
    """Describe a certificate; nothing is verified here."""
    certificate = parse(der)
    return CertificateSummary(
        serial=f"{certificate.serial_number:x}",
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        pem=certificate.public_bytes(Encoding.PEM).decode("ascii"),
    )


def require_ours(
    der: bytes, *, chain: list[bytes], public_key: bytes, anchors: list[x509.Certificate], at: datetime
) -> list[bytes]:
    """Raise unless this is a client certificate for `public_key` (SPKI) that leads to an anchor at `at`.

    `chain` is a bag of possible intermediates, nothing in it is trusted; returned are the CA
    certificates of the path that was verified, the issuing one first, the anchor last.
    """
    certificate = parse(der)
    if spki(der) != public_key:
        raise CertificateNotOursError(reason="公钥与介质中的密钥不符")
    # Asked before the path: of all failures only this one is mended by setting the clock.
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise ClockWrongError(now=at.isoformat(timespec="seconds"))
    _require_client_purpose(certificate)
    # An administrator's certificate names no host, so the web's demand of a subjectAltName is lifted.
    verifier = (
        PolicyBuilder()
        .store(Store(anchors))
        .time(at)
        .extension_policies(ee_policy=ExtensionPolicy.permit_all(), ca_policy=ExtensionPolicy.webpki_defaults_ca())
        .build_client_verifier()
    )
    try:
        verified = verifier.verify(certificate, [parse(link) for link in chain])
    except VerificationError as error:
        raise CertificateNotOursError(reason="证书链不能追溯到 --ca-file 中的根证书") from error
    return [link.public_bytes(Encoding.DER) for link in verified.chain[1:]]


def require_server(chain: list[bytes], *, host: str, anchors: list[x509.Certificate], at: datetime) -> None:
    """Raise `TlsNotTrustedError` unless the first certificate is for this host and leads to an anchor at `at`."""
    try:
        server, *others = [x509.load_der_x509_certificate(der) for der in chain]
        PolicyBuilder().store(Store(anchors)).time(at).build_server_verifier(_subject(host)).verify(server, others)
    except VerificationError as error:
        raise TlsNotTrustedError(reason=str(error)) from error
    except _UNREADABLE as error:
        raise TlsNotTrustedError(reason="无法解析") from error


def dns_name(host: str) -> str | None:
    """Return the host if it is a name, `None` for an address: TLS names no addresses (RFC 6066, 3)."""
    return host if isinstance(_subject(host), x509.DNSName) else None


def _subject(host: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _require_client_purpose(certificate: x509.Certificate) -> None:
    try:
        extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound as error:
        raise CertificateNotOursError(reason="缺少密钥用途") from error
    if ExtendedKeyUsageOID.CLIENT_AUTH not in extended or not usage.digital_signature:
        raise CertificateNotOursError(reason="不是用于登录的证书")
