"""A copy's issuing CA gets a key of its own: same name, same extensions, another key, and no chain to the real root."""

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key

from ca_service.signing import delegated_keys
from ca_service.signing.pkcs11_key import generate
from ca_service.wiring import Wiring
from ca_service.workflows.ceremony import Names, certify_infrastructure
from ca_service.workflows.current_issuer import current

LABEL = "drill-issuing"


def replace_issuing_key(wiring: Wiring) -> None:
    """Make the key on the copy's token, and let the issuing CA's row name it."""
    key = generate(wiring.issuing_sessions, label=LABEL, curve="p256")
    with wiring.services.begin() as uow:
        issuer = uow.issuers.get(current(uow))
        certificate = _certified(issuer.certificate, key.public_key, wiring)
        uow.issuers.change(issuer, certificate=certificate, key_label=LABEL)


def appoint_responder(wiring: Wiring) -> None:
    """A signer of OCSP answers under that key; those of the original have their keys elsewhere."""
    key = delegated_keys.new_key(wiring.issuing_sessions, delegated_keys.OCSP, LABEL)
    ca = wiring.config.ca
    names = Names(ca.organization, ca.root_name, ca.issuing_name)
    certify_infrastructure(
        wiring.services, names, profile=delegated_keys.OCSP.profile, public_key=key.public_key, name="OCSP drill"
    )


def _certified(original: bytes, public_key: bytes, wiring: Wiring) -> bytes:
    """The original certificate for another key, by a root key that exists only while this runs."""
    old = x509.load_der_x509_certificate(original)
    key, nobody = load_der_public_key(public_key), ec.generate_private_key(ec.SECP384R1())
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("the key was made as P-256")
    builder = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(old.issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(wiring.clock() - timedelta(minutes=5))
        .not_valid_after(old.not_valid_after_utc)
    )
    for extension in old.extensions:
        if not isinstance(extension.value, x509.SubjectKeyIdentifier | x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(extension.value, extension.critical)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    named = x509.AuthorityKeyIdentifier.from_issuer_public_key(nobody.public_key())
    return builder.add_extension(named, critical=False).sign(nobody, hashes.SHA384()).public_bytes(Encoding.DER)
