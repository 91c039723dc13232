"""The ceilings of the certificate policy: what no profile file may exceed, whoever edits it.

Object identifiers. The project has one arc, made of the UUID e9fb1bbc-533d-4ad6-b58e-fd202253b1fb under the
prefix that Microsoft publishes for arcs made of UUIDs; it is unique without registration. The UUID stands
there in pieces of 16 and 24 bits. As one number under 2.25 (ITU-T X.667) it would have 128 bits, and there
are decoders that stop at 32 bits an arc (pkilint's is one). Once the department has registered an arc of
its own under 1.2.156, it takes this one's place before the first certificate is issued, never later.

    ARC.1      certificate policies
    ARC.1.1    information administrator (信息管理员): the holder is the administrator of the unit in O
    ARC.1.2    staff of the certification and registration authority
    ARC.1.3    TLS server of the education department
    ARC.1.4    delegated OCSP signer
    ARC.1.5    signer of the account feed and of audit checkpoints

An arc number is never used again for something else. A relying party tells the roles apart by these
identifiers and never by the extended key usage alone, since administrators and staff both sign in by TLS.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

ARC = "1.2.840.113556.1.8000.2554.59899.7100.21309.19158.46478.16588834.5485051"

# anyPolicy (RFC 5280 §4.2.1.4) stands in the issuing certificate: without it, a path validation that asks
# for one of our policies would end at the issuer with an empty policy tree.
POLICY_OIDS: Mapping[str, str] = MappingProxyType(
    {
        "any": "2.5.29.32.0",
        "information-administrator": f"{ARC}.1.1",
        "staff": f"{ARC}.1.2",
        "tls-server": f"{ARC}.1.3",
        "ocsp-signer": f"{ARC}.1.4",
        "feed-signer": f"{ARC}.1.5",
        "audit-signer": f"{ARC}.1.6",
    }
)


class Kind(StrEnum):
    """What a certificate is for; the ceiling hangs on it."""

    ROOT = "root"
    ISSUING = "issuing"
    OCSP_SIGNER = "ocsp-signer"
    ADMINISTRATOR = "administrator"
    TLS_SERVER = "tls-server"
    STAFF = "staff"
    FEED_SIGNER = "feed-signer"
    AUDIT_SIGNER = "audit-signer"


class KeyType(StrEnum):
    """The key types that any profile may name; a size between two of them is refused, not rounded."""

    EC_P256 = "ec-p256"
    EC_P384 = "ec-p384"
    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"


@dataclass(frozen=True)
class Span:
    """A set of names must hold all of `required` and nothing outside `allowed`."""

    required: frozenset[str]
    allowed: frozenset[str]

    def permits(self, found: frozenset[str]) -> bool:
        """Whether `found` lies between the two bounds, both included."""
        return self.required <= found <= self.allowed

    def __str__(self) -> str:
        """The bounds as an error message shows them."""
        optional = ", ".join(sorted(self.allowed - self.required))
        return f"[{', '.join(sorted(self.required))}]" + (f" and of [{optional}]" if optional else "")


def _span(*required: str, also: Iterable[str] = ()) -> Span:
    return Span(frozenset(required), frozenset(required) | frozenset(also))


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """The bounds of one kind. `max_path_length` is None for an end entity, which must not have one."""

    max_validity_days: int
    key_types: frozenset[KeyType]
    key_usage: Span
    extended_key_usage: Span
    policies: Span
    pointers: Span
    subject: Span
    max_path_length: int | None = None
    subject_alternative_name: bool = False
    ocsp_no_check: bool = False


_EC = frozenset({KeyType.EC_P256, KeyType.EC_P384})
_CA_KEYS = _EC | {KeyType.RSA_3072, KeyType.RSA_4096}
_ANY_KEY = frozenset(KeyType)
_CA_USAGE = _span("keyCertSign", "cRLSign")
_PLACE = ("state", "locality")
# keyCertSign and cRLSign are in no end entity's `allowed`: no profile can hand them out.
_PERSON_USAGE = _span("digitalSignature", also=["contentCommitment"])
_PERSON_SUBJECT = _span("organization", "common_name", "serial_number", also=[*_PLACE, "organization_identifier"])
_STATUS = _span("crl", also=["delta-crl", "ocsp", "certificate"])

CEILINGS: Mapping[Kind, Ceiling] = MappingProxyType(
    {
        Kind.ROOT: Ceiling(
            max_validity_days=7305,  # 20 years with their leap days
            key_types=frozenset({KeyType.EC_P384, KeyType.RSA_4096}),  # strength for twenty years
            key_usage=_CA_USAGE,
            extended_key_usage=_span(),
            policies=_span(),
            pointers=_span(),  # nothing above a root could revoke it
            subject=_span("organization", "common_name", also=[*_PLACE, "organization_identifier"]),
            max_path_length=1,
        ),
        Kind.ISSUING: Ceiling(
            max_validity_days=3653,  # 10 years
            key_types=_CA_KEYS,
            key_usage=_CA_USAGE,
            extended_key_usage=_span(),
            policies=_span("any"),
            pointers=_STATUS,
            subject=_span("organization", "common_name", also=[*_PLACE, "organization_identifier"]),
            max_path_length=0,
        ),
        Kind.OCSP_SIGNER: Ceiling(
            max_validity_days=35,  # short: nobody asks for its status (RFC 6960 §4.2.2.2.1)
            key_types=_ANY_KEY,
            key_usage=_span("digitalSignature"),
            extended_key_usage=_span("OCSPSigning"),
            policies=_span("ocsp-signer"),
            pointers=_span(also=["certificate"]),
            subject=_span("organization", "common_name", also=[*_PLACE, "organization_identifier"]),
            ocsp_no_check=True,
        ),
        Kind.ADMINISTRATOR: Ceiling(
            max_validity_days=1096,  # 3 years
            key_types=_ANY_KEY,
            key_usage=_PERSON_USAGE,
            extended_key_usage=_span("clientAuth"),
            policies=_span("information-administrator"),
            pointers=_STATUS,
            # Without the unit's code the registry could not tell two units of one name apart.
            subject=_span(*_PERSON_SUBJECT.required, "organization_identifier", also=_PLACE),
        ),
        Kind.TLS_SERVER: Ceiling(
            max_validity_days=398,  # what browsers accept
            key_types=_ANY_KEY,
            key_usage=_span("digitalSignature"),
            extended_key_usage=_span("serverAuth"),
            policies=_span("tls-server"),
            pointers=_STATUS,
            subject=_span("organization", "common_name", also=[*_PLACE, "organization_identifier"]),
            subject_alternative_name=True,
        ),
        Kind.STAFF: Ceiling(
            max_validity_days=366,  # 1 year
            key_types=_ANY_KEY,
            key_usage=_PERSON_USAGE,
            extended_key_usage=_span("clientAuth"),
            policies=_span("staff"),
            pointers=_STATUS,
            subject=_PERSON_SUBJECT,
        ),
        Kind.FEED_SIGNER: Ceiling(
            max_validity_days=366,  # 1 year
            key_types=frozenset({KeyType.EC_P256}),  # ES256, the one algorithm of the feed
            key_usage=_span("digitalSignature"),
            # Nothing else: a key on a server that could sign in, or answer for a status, would be worth stealing.
            extended_key_usage=_span("documentSigning"),
            policies=_span("feed-signer"),
            pointers=_STATUS,
            subject=_span("organization", "common_name", also=[*_PLACE, "organization_identifier"]),
        ),
        Kind.AUDIT_SIGNER: Ceiling(
            max_validity_days=366,  # 1 year
            key_types=frozenset({KeyType.EC_P256}),  # ES256, a signed note's type 0x02
            key_usage=_span("digitalSignature"),
            # As the feed signer; its own policy, so that neither's signature passes for the other's.
            extended_key_usage=_span("documentSigning"),
            policies=_span("audit-signer"),
            pointers=_STATUS,
            subject=_span("organization", "common_name", also=[*_PLACE, "organization_identifier"]),
        ),
    }
)

# Signature algorithms that may stand in a certificate, by OID, with the parameters that their RFC demands.
# None = absent, bytes = exactly these. A hash weaker than SHA-256 is not here, so it cannot be issued.
_NULL = b"\x05\x00"
SIGNATURE_ALGORITHMS: Mapping[str, bytes | None] = MappingProxyType(
    {
        "1.2.840.10045.4.3.2": None,  # ecdsa-with-SHA256 (RFC 5758 §3.2)
        "1.2.840.10045.4.3.3": None,  # ecdsa-with-SHA384
        "1.2.840.10045.4.3.4": None,  # ecdsa-with-SHA512
        "1.2.840.113549.1.1.11": _NULL,  # sha256WithRSAEncryption (RFC 4055 §5)
        "1.2.840.113549.1.1.12": _NULL,  # sha384WithRSAEncryption
        "1.2.840.113549.1.1.13": _NULL,  # sha512WithRSAEncryption
        "1.2.156.10197.1.501": None,  # SM2 with SM3 (GB/T 20518-2018 annex E)
        "2.16.840.1.101.3.4.3.17": None,  # ML-DSA-44 (RFC 9881 §2)
        "2.16.840.1.101.3.4.3.18": None,  # ML-DSA-65
        "2.16.840.1.101.3.4.3.19": None,  # ML-DSA-87
    }
)
