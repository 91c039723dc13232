"""What a CRL must say, from what has happened: a history of (serial number, Revocation) in the order of the changes.

A release from hold is the Revocation with the reason `removeFromCRL`: from then on the certificate is not listed.
"""

from collections.abc import Iterable
from datetime import datetime

from .entry import Revocation, encode_entry
from .reasons import Reason

Change = tuple[int, Revocation]


def delta_entries(history: Iterable[Change]) -> list[bytes]:
    """Return the entries of a delta CRL from all that has happened since its base CRL: the last word on each serial.

    A certificate that was put on hold and released since is listed too (section 5.2.4 (b)): whoever has combined the
    base with a delta in between has it on hold. The order is that of the serial numbers.
    """
    latest = dict(history)
    return [encode_entry(serial, *latest[serial]) for serial in sorted(latest)]


def outcome(history: Iterable[Change]) -> dict[int, Revocation | None]:
    """Return what a complete CRL says after this history of each certificate in it; None: not listed (any more)."""
    return {serial: None if is_release(revocation) else revocation for serial, revocation in history}


def is_release(revocation: Revocation) -> bool:
    """Say whether this takes a certificate off the list."""
    return revocation.reason is Reason.REMOVE_FROM_CRL


def may_drop(*, not_after: datetime, revoked_at: datetime, last_scheduled: datetime | None) -> bool:
    """Say whether a complete CRL may leave out an expired certificate.

    Section 3.3: an entry must not be removed before it has appeared on one regularly scheduled CRL issued beyond the
    certificate's validity. `last_scheduled` is thisUpdate of the last such complete CRL, None when there was none;
    what was revoked after it has not appeared on it. Both are cut to whole seconds, so what was revoked in the very
    second of the list may have come after it. A store asks the same as `not_after < L and revoked_at < L`.
    """
    return last_scheduled is not None and not_after < last_scheduled and revoked_at < last_scheduled
