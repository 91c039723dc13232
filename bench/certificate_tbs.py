"""TBSCertificates a second: the compiled template beside pyca's CertificateBuilder, in the same run.

pyca's builder cannot give a TBS without signing, so both sides sign with the same P-256 key; ours is measured
without the signature too. Run from the repository's root: `python -m bench.certificate_tbs`.
"""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

import profiles
from bench.table import Row, missed, show
from profiles import der

ROUNDS = 2_000
REPEATS = 3
NOT_BEFORE = datetime(2026, 3, 1, tzinfo=UTC)
NOT_AFTER = NOT_BEFORE + timedelta(days=1095)
CRL, DELTA, OCSP, CA = (f"http://pki.edu.example/{path}" for path in ("a.crl", "d.crl", "ocsp", "a.cer"))
ISSUER_KEY = ec.generate_private_key(ec.SECP256R1())
HOLDER_KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
HOLDER_SPKI = HOLDER_KEY.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
ECDSA_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"))
FIELDS = {
    "state": "北疆自治区",
    "locality": "云川市",
    "organization": "云川市第一小学",
    "organization_identifier": "2115000017",
    "common_name": "张三",
    "serial_number": "H7Q2-M4KD-0A1C",
}


def _template() -> profiles.Template:
    issuer = profiles.IssuerContext(
        name=profiles.subject_name(profiles.Subject(organization="北疆教育信息中心", common_name="北疆教育CA")),
        key_identifier=bytes(20),
        signature_algorithm=ECDSA_SHA256,
        crl_url=CRL,
        delta_crl_url=DELTA,
        ocsp_url=OCSP,
        certificate_url=CA,
    )
    return profiles.compile(profiles.load("information-administrator"), issuer)


def ours(template: profiles.Template, serial: int) -> bytes:
    """One TBS, the subject's checks included."""
    return template.tbs(
        subject=profiles.Subject(**FIELDS),
        public_key=HOLDER_SPKI,
        serial=serial,
        not_before=NOT_BEFORE,
        not_after=NOT_AFTER,
    )


def ours_signed(template: profiles.Template, serial: int) -> bytes:
    """With the signature, by a P-256 key in software: what the peer does too."""
    tbs = ours(template, serial)
    return profiles.assemble(tbs, ECDSA_SHA256, ISSUER_KEY.sign(tbs, ec.ECDSA(hashes.SHA256())))


def _peer_name() -> x509.Name:
    oids = (
        NameOID.STATE_OR_PROVINCE_NAME,
        NameOID.LOCALITY_NAME,
        NameOID.ORGANIZATION_NAME,
        NameOID.ORGANIZATION_IDENTIFIER,
        NameOID.COMMON_NAME,
        NameOID.SERIAL_NUMBER,
    )
    pairs = zip(oids, FIELDS.values(), strict=True)
    attributes = [x509.NameAttribute(oid, value) for oid, value in pairs]
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), *attributes])


def _point(url: str) -> list[x509.DistributionPoint]:
    return [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)]


def _peer_extensions() -> list[tuple[x509.ExtensionType, bool]]:
    """What is the same in all certificates, made once for the peer too."""
    policy = x509.ObjectIdentifier(profiles.POLICY_OIDS["information-administrator"])
    access = [(AuthorityInformationAccessOID.OCSP, OCSP), (AuthorityInformationAccessOID.CA_ISSUERS, CA)]
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.KeyUsage(True, *[False] * 8), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (x509.CertificatePolicies([x509.PolicyInformation(policy, None)]), False),
        (x509.AuthorityKeyIdentifier(bytes(20), None, None), False),
        (x509.CRLDistributionPoints(_point(CRL)), False),
        (x509.FreshestCRL(_point(DELTA)), False),
        (
            x509.AuthorityInformationAccess(
                [x509.AccessDescription(oid, x509.UniformResourceIdentifier(url)) for oid, url in access]
            ),
            False,
        ),
    ]


PEER_EXTENSIONS = _peer_extensions()
PEER_ISSUER = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "北疆教育CA")])


def peer_signed(serial: int) -> bytes:
    """One certificate with the same fields by pyca's builder; DER as well."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(_peer_name())
        .issuer_name(PEER_ISSUER)
        .public_key(HOLDER_KEY)
        .serial_number(serial)
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_AFTER)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(HOLDER_KEY), critical=False)
    )
    for extension, critical in PEER_EXTENSIONS:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(ISSUER_KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def _milliseconds(make: Callable[[int], bytes], rounds: int) -> float:
    """Milliseconds for one, the best of the repeats: other programs only ever add time."""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        for serial in range(1, rounds + 1):
            make(serial)
        best = min(best, (time.perf_counter() - start) / rounds * 1000)
    return best


def main(*, quick: bool = False) -> int:
    """Print the table and the ratio to the peer; 0, since it has no goal."""
    template, rounds = _template(), 50 if quick else ROUNDS
    tbs = _milliseconds(lambda serial: ours(template, serial), rounds)
    signed = _milliseconds(lambda serial: ours_signed(template, serial), rounds)
    peer = _milliseconds(peer_signed, rounds)
    sample = ours(template, 1)
    lint = _milliseconds(lambda _: _lint(template, sample), rounds)
    rows = [
        Row(what="TBS by the template", value=f"{tbs:8.4f} ms"),
        Row(what="certificate, template + signature", value=f"{signed:8.4f} ms"),
        Row(what="certificate, pyca's builder", value=f"{peer:8.4f} ms   ratio peer : ours {peer / signed:.2f}"),
        Row(what="lint", value=f"{lint:8.4f} ms"),
    ]
    show("TBSCertificates", rows)
    return missed(rows)


def _lint(template: profiles.Template, tbs: bytes) -> bytes:
    profiles.lint(tbs, template.profile, signature_algorithm=ECDSA_SHA256)
    return tbs


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv))
