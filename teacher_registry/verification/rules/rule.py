"""One rule, one object, one clause: what RFC 5280 demands of the form of a certificate."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, IntEnum, auto
from typing import Generic, TypeVar

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
_Subject = TypeVar("_Subject")


@dataclass(frozen=True)
class FormRule(Generic[_Subject]):
    """`keeps` is True for a certificate, or a list, that keeps the rule. `clause` names where it is written."""

    name: str
    clause: str
    keeps: Callable[[_Subject], bool]

    def broken_by(self, subject: _Subject) -> bool:
        """What cannot be read breaks the rule that asks for it."""
        try:
            return not self.keeps(subject)
        except PARSER_ERRORS:
            return True

    def __str__(self) -> str:
        """As the operator's log shows it."""
        return f"{self.name} ({self.clause})"


@dataclass(frozen=True)
class Rule(FormRule[ReadCertificate]):
    """One about certificates at some places in a path, from some strictness on."""

    strictness: Strictness
    places: Place


def rule_name(check: Callable[..., bool]) -> str:
    """The function's, in words."""
    return check.__name__.replace("_", "-")


def rule(
    clause: str, strictness: Strictness = Strictness.RFC_5280, places: Place = Place.ANY
) -> Callable[[Check], Rule]:
    """Make a rule of a function."""
    return lambda check: Rule(rule_name(check), clause, check, strictness, places)
