"""Somebody with a CA of the own, whose certificates look like ours in every field."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ObjectIdentifier

import profiles
from ca_service.domain.checkpoints import Checkpoint, TreeHead, signed

_USAGE = dict.fromkeys(
    (
        "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
        "decipher_only",
    ),
    False,
)  # fmt: skip


def forger() -> tuple[Sequence[bytes], Callable[[TreeHead], Checkpoint]]:
    """Root and signer certificate (DER), and the signer."""
    above, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("root", above, by=("root", above), ca=True)
    holder = _certificate("audit", key, by=("root", above), ca=False)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(tree: TreeHead) -> Checkpoint:
        return signed(tree, public_key=public, signature=key.sign(tree.text().encode(), ec.ECDSA(hashes.SHA256())))

    return [root, holder], sign


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, *, by: tuple[str, ec.EllipticCurvePrivateKey], ca: bool
) -> bytes:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder(_name(by[0]), _name(name), key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, **_USAGE), critical=True)
    )
    if not ca:
        policy = x509.PolicyInformation(ObjectIdentifier(profiles.POLICY_OIDS["audit-signer"]), None)
        builder = builder.add_extension(x509.CertificatePolicies([policy]), critical=False)
        purpose = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    return builder.sign(by[1], hashes.SHA256()).public_bytes(Encoding.DER)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
