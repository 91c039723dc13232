"""The cases of NIST's PKITS, their certificates and lists (from the package cryptography-vectors)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509

AT = datetime(2011, 4, 15, tzinfo=UTC)
ANCHOR = "TrustAnchorRootCertificate"
_POLICY = "2.16.840.1.101.3.2.1.48."


@dataclass(frozen=True)
class Case:
    """One line of cases.txt; the policies are dotted."""

    number: str
    leaf: str
    valid: bool
    policies: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()

    @property
    def has_default_inputs(self) -> bool:
        """Whether a function without inputs can be asked."""
        return not self.policies and not self.flags


@cache
def cases() -> tuple[Case, ...]:
    """All 247."""
    lines = (Path(__file__).parent / "cases.txt").read_text().splitlines()
    return tuple(_case(*line.split()) for line in lines if not line.startswith("#"))


def _case(number: str, leaf: str, expected: str, *inputs: str) -> Case:
    named = [text.removeprefix("policies=") for text in inputs if text.startswith("policies=")]
    policies = frozenset(_POLICY + number for text in named for number in text.split(","))
    return Case(
        number, f"{leaf}EE", expected == "valid", policies, frozenset(inputs) - {f"policies={n}" for n in named}
    )


@dataclass(frozen=True)
class Material:
    """What a case is judged by, DER."""

    leaf: bytes
    issuers: list[bytes]
    anchor: bytes
    lists: list[bytes]


@cache
def material(leaf: str) -> Material:
    """The authorities above the leaf and all of their lists, found by name or by key identifier, those named as
    CRL issuers included: what the document prescribes for each case, derived instead of copied."""
    authorities, lists = _authorities(), _lists()
    found: dict[str, bytes] = {}
    handles: set[object] = set()
    todo = [_read("certs", f"{leaf}.crt")]
    while todo:
        for handle in sorted(_issuers(todo.pop()) - handles, key=str):
            handles.add(handle)
            for authority in authorities[handle]:
                if authority not in found:
                    found[authority] = _read("certs", authority)
                    todo.append(found[authority])
    anchor = found.pop(f"{ANCHOR}.crt")
    own = sorted({entry for handle in handles for entry in lists[handle]})
    return Material(
        _read("certs", f"{leaf}.crt"),
        [found[name] for name in sorted(found)],
        anchor,
        [_read("crls", entry) for entry in own],
    )


def _folder(kind: str) -> Path:
    return Path(str(files("cryptography_vectors"))) / "x509" / "PKITS_data" / kind


def _read(kind: str, name: str) -> bytes:
    return (_folder(kind) / name).read_bytes()


@cache
def _authorities() -> dict[object, list[str]]:
    found: dict[object, list[str]] = defaultdict(list)
    for path in sorted(_folder("certs").glob("*.crt")):
        if not path.stem.endswith("EE"):
            certificate = asn1_x509.Certificate.load(path.read_bytes())
            found[certificate.subject.hashable].append(path.name)
            found[certificate.key_identifier].append(path.name)
    return found


@cache
def _lists() -> dict[object, list[str]]:
    found: dict[object, list[str]] = defaultdict(list)
    for path in sorted(_folder("crls").glob("*.crl")):
        crl = asn1_crl.CertificateList.load(path.read_bytes())
        found[crl.issuer.hashable].append(path.name)
        found[crl.authority_key_identifier].append(path.name)
    return found


def _issuers(der: bytes) -> set[object]:
    certificate = asn1_x509.Certificate.load(der)
    points = certificate.crl_distribution_points_value or ()
    others = [name.chosen for point in points for name in point["crl_issuer"] or () if name.name == "directory_name"]
    names = {certificate.issuer.hashable, *(name.hashable for name in others)}
    return names | {certificate.authority_key_identifier} - {None}
