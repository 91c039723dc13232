"""What the drill itself has seen, whatever became of the process: signatures, answers, lists in the outside folder."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from asn1crypto import core
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509


@dataclass(frozen=True)
class Signature:
    """A CA key signed this (SHA-256 of the TBS): a certificate by its serial, a list by its number."""

    sha256: str
    what: str


@dataclass
class Witness:
    """Everything that was told, in order. `on_disk`: the numbers of each list in the mirror, as they were found."""

    signatures: list[Signature] = field(default_factory=list)
    answers: list[tuple[str, str]] = field(default_factory=list)
    on_disk: dict[str, list[int]] = field(default_factory=dict)

    def hear(self, message: tuple[Any, ...]) -> None:
        """Note what a process has told of signatures and answers."""
        kind, *facts = message
        if kind == "signed":
            self.signatures.append(Signature(*facts))
        elif kind == "answered":
            self.answers.append((facts[0], facts[1]))

    def look(self, numbers: Mapping[str, int]) -> None:
        """Note which numbers lie in the outside folder now."""
        for name, number in numbers.items():
            self.on_disk.setdefault(name, []).append(number)


def described(tbs: bytes) -> str:
    """What a TBS is for: `certificate SERIAL`, `crl SCOPE#NUMBER`, `delta SCOPE#NUMBER`."""
    # A TBSCertificate of version 3 begins with [0], a TBSCertList with an INTEGER (RFC 5280 sections 4.1, 5.1).
    if core.Sequence.load(tbs, strict=True).contents[:1] == b"\xa0":
        return f"certificate {asn1_x509.TbsCertificate.load(tbs)['serial_number'].native:x}"
    return _list(asn1_crl.TbsCertList.load(tbs))


def _list(tbs: asn1_crl.TbsCertList) -> str:
    said = {extension["extn_id"].native: extension["extn_value"] for extension in tbs["crl_extensions"]}
    kind = "delta" if "delta_crl_indicator" in said else "crl"
    scope = said["issuing_distribution_point"].contents.hex()[-16:] if "issuing_distribution_point" in said else ""
    return f"{kind} {scope}#{said['crl_number'].parsed.native}"
