"""The only place where a CA key signs.

`prepare` builds and lints; `issue` signs what was linted, once, and proves that the signed TBS is the linted one. What
is not linted cannot reach the key, since only `prepare` makes a `LintedTbs`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import x509 as asn1_x509
from cryptography import x509

import crl
import profiles
from ca_service.domain.errors import Conflict, Invalid, KeyWeak, StateUnknown
from ca_service.domain.key_use import Use
from ca_service.signing.signer import Signer
from ca_service.workflows.ports import Linted, ListRefused, Order


@dataclass(frozen=True)
class Publication:
    """Where relying parties find this CA's status and certificate: http URLs, absent where nothing is published.

    `crl_url` and `delta_crl_url` are those of the complete list. With `shards` new certificates name one of so many
    parts instead, by serial number; the URLs of the parts hold `{shard}`.
    """

    crl_url: str | None = None
    delta_crl_url: str | None = None
    shard_crl_url: str | None = None
    shard_delta_crl_url: str | None = None
    ocsp_url: str | None = None
    certificate_url: str | None = None
    shards: int | None = None


class LintedTbs:
    """A TBSCertificate that passed the linter. Made by `prepare` only; good for one signature."""

    def __init__(self, tbs: bytes, issuer: object, shard: int | None = None) -> None:
        self.tbs = tbs
        self.shard = shard
        self._issuer = issuer
        self._spent = False

    def spend(self, issuer: object) -> bytes:
        """Give the TBS to the issuer that linted it, once; raise Conflict otherwise."""
        if self._spent or issuer is not self._issuer:
            raise Conflict("此待签内容已经签发过，或不属于这个 CA。")
        self._spent = True
        return self.tbs


class CertificateAuthority:
    """One CA key with its name. Implements `workflows.ports.Authority`."""

    def __init__(self, *, signer: Signer, name: bytes, publication: Publication, certificate: bytes | None) -> None:
        self._signer = signer
        self._publication = publication
        self._context = profiles.IssuerContext(
            name=name,
            key_identifier=profiles.key_identifier(signer.public_key),
            signature_algorithm=signer.algorithm,
            crl_url=publication.shard_crl_url if publication.shards else publication.crl_url,
            delta_crl_url=publication.shard_delta_crl_url if publication.shards else publication.delta_crl_url,
            ocsp_url=publication.ocsp_url,
            certificate_url=publication.certificate_url,
            shards=profiles.Shards(count=publication.shards, of=crl.shard_of) if publication.shards else None,
        )
        self._certificate = certificate
        self._templates: dict[str, profiles.Template] = {}

    @classmethod
    def of(cls, certificate: bytes, *, signer: Signer, publication: Publication) -> "CertificateAuthority":
        """The CA of a certificate; raise Invalid when the key is another's."""
        parsed = asn1_x509.Certificate.load(certificate)
        if parsed.public_key.dump() != signer.public_key:
            raise Invalid("CA 证书与密钥设备中的密钥不一致，请检查 [hsm] 配置。")
        return cls(signer=signer, name=parsed.subject.dump(), publication=publication, certificate=certificate)

    @property
    def certificate(self) -> bytes:
        """See the port."""
        if self._certificate is None:
            raise StateUnknown("CA 尚未完成初始化。")
        return self._certificate

    def require_key(self, use: Use) -> None:
        """See the port."""
        self._signer.require(use)

    def check_key(self, profile: str, public_key: bytes) -> None:
        """See the port."""
        try:
            profiles.check_public_key(public_key, profiles.load(profile))
        except profiles.WeakKey as error:
            raise KeyWeak(f"公钥不符合要求：{error}。请用介质重新生成密钥。") from error

    def prepare(self, order: Order) -> Linted:
        """See the port."""
        profile = profiles.load(order.profile)
        try:
            tbs = self._template(profile).tbs(
                subject=_subject(order),
                public_key=order.public_key,
                serial=int(order.serial, 16),
                not_before=order.not_before,
                not_after=self._end(order, profile.validity),
                dns_names=tuple(order.dns_names),
                ip_addresses=tuple(order.ip_addresses),
            )
            profiles.lint(tbs, profile, signature_algorithm=self._signer.algorithm)
        except profiles.WeakKey as error:
            raise KeyWeak(f"公钥不符合要求：{error}。请用介质重新生成密钥。") from error
        except profiles.ProfilesError as error:
            raise Invalid(f"证书内容不符合模板 {order.profile}：{error}。") from error
        shard = self._context.shard_of(int(order.serial, 16)) if "crl" in profile.pointers else None
        return LintedTbs(tbs, self, shard)

    def _template(self, profile: profiles.Profile) -> profiles.Template:
        # Two threads may both make it: they make the same.
        if profile.name not in self._templates:
            self._templates[profile.name] = profiles.compile(profile, self._context)
        return self._templates[profile.name]

    def issue(self, linted: Linted) -> bytes:
        """See the port."""
        if not isinstance(linted, LintedTbs):
            raise Conflict("只有经过检查的内容才能签发。")
        tbs = linted.spend(self)
        der = profiles.assemble(tbs, self._signer.algorithm, self._signer.sign(tbs, use=Use.CERTIFICATE))
        if x509.load_der_x509_certificate(der).tbs_certificate_bytes != tbs:
            raise StateUnknown("签发结果与检查过的内容不一致，已停止。请联系安全管理员。")
        return der

    @property
    def has_deltas(self) -> bool:
        """See the port."""
        return self._publication.delta_crl_url is not None

    def shard_url(self, shard: int) -> str:
        """See the port."""
        template = self._publication.shard_crl_url
        if template is None:
            raise Invalid("此 CA 的 CRL 不分片。")
        return template.format(shard=shard)

    def prepare_crl(
        self,
        *,
        shard: int | None = None,
        number: int,
        this_update: datetime,
        next_update: datetime,
        entries: Iterable[bytes],
        base_number: int | None = None,
    ) -> bytes:
        """See the port."""
        try:
            return crl.build_tbs(
                self._crl_issuer,
                number=number,
                this_update=this_update,
                next_update=next_update,
                entries=entries,
                base_number=base_number,
                freshest_url=self._freshest_url(shard) if base_number is None else None,
                distribution_point=None if shard is None else self.shard_url(shard),
            )
        except crl.CrlError as error:
            raise StateUnknown(
                f"CRL 无法生成（{error}），现有的 CRL 继续有效。请立即联系安全管理员核查数据库。"
            ) from error

    def _freshest_url(self, shard: int | None) -> str | None:
        if shard is None or not self.has_deltas:
            return self._publication.delta_crl_url
        template = self._publication.shard_delta_crl_url
        return None if template is None else template.format(shard=shard)

    def sign_crl(self, tbs: bytes, *, previous: bytes | None, expected: Mapping[int, crl.Revocation | None]) -> bytes:
        """See the port."""
        der = crl.assemble(tbs, self._signer.algorithm, self._signer.sign(tbs, use=Use.LIST))
        try:
            before = crl.parse(previous, published=True) if previous is not None else None
            checked = crl.check(der, issuer_certificate=self.certificate, previous=before)
            crl.check_difference(before, checked, expected)
        except crl.WrongDifference as error:
            raise ListRefused(str(error), (*error.unexpected, *error.missing)) from error
        except crl.CrlError as error:
            raise ListRefused(str(error)) from error
        return der

    def sign_delta(self, tbs: bytes, *, base: bytes, complete: bytes) -> bytes:
        """See the port."""
        der = crl.assemble(tbs, self._signer.algorithm, self._signer.sign(tbs, use=Use.LIST))
        try:
            whole = crl.parse(complete, published=True)
            delta = crl.check(der, issuer_certificate=self.certificate, previous=whole)
            crl.check_combination(crl.parse(base, published=True), delta, whole)
        except crl.CrlError as error:
            raise ListRefused(str(error)) from error
        return der

    @property
    def _crl_issuer(self) -> crl.CrlIssuer:
        context = self._context
        return crl.CrlIssuer(context.name, context.key_identifier, context.signature_algorithm)

    def _end(self, order: Order, longest: timedelta) -> datetime:
        """The profile's validity at the most, and never beyond the issuer's own end."""
        wanted = order.not_before + min(order.valid_for or longest, longest)
        if self._certificate is None:
            return wanted
        return min(wanted, x509.load_der_x509_certificate(self._certificate).not_valid_after_utc)


def _subject(order: Order) -> profiles.Subject:
    return profiles.Subject(
        common_name=order.common_name,
        organization=order.organization,
        organization_identifier=order.organization_identifier,
        state=order.state,
        locality=order.locality,
        serial_number=order.holder_id,
    )
