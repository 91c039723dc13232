"""The compiler: a profile and its issuer once, then a TBSCertificate per subject and key.

Everything that is the same in all certificates of one profile and issuer is encoded when the template is
made, or, where the CRL is split, when the first certificate of a shard is; what is left per certificate is
serial, validity, subject, key, its identifier and, for servers, the names.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from profiles import der, extensions
from profiles.alternative_names import general_names
from profiles.errors import CertificateValueError, IssuerError, SubjectError
from profiles.issuer import IssuerContext, Pointers
from profiles.keys import key_identifier
from profiles.policy import Kind
from profiles.profile import Profile
from profiles.subject import Subject, check_fields, subject_name

_VERSION_3 = der.constructed(0, der.integer(2))
_EXTENSIONS_TAG = 3
_MAX_SERIAL_BITS = 159  # 20 octets with the sign bit clear (RFC 5280 §4.1.2.2)


class Template:
    """A profile bound to an issuer; immutable and safe to share between threads. Made by `compile` only."""

    __slots__ = ("_constant_extensions", "_issuer", "_middle", "profile")

    def __init__(self, profile: Profile, issuer: IssuerContext) -> None:
        self.profile = profile
        self._issuer = issuer
        self._middle = issuer.signature_algorithm + issuer.name
        # By shard; the first one is made at once, so that a missing URL is told when the template is made.
        first = None if issuer.shards is None else 0
        self._constant_extensions = {first: _constant_extensions(profile, issuer, first)}

    def tbs(
        self,
        *,
        subject: Subject,
        public_key: bytes,
        serial: int,
        not_before: datetime,
        not_after: datetime,
        dns_names: Sequence[str] = (),
        ip_addresses: Sequence[str] = (),
    ) -> bytes:
        """The DER TBSCertificate for `public_key` (DER SPKI).

        Times are aware, in whole seconds, at most the profile's validity apart. SubjectError or
        CertificateValueError name the argument that does not fit. The strength of the key is not judged
        here but by `lint`, through which every TBS must go before it is signed.
        """
        check_fields(subject.filled(), self.profile.subject_fields)
        name = subject_name(subject)
        self._check_self_issue(name)
        names = self._names(subject, dns_names, ip_addresses)
        return der.sequence(
            _VERSION_3,
            _serial(serial),
            self._middle,
            _validity(not_before, not_after, self.profile.validity),
            name,
            public_key,
            self._extensions(public_key, names, self._issuer.shard_of(serial)),
        )

    def _check_self_issue(self, name: bytes) -> None:
        # A root names itself; anything else under its issuer's name would be taken for the issuer by path
        # builders.
        is_root = self.profile.kind is Kind.ROOT
        if (name == self._issuer.name) is not is_root:
            raise SubjectError(
                "subject",
                "another name than the issuer's" if is_root else "the issuer's own name",
                "the issuer's name for a root, another one for the rest",
            )

    def _names(self, subject: Subject, dns_names: Sequence[str], ip_addresses: Sequence[str]) -> tuple[bytes, ...]:
        if not self.profile.subject_alternative_name:
            if dns_names or ip_addresses:
                raise SubjectError("dns_names", "names", f"none in profile {self.profile.name}")
            return ()
        if subject.common_name not in (*dns_names, *ip_addresses):
            # Old clients look at CN, new ones at the alternative names: they must not disagree.
            raise SubjectError("dns_names", "not the common name", "names that include the common name")
        return general_names(dns_names=dns_names, ip_addresses=ip_addresses)

    def _extensions(self, public_key: bytes, names: tuple[bytes, ...], shard: int | None) -> bytes:
        constant = self._constant_extensions.get(shard)
        if constant is None:
            # Two threads may both make it: the octets are the same.
            constant = self._constant_extensions[shard] = _constant_extensions(self.profile, self._issuer, shard)
        parts = constant + extensions.subject_key_identifier(key_identifier(public_key))
        if names:
            parts += extensions.subject_alternative_name(names)
        return der.constructed(_EXTENSIONS_TAG, der.sequence(parts))


def _constant_extensions(profile: Profile, issuer: IssuerContext, shard: int | None) -> bytes:
    parts = [extensions.basic_constraints(profile.path_length), extensions.key_usage(profile.key_usage)]
    if profile.extended_key_usage:
        parts.append(extensions.extended_key_usage(profile.extended_key_usage))
    if profile.policies:
        parts.append(extensions.certificate_policies(profile.policy_oids))
    parts.append(extensions.authority_key_identifier(issuer.key_identifier))
    parts += _pointers(profile, issuer.pointers(shard))
    if profile.ocsp_no_check:
        parts.append(extensions.ocsp_no_check())
    return b"".join(parts)


def _pointers(profile: Profile, urls: Pointers) -> list[bytes]:
    """Where status and issuer are published; of these only the full CRL is compulsory."""
    parts = []
    if "crl" in profile.pointers:
        if urls.crl_url is None:
            raise IssuerError("crl_url", "nothing", f"a URL: profile {profile.name} points to the CRL")
        parts.append(extensions.crl_distribution_points(urls.crl_url))
    if "delta-crl" in profile.pointers and urls.delta_crl_url is not None:
        parts.append(extensions.freshest_crl(urls.delta_crl_url))
    ocsp_url = urls.ocsp_url if "ocsp" in profile.pointers else None
    certificate_url = urls.certificate_url if "certificate" in profile.pointers else None
    if ocsp_url is not None or certificate_url is not None:
        parts.append(extensions.authority_information_access(ocsp_url=ocsp_url, certificate_url=certificate_url))
    return parts


def _serial(serial: int) -> bytes:
    if not isinstance(serial, int) or serial <= 0 or serial.bit_length() > _MAX_SERIAL_BITS:
        raise CertificateValueError("serial", "a number out of range", "1 to 2^159 - 1 (20 octets, positive)")
    return der.integer(serial)


def _validity(not_before: datetime, not_after: datetime, longest: timedelta) -> bytes:
    encoded = der.sequence(der.time("not_before", not_before), der.time("not_after", not_after))
    if not not_before < not_after:
        raise CertificateValueError("not_after", not_after.isoformat(), "a time after not_before")
    if not_after - not_before > longest:
        raise CertificateValueError("not_after", f"{not_after - not_before} after not_before", f"at most {longest}")
    return encoded


def compile_template(profile: Profile, issuer: IssuerContext) -> Template:
    """Encode the constant parts; IssuerError where the profile needs a URL that the issuer does not have."""
    return Template(profile, issuer)


def assemble(tbs: bytes, signature_algorithm: bytes, signature: bytes) -> bytes:
    """The DER Certificate of a signed TBS (RFC 5280 §4.1); nothing is checked, that was the linter's task."""
    return der.sequence(tbs, signature_algorithm, der.bit_string(signature))
