"""The administrator's certificate on a token and whether it works."""

from collections.abc import Callable
from dataclasses import dataclass

from token_provisioning import certificates, signatures
from token_provisioning.attributes import AUTH_LABEL, KeyAttributes
from token_provisioning.certificates import CertificateSummary
from token_provisioning.device import Device, KeyPair, StoredCertificate
from token_provisioning.errors import CertificateNotOursError, KeyLostError, NoCertificateError

_TEST_CONTEXT = b"educa-selftest-v1\0"  # no protocol accepts a signature under this prefix


@dataclass(frozen=True, kw_only=True)
class Holding:
    """The latest certificate with our label and the key that fits it."""

    certificate: CertificateSummary
    pair: KeyPair
    attributes: KeyAttributes


def current(device: Device) -> Holding:
    """Return the certificate that expires last; raises `NoCertificateError`, `KeyLostError`."""
    stored = _latest([c for c in device.certificates() if c.label == AUTH_LABEL])
    public_key = certificates.spki(stored.der)
    for pair in device.key_pairs(AUTH_LABEL):
        if pair.public_key == public_key:
            return Holding(
                certificate=certificates.summary(stored.der),
                pair=pair,
                attributes=device.key_attributes(pair),
            )
    raise KeyLostError


def _latest(stored: list[StoredCertificate]) -> StoredCertificate:
    readable = []
    for certificate in stored:
        try:
            readable.append((certificates.summary(certificate.der).not_after, certificate))
        except CertificateNotOursError:
            continue  # a damaged object beside a good one must not hide it
    if not readable:
        raise NoCertificateError
    return max(readable, key=lambda entry: entry[0])[1]


def prove(device: Device, holding: Holding, random_bytes: Callable[[int], bytes]) -> None:
    """Sign fresh octets with the key; raises `SignatureFailedError` unless the certificate verifies them.

    `holding` has the certificate's public key: the pair was found by it.
    """
    message = _TEST_CONTEXT + random_bytes(32)
    signatures.verify(holding.pair.public_key, device.sign(holding.pair, message), message)
