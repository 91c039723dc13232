"""Invented subjects, keys and a whole hierarchy with valid defaults; a test says only its deviation."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import profiles
from profiles import der

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

EPOCH = datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC)
SERIAL = 0x5A3C_9B17_0042_88FE_1234_5678_9ABC_DEF1
ECDSA_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"))
ECDSA_SHA384 = der.sequence(der.oid("1.2.840.10045.4.3.3"))
RSA_SHA256 = der.sequence(der.oid("1.2.840.113549.1.1.11"), der.NULL)

SUBJECTS = {
    "root": profiles.Subject(organization="北疆教育信息中心", common_name="北疆教育根CA"),
    "issuing": profiles.Subject(organization="北疆教育信息中心", common_name="北疆教育CA"),
    "ocsp-signer": profiles.Subject(organization="北疆教育信息中心", common_name="北疆教育CA OCSP"),
    "information-administrator": profiles.Subject(
        state="北疆自治区",
        locality="云川市",
        organization="云川市第一小学",
        organization_identifier="2115000017",
        common_name="张三",
        serial_number="H7Q2-M4KD-0A1C",
    ),
    "tls-server": profiles.Subject(organization="北疆教育信息中心", common_name="ca.edu.example"),
    "feed-signer": profiles.Subject(organization="北疆教育信息中心", common_name="教育CA账号变更签名"),
    "audit-signer": profiles.Subject(organization="北疆教育信息中心", common_name="教育CA审计检查点签名"),
    "staff": profiles.Subject(organization="北疆教育信息中心", common_name="李四", serial_number="S-3FXA-77QB"),
}


@cache
def ec_key(label: str, curve: str = "p256") -> ec.EllipticCurvePrivateKey:
    """One key for each label, the same in a whole test run of a process."""
    return ec.generate_private_key({"p256": ec.SECP256R1(), "p384": ec.SECP384R1()}[curve])


@cache
def rsa_key(label: str) -> rsa.RSAPrivateKey:
    """One RSA-2048 key for each label."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def spki(key: PrivateKey) -> bytes:
    """DER SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(key: PrivateKey, tbs: bytes) -> tuple[bytes, bytes]:
    """(AlgorithmIdentifier, signature) in the key's usual algorithm."""
    if isinstance(key, rsa.RSAPrivateKey):
        return RSA_SHA256, key.sign(tbs, padding.PKCS1v15(), hashes.SHA256())
    if key.curve.name == "secp384r1":
        return ECDSA_SHA384, key.sign(tbs, ec.ECDSA(hashes.SHA384()))
    return ECDSA_SHA256, key.sign(tbs, ec.ECDSA(hashes.SHA256()))


def algorithm(key: PrivateKey) -> bytes:
    """The AlgorithmIdentifier with which `sign` signs."""
    return sign(key, b"")[0]


@dataclass(frozen=True)
class Authority:
    """A CA of the test hierarchy: its key and the context that its certificates get."""

    key: PrivateKey
    issuer: profiles.IssuerContext


@cache
def root_authority() -> Authority:
    """P-384 root; it publishes a CRL and its certificate, no OCSP."""
    return _authority("root", ec_key("root", "p384"))


@cache
def issuing_authority() -> Authority:
    """P-256 issuing CA with all four publications."""
    authority = _authority("issuing", ec_key("issuing"))
    issuer = replace(
        authority.issuer,
        delta_crl_url="http://pki.edu.example/crl/issuing-delta.crl",
        ocsp_url="http://pki.edu.example/ocsp",
    )
    return Authority(authority.key, issuer)


def _authority(name: str, key: PrivateKey) -> Authority:
    issuer = profiles.IssuerContext(
        name=profiles.subject_name(SUBJECTS[name]),
        key_identifier=profiles.key_identifier(spki(key)),
        signature_algorithm=algorithm(key),
        crl_url=f"http://pki.edu.example/crl/{name}.crl",
        certificate_url=f"http://pki.edu.example/ca/{name}.cer",
    )
    return Authority(key, issuer)


def authority_of(profile_name: str) -> Authority:
    """Who issues certificates of this packaged profile."""
    return root_authority() if profile_name in ("root", "issuing") else issuing_authority()


def subject_key(profile_name: str) -> PrivateKey:
    """The default key of a certificate of this profile: the authority's own for root and issuing."""
    if profile_name == "root":
        return root_authority().key
    return issuing_authority().key if profile_name == "issuing" else ec_key(profile_name)


def tbs(
    profile_name: str,
    *,
    subject: profiles.Subject | None = None,
    public_key: bytes | None = None,
    serial: int = SERIAL,
    not_before: datetime = EPOCH,
    not_after: datetime | None = None,
    dns_names: tuple[str, ...] | None = None,
    ip_addresses: tuple[str, ...] = (),
) -> bytes:
    """A good TBSCertificate of the packaged profile, full validity, but for the deviations given."""
    profile = profiles.load(profile_name)
    default_names = ("ca.edu.example",) if profile_name == "tls-server" else ()
    return profiles.compile(profile, authority_of(profile_name).issuer).tbs(
        subject=subject or SUBJECTS[profile_name],
        public_key=public_key or spki(subject_key(profile_name)),
        serial=serial,
        not_before=not_before,
        not_after=not_after or not_before + profile.validity,
        dns_names=default_names if dns_names is None else dns_names,
        ip_addresses=ip_addresses,
    )


def certificate(profile_name: str, *, public_key: bytes | None = None) -> bytes:
    """A signed certificate (DER) of the hierarchy, linted on the way as the service does."""
    authority = authority_of(profile_name)
    encoded = tbs(profile_name, public_key=public_key)
    profiles.lint(encoded, profiles.load(profile_name), signature_algorithm=authority.issuer.signature_algorithm)
    return profiles.assemble(encoded, *sign(authority.key, encoded))


ONE_SECOND = timedelta(seconds=1)
