"""Rules about the validity (RFC 5280 §4.1.2.5)."""

from collections.abc import Iterator

from profiles import der
from profiles.lint.rule import Candidate, Rule, rule

_UTC_TIME, _GENERALIZED_TIME = 23, 24


@rule("validity-order", "RFC 5280 §4.1.2.5")
def validity_order(c: Candidate) -> Iterator[str]:
    """A certificate that ends before it begins is never valid."""
    if c.parsed.not_valid_before_utc >= c.parsed.not_valid_after_utc:
        yield "notAfter is not later than notBefore"


@rule("validity-within-profile", "profiles/policy.py")
def validity_within_profile(c: Candidate) -> Iterator[str]:
    """The profile's limit, which itself lies within the policy's."""
    found = c.parsed.not_valid_after_utc - c.parsed.not_valid_before_utc
    if found > c.profile.validity:
        yield f"{found}, the profile allows {c.profile.validity}"


@rule("time-encoding", "RFC 5280 §4.1.2.5.1 and §4.1.2.5.2")
def time_encoding(c: Candidate) -> Iterator[str]:
    """UTCTime through 2049 and GeneralizedTime from 2050, with seconds and Z."""
    encoded = der.children(c.fields.validity, "validity")
    for time, at in zip(encoded, (c.parsed.not_valid_before_utc, c.parsed.not_valid_after_utc), strict=True):
        _, _, tag, contents = der.element(time, "validity")
        wanted_tag, wanted_length = (_UTC_TIME, 13) if at.year < 2050 else (_GENERALIZED_TIME, 15)
        if tag != wanted_tag or len(contents) != wanted_length or contents[-1:] != b"Z":
            yield f"{at:%Y} is encoded as {time.hex()}"


RULES: tuple[Rule, ...] = (validity_order, validity_within_profile, time_encoding)
