"""CRLs (RFC 5280 section 5): encode an entry once, join, sign elsewhere, parse, check. Pure functions."""

from .build import CrlIssuer, assemble, build_tbs
from .check import check
from .difference import check_combination, check_difference, combine
from .entry import Revocation, decode_entries, encode_entry
from .errors import CrlError, CrlRejected, ImpossibleCrl, MalformedCrl, WrongDifference
from .history import Change, delta_entries, is_release, may_drop, outcome
from .parse import Outline, ParsedCrl, Scope, parse, read_outline
from .reasons import Reason
from .shard import shard_of

__all__ = [
    "Change",
    "CrlError",
    "CrlIssuer",
    "CrlRejected",
    "ImpossibleCrl",
    "MalformedCrl",
    "Outline",
    "ParsedCrl",
    "Reason",
    "Revocation",
    "Scope",
    "WrongDifference",
    "assemble",
    "build_tbs",
    "check",
    "check_combination",
    "check_difference",
    "combine",
    "decode_entries",
    "delta_entries",
    "encode_entry",
    "is_release",
    "may_drop",
    "outcome",
    "parse",
    "read_outline",
    "shard_of",
]
