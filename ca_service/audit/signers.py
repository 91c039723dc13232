"""Whether a checkpoint was signed by the audit signer of a root that is trusted: by certificates alone, offline.

Judged at the time that the checkpoint names: an audit signer's certificate is good for a year, what it signed is kept
for longer. Revocation is not looked up here; who suspects the key asks the CA's CRL (docs/operations.md).
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import profiles
from ca_service.domain.checkpoints import UnverifiedNote, key_id
from ca_service.domain.errors import Invalid

_POLICY = profiles.POLICY_OIDS["audit-signer"]
_DOCUMENT_SIGNING = "1.3.6.1.5.5.7.3.36"
_LONGEST_PATH = 3
_MOST = 10_000
# What `cryptography` raises, beyond ValueError, on a certificate that somebody made to be difficult.
_UNREADABLE = (ValueError, TypeError, NotImplementedError, x509.DuplicateExtension, x509.InvalidVersion)


class Signers:
    """Certificates to judge checkpoints by: `trusted` ones are believed, the others only as far as those certify."""

    def __init__(self, trusted: Iterable[x509.Certificate], others: Iterable[x509.Certificate] = ()) -> None:
        self._trusted = list(trusted)
        self._others = list(others)

    @classmethod
    def read(cls, pems: Iterable[bytes], others: Iterable[bytes] = ()) -> "Signers":
        """From PEM files, whose self-issued certificates are trusted, and DER that is not; raise Invalid."""
        known = [certificate for pem in pems for certificate in _read_pem(pem)]
        roots = [one for one in known if one.subject == one.issuer]
        if not roots:
            raise Invalid("证书文件中没有根证书。请用 --signer-chain 给出 CA 的 root.pem（从可信途径取得并核对指纹）。")
        rest = [one for one in known if one.subject != one.issuer]
        for der in list(others)[:_MOST]:
            with suppress(*_UNREADABLE):
                rest.append(x509.load_der_x509_certificate(der))
        return cls(roots, rest)

    @classmethod
    def of(cls, root: bytes, others: Iterable[bytes]) -> "Signers":
        """From certificates of this CA's own database (DER)."""
        return cls([x509.load_der_x509_certificate(root)], map(x509.load_der_x509_certificate, others))

    def check(self, note: UnverifiedNote) -> None:
        """Raise Invalid, saying why, unless one of the note's signatures is an audit signer's."""
        ids = dict(note.signatures)
        holders = [one for one in self._others if _key_id(one) in ids]
        if not holders:
            raise Invalid("没有签名者的证书。请用 --signer-chain 再给出发布地址 /audit/signers.pem 的文件。")
        why = ""
        for holder in holders:
            why = self._objection(holder, ids[_key_id(holder)], note)
            if not why:
                return
        raise Invalid(why)

    def _objection(self, holder: x509.Certificate, signature: bytes, note: UnverifiedNote) -> str:
        key = holder.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return "签名者的密钥不是椭圆曲线密钥。"
        try:
            key.verify(signature, note.text.encode(), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return "签名不成立：内容在签署之后被改动，或为伪造。"
        try:
            if not _is_audit_signer(holder):
                return "签名者的证书不是审计检查点签名证书。"
            return (
                ""
                if self._leads_to_root(holder, note.tree.at)
                else "签名者的证书不能追溯到所信任的根，或当时不在有效期内。"
            )
        except _UNREADABLE:
            return "签名者的证书无法读取。"

    def _leads_to_root(self, holder: x509.Certificate, at: datetime) -> bool:
        current = holder
        for _ in range(_LONGEST_PATH):
            if not _valid(current, at):
                return False
            if any(_issued(root, current) and _valid(root, at) for root in self._trusted):
                return True
            above = next((one for one in self._others if _is_ca(one) and _issued(one, current)), None)
            if above is None:
                return False
            current = above
        return False


def _read_pem(pem: bytes) -> Sequence[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except _UNREADABLE as error:
        raise Invalid("证书文件无法读取。请给出 PEM 格式的证书文件。") from error


def _key_id(certificate: x509.Certificate) -> bytes:
    try:
        key = certificate.public_key()
    except Exception:
        return b""
    return key_id(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _valid(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *_UNREADABLE):
        return False
    return True


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, *_UNREADABLE):
        return False
    return constraints.ca and usage.key_cert_sign


def _is_audit_signer(certificate: x509.Certificate) -> bool:
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    named = {policy.policy_identifier.dotted_string for policy in policies}
    return usage.digital_signature and _POLICY in named and _DOCUMENT_SIGNING in {one.dotted_string for one in purposes}
