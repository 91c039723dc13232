"""The administrator's certificates on a token and whether they work."""

from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from token_provisioning import certificates, signatures
from token_provisioning.attributes import AUTH_LABEL, KeyAttributes
from token_provisioning.certificates import CertificateSummary
from token_provisioning.device import Device, KeyPair, StoredCertificate
from token_provisioning.errors import CertificateNotOursError, KeyLostError, NoCertificateError

_TEST_CONTEXT = b"educa-selftest-v1\0"  # no protocol accepts a signature under this prefix


@dataclass(frozen=True, kw_only=True)
class Holding:
    """A certificate with our label and the key that fits it."""

    certificate: CertificateSummary
    der: bytes
    pair: KeyPair
    attributes: KeyAttributes


def current(device: Device) -> Holding:
    """Return the holding that expires last; raises `NoCertificateError`, `KeyLostError`."""
    latest = _by_expiry(device.certificates())
    if not latest:
        raise NoCertificateError
    for holding in all_of(device):
        if holding.der == latest[-1].der:
            return holding
    raise KeyLostError


def all_of(device: Device) -> list[Holding]:
    """Return every readable certificate with our label whose key is on the token, the one that expires last at the end.

    Raises what the device raises; a damaged object beside a good one does not hide it.
    """
    pairs = {pair.public_key: pair for pair in device.key_pairs(AUTH_LABEL)}
    found = []
    for stored in _by_expiry(device.certificates()):
        pair = pairs.get(certificates.spki(stored.der))
        if pair is not None:
            attributes = device.key_attributes(pair)
            found.append(
                Holding(certificate=certificates.summary(stored.der), der=stored.der, pair=pair, attributes=attributes)
            )
    return found


def path_of(device: Device, holding: Holding) -> list[bytes]:
    """Return the certificate and, as far as the token has them, the CAs between it and the root; not verified."""
    links = {link.subject: link for stored in device.certificates() if (link := _readable(stored.der)) is not None}
    path, issuer = [holding.der], certificates.parse(holding.der).issuer
    while issuer in links and links[issuer].issuer != issuer:
        link = links.pop(issuer)
        path.append(link.public_bytes(Encoding.DER))
        issuer = link.issuer
    return path


def _readable(der: bytes) -> x509.Certificate | None:
    try:
        return certificates.parse(der)
    except CertificateNotOursError:
        return None


def _by_expiry(stored: list[StoredCertificate]) -> list[StoredCertificate]:
    readable = []
    for certificate in stored:
        if certificate.label != AUTH_LABEL:
            continue
        try:
            readable.append((certificates.summary(certificate.der).not_after, certificate))
        except CertificateNotOursError:
            continue
    return [certificate for _, certificate in sorted(readable, key=lambda entry: entry[0])]


def prove(device: Device, holding: Holding, random_bytes: Callable[[int], bytes]) -> None:
    """Sign fresh octets with the key; raises `SignatureFailedError` unless the certificate verifies them.

    `holding` has the certificate's public key: the pair was found by it.
    """
    message = _TEST_CONTEXT + random_bytes(32)
    signatures.verify(holding.pair.public_key, device.sign(holding.pair, message), message)
