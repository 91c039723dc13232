"""The second half of the gate: a CRL differs from the one before by what happened in between, and by nothing else."""

from collections.abc import Collection, Mapping

from .entries import Entries, changes
from .entry import Revocation
from .errors import CrlRejected, WrongDifference
from .history import outcome
from .parse import ParsedCrl

_NOTHING: Mapping[int, Revocation] = {}


def check_difference(
    previous: ParsedCrl | None, following: ParsedCrl, expected: Mapping[int, Revocation | None]
) -> None:
    """Return if `following` says what `previous` said, but for `expected`; raise WrongDifference, which names serials.

    `previous` is of the same sort: a complete CRL, or a delta to the same base, None for the first; both have passed
    `check`. `expected` maps each serial number whose status changed in between to what is to be said of it now
    (`outcome` of the history; times in whole seconds).
    """
    # Among the expected: a delta's removals as they are, expired certificates that were dropped as None, and changes
    # without effect, like a hold put on and released in between.
    before = previous.entries if previous is not None else _NOTHING
    found = changes(before, following.entries)
    unexpected = [serial for serial, said in found.items() if serial not in expected or expected[serial] != said]
    # Nothing was found to differ for these: then what was said before must be what is to be said now.
    same = _pick(before, [serial for serial in expected if serial not in found])
    missing = [serial for serial in expected if serial not in found and same.get(serial) != expected[serial]]
    if unexpected or missing:
        raise WrongDifference(unexpected=unexpected, missing=missing)


def check_combination(base: ParsedCrl, delta: ParsedCrl, complete: ParsedCrl) -> None:
    """Return if `base` and `delta` together say what `complete` says, issued at the same time (section 5.2.3).

    Raises CrlRejected when they may not be combined at all (section 5.2.4 (a) to (d)), else WrongDifference.
    """
    _check_combinable(base, delta)
    if (delta.number, delta.this_update) != (complete.number, complete.this_update):
        raise CrlRejected("issued-together", "RFC 5280 5.2.3", "the delta and the complete CRL are not of one number")
    check_difference(base, complete, outcome(delta.entries.items()))


def combine(base: ParsedCrl, delta: ParsedCrl) -> dict[int, Revocation]:
    """Return the entries of the complete CRL that a relying party constructs from both (section 5.2.4).

    `base` is any complete CRL from the delta's base on; raises CrlRejected when the two may not be combined.
    """
    _check_combinable(base, delta)
    said = {**base.entries, **outcome(delta.entries.items())}
    return {serial: revocation for serial, revocation in said.items() if revocation is not None}


def _check_combinable(base: ParsedCrl, delta: ParsedCrl) -> None:
    """Apply section 5.2.4 (a) to (d)."""
    for holds, detail in (
        (delta.base_number is not None and base.base_number is None, "one is not a delta, or the other not complete"),
        (base.issuer == delta.issuer, "(a) the issuers differ"),
        (base.scope == delta.scope, "(b) the scopes differ"),
        (delta.base_number is None or base.number >= delta.base_number, "(c) the complete CRL is older than the base"),
        (base.number < delta.number, "(d) the delta does not follow the complete CRL"),
    ):
        if not holds:
            raise CrlRejected("combinable", "RFC 5280 5.2.4", detail)


def _pick(entries: Mapping[int, Revocation], serials: Collection[int]) -> Mapping[int, Revocation]:
    """Return those of `serials` that are listed."""
    if not serials:
        return _NOTHING
    if isinstance(entries, Entries):
        return entries.pick(serials)
    return {serial: entries[serial] for serial in serials if serial in entries}
