"""Runs every rule over one TBSCertificate."""

from collections.abc import Iterable

from profiles.errors import CertificateValueError
from profiles.lint import extensions, keys, names, structure, times
from profiles.lint.fields import Fields
from profiles.lint.rule import Candidate, Finding, LintFailure, Rule
from profiles.profile import Profile

_VALUE_RULES = times.RULES + names.RULES + keys.RULES + extensions.RULES
RULES: tuple[Rule, ...] = structure.RULES + _VALUE_RULES

# Far above what we issue (RSA-4096: 1.5 kB) and far below what would keep a parser busy.
_MAX_TBS_OCTETS = 16_384


def lint(tbs: bytes, profile: Profile, *, signature_algorithm: bytes) -> None:
    """Return only if `tbs` may be signed with `signature_algorithm` (DER) under `profile`.

    Otherwise LintFailure with all findings. The clock is not asked: whether the times are those of today is
    the caller's knowledge.
    """
    candidate = Candidate(tbs, profile, signature_algorithm, _fields(tbs))
    findings = _run(structure.RULES, candidate)
    # What the independent parser cannot read has no values to judge: one reason, not twenty echoes of it.
    if structure.parseable.name not in {finding.rule for finding in findings}:
        findings += _run(_VALUE_RULES, candidate)
    if findings:
        raise LintFailure(findings)


def _run(rules: Iterable[Rule], candidate: Candidate) -> tuple[Finding, ...]:
    return tuple(finding for rule in rules for finding in rule.findings(candidate))


def _fields(tbs: bytes) -> Fields:
    if len(tbs) > _MAX_TBS_OCTETS:
        raise _unparseable(f"{len(tbs)} octets, at most {_MAX_TBS_OCTETS}")
    try:
        return Fields.of(tbs)
    except CertificateValueError as error:
        raise _unparseable(str(error)) from error


def _unparseable(detail: str) -> LintFailure:
    return LintFailure((Finding(structure.parseable.name, structure.parseable.citation, detail),))
