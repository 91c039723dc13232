"""One rule, one object, one clause: what RFC 5280 demands of the form of a certificate."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, IntEnum, auto

from teacher_registry.verification.certificates import PARSER_ERRORS, ReadCertificate


class Strictness(IntEnum):
    """How much is demanded; each step includes those before it.

    PATH: what path validation itself needs (§6). The certificates of NIST's PKITS, made for RFC 3280, pass.
    RFC_5280: every MUST of §4 and §5.
    PROFILE: also what our CA's own profile promises, where the RFC leaves a choice (SHOULD, MAY).
    """

    PATH = 1
    RFC_5280 = 2
    PROFILE = 3


class Place(Flag):
    """Where in a path the certificate stands: judged, issuing, or pinned."""

    LEAF = auto()
    ISSUER = auto()
    ANCHOR = auto()
    ANY = LEAF | ISSUER | ANCHOR
    AUTHORITY = ISSUER | ANCHOR


Check = Callable[[ReadCertificate], bool]


@dataclass(frozen=True)
class Rule:
    """`keeps` is True for a certificate that keeps the rule. `clause` names where it is written."""

    name: str
    clause: str
    strictness: Strictness
    places: Place
    keeps: Check

    def broken_by(self, certificate: ReadCertificate) -> bool:
        """What cannot be read breaks the rule that asks for it."""
        try:
            return not self.keeps(certificate)
        except PARSER_ERRORS:
            return True

    def __str__(self) -> str:
        """As the operator's log shows it."""
        return f"{self.name} ({self.clause})"


def rule(
    clause: str, strictness: Strictness = Strictness.RFC_5280, places: Place = Place.ANY
) -> Callable[[Check], Rule]:
    """Make a rule of a function; its name is the function's."""
    return lambda check: Rule(check.__name__.replace("_", "-"), clause, strictness, places, check)
