"""The CA's side of a split CRL: what it certifies names the shard that `crl` would put the certificate into."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import crl
import profiles
from ca_service.domain.errors import Conflict
from ca_service.domain.key_use import Use
from ca_service.signing.issuer import CertificateAuthority, Publication
from ca_service.workflows.ports import Order


@dataclass
class InMemoryKey:
    """A stand-in for the key on a token: the same signatures, from this process's memory."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    algorithm: bytes = bytes.fromhex("300a06082a8648ce3d040302")

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def require(self, use: Use) -> None:
        pass

    def sign(self, message: bytes, *, use: Use = Use.OTHER) -> bytes:
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))


def _prepared(serial: str) -> tuple[CertificateAuthority, Order]:
    publication = Publication(
        shard_crl_url="http://ca.example/crl/issuing-{shard}.crl",
        shard_delta_crl_url="http://ca.example/crl/issuing-{shard}-delta.crl",
        shards=16,
    )
    name = profiles.subject_name(profiles.Subject(organization="北疆教育信息中心", common_name="北疆教育CA"))
    authority = CertificateAuthority(signer=InMemoryKey(), name=name, publication=publication, certificate=None)
    order = Order(
        profile="feed-signer",
        serial=serial,
        public_key=InMemoryKey().public_key,
        common_name="教育CA账号变更签名",
        organization="北疆教育信息中心",
        not_before=datetime(2026, 3, 1, tzinfo=UTC),
    )
    return authority, order


@pytest.mark.parametrize("serial", ["5a3c9b17004288fe123456789abcdef1", "1", "7f"])
def test_certificate_names_the_shard_that_would_list_it(serial: str) -> None:
    authority, order = _prepared(serial)
    issued = x509.load_der_x509_certificate(authority.issue(authority.prepare(order)))
    shard = crl.shard_of(int(serial, 16), 16)
    extensions = issued.extensions
    full = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    delta = extensions.get_extension_for_class(x509.FreshestCRL).value
    for (point,), ending in ((full, ".crl"), (delta, "-delta.crl")):
        assert [url.value for url in point.full_name or ()] == [f"http://ca.example/crl/issuing-{shard}{ending}"]


def test_only_what_this_ca_has_linted_is_signed_and_only_once() -> None:
    authority, order = _prepared("7f")
    other, _ = _prepared("7f")
    linted = authority.prepare(order)

    class LooksLikeIt:
        tbs, shard = linted.tbs, linted.shard

    for issuer, wrong in ((authority, LooksLikeIt()), (other, linted)):
        with pytest.raises(Conflict):
            issuer.issue(wrong)
    assert authority.issue(linted)
    with pytest.raises(Conflict):
        authority.issue(linted)
