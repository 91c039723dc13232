"""Runs every rule over one TBSCertificate."""

from cryptography import x509

from profiles.lint import extensions, keys, names, structure, times
from profiles.lint.fields import Fields
from profiles.lint.rule import UNREADABLE, Candidate, Finding, LintFailure, Rule
from profiles.profile import Profile
from profiles.template import assemble

RULES: tuple[Rule, ...] = structure.RULES + times.RULES + names.RULES + keys.RULES + extensions.RULES

# Far above what we issue (RSA-4096: 1.5 kB) and far below what would keep a parser busy.
_MAX_TBS_OCTETS = 16_384
_DUMMY_SIGNATURE = bytes(64)


def lint(tbs: bytes, profile: Profile, *, signature_algorithm: bytes) -> None:
    """Return only if `tbs` may be signed with `signature_algorithm` (DER) under `profile`.

    Otherwise LintFailure with all findings. Certificates are never judged by the clock: the times are the
    caller's.
    """
    candidate = _candidate(tbs, profile, signature_algorithm)
    findings = tuple(finding for rule in RULES for finding in rule.findings(candidate))
    if findings:
        raise LintFailure(findings)


def _candidate(tbs: bytes, profile: Profile, signature_algorithm: bytes) -> Candidate:
    if len(tbs) > _MAX_TBS_OCTETS:
        raise _unparseable(f"{len(tbs)} octets, at most {_MAX_TBS_OCTETS}")
    try:
        parsed = x509.load_der_x509_certificate(assemble(tbs, signature_algorithm, _DUMMY_SIGNATURE))
        fields = Fields.of(tbs)
    except UNREADABLE as error:
        raise _unparseable(str(error)) from error
    return Candidate(
        tbs=tbs, profile=profile, signature_algorithm=signature_algorithm, fields=fields, parsed=parsed
    )


def _unparseable(detail: str) -> LintFailure:
    return LintFailure((Finding("parseable", "RFC 5280 §4.1", detail),))
