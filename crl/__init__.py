"""CRLs (RFC 5280 section 5): encode an entry once, join, sign elsewhere, parse, check. Pure functions."""

from .build import CrlIssuer, assemble, build_tbs
from .check import check
from .entry import Revocation, encode_entry
from .errors import CrlError, CrlRejected, ImpossibleCrl, MalformedCrl
from .parse import ParsedCrl, parse
from .reasons import Reason
from .shard import shard_of

__all__ = [
    "CrlError",
    "CrlIssuer",
    "CrlRejected",
    "ImpossibleCrl",
    "MalformedCrl",
    "ParsedCrl",
    "Reason",
    "Revocation",
    "assemble",
    "build_tbs",
    "check",
    "encode_entry",
    "parse",
    "shard_of",
]
