"""One rule, one object, one citation; and the certificate as the rules see it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from profiles.errors import ProfilesError
from profiles.lint.fields import Fields
from profiles.profile import Profile
from profiles.template import assemble

_DUMMY_SIGNATURE = bytes(64)

# What the two parsers are known to raise on bad DER; the engine turns each into a finding.
UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    NotImplementedError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    ProfilesError,
)


@dataclass(frozen=True)
class Finding:
    """One offence: which rule, the clause behind it, and what was seen (no personal data)."""

    rule: str
    citation: str
    detail: str

    def __str__(self) -> str:
        """One line, as logs and error pages show it."""
        return f"{self.rule} ({self.citation}): {self.detail}"


class LintFailure(ProfilesError):
    """The bytes must not be signed; `findings` is never empty."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(str(finding) for finding in findings))
        self.findings = findings


@dataclass(frozen=True)
class Candidate:
    """A TBS under examination: its octets cut apart by us, and the same read by `cryptography`."""

    tbs: bytes
    profile: Profile
    signature_algorithm: bytes
    fields: Fields

    @cached_property
    def parsed(self) -> x509.Certificate:
        """By the independent parser, under a dummy signature; raises one of UNREADABLE where it cannot."""
        return x509.load_der_x509_certificate(assemble(self.tbs, self.signature_algorithm, _DUMMY_SIGNATURE))

    @cached_property
    def extensions(self) -> x509.Extensions:
        """The extensions by the independent parser; raises one of UNREADABLE where it cannot."""
        return self.parsed.extensions


Check = Callable[[Candidate], Iterator[str]]


@dataclass(frozen=True)
class Rule:
    """`check` yields a text for each offence and nothing when all is well; it may raise one of UNREADABLE."""

    name: str
    citation: str
    check: Check

    def findings(self, candidate: Candidate) -> Iterator[Finding]:
        """The offences, where "cannot be read" is one."""
        try:
            for detail in self.check(candidate):
                yield Finding(self.name, self.citation, detail)
        except UNREADABLE as error:
            yield Finding(self.name, self.citation, f"cannot be read: {error}")


def rule(name: str, citation: str) -> Callable[[Check], Rule]:
    """Make a Rule of a function."""
    return lambda check: Rule(name, citation, check)
