"""The linter: every TBSCertificate passes here before a key signs it.

It trusts nothing of the compiler: it starts from the octets, reads them with `cryptography` (an independent
parser) and holds them against the profile and RFC 5280 §4.
"""

from profiles.lint.rule import Finding, LintFailure, Rule
from profiles.lint.run import RULES, lint

__all__ = ["RULES", "Finding", "LintFailure", "Rule", "lint"]
