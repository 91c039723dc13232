"""Certificate profiles: TOML data, their compiler and the linter.

    template = profiles.compile(profiles.load("information-administrator"), issuer)
    tbs = template.tbs(subject=..., public_key=..., serial=..., not_before=..., not_after=...)
    profiles.lint(tbs, template.profile, signature_algorithm=issuer.signature_algorithm)

Pure functions over bytes: no clock, no randomness, no key that signs. Everything raises from ProfilesError.
"""

from profiles.errors import (
    CertificateValueError,
    IssuerError,
    OffenceError,
    ProfileError,
    ProfilesError,
    SubjectError,
    WeakKey,
)
from profiles.issuer import IssuerContext, Shards
from profiles.keys import check_public_key, key_identifier
from profiles.lint import Finding, LintFailure, lint
from profiles.policy import POLICY_OIDS, KeyType, Kind
from profiles.profile import Profile, load, names, parse
from profiles.subject import Subject, subject_name
from profiles.template import Template, assemble

# The agreed public name, read as `profiles.compile` like `re.compile`.
from profiles.template import compile_template as compile  # noqa: A004

__all__ = [
    "POLICY_OIDS",
    "CertificateValueError",
    "Finding",
    "IssuerContext",
    "IssuerError",
    "KeyType",
    "Kind",
    "LintFailure",
    "OffenceError",
    "Profile",
    "ProfileError",
    "ProfilesError",
    "Shards",
    "Subject",
    "SubjectError",
    "Template",
    "WeakKey",
    "assemble",
    "check_public_key",
    "compile",
    "key_identifier",
    "lint",
    "load",
    "names",
    "parse",
    "subject_name",
]
