"""Times (RFC 5280 §4.1.2.5, §6.1.3 (a) (2)): exact to the second, nothing is added at the ends."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.teacher_registry.hostile import forge as f
from tests.teacher_registry.hostile.registry import Chain, accepted, refused

HOUR = timedelta(hours=1)
PERIOD = {"not_before": f.time(f.NOW), "not_after": f.time(f.NOW + HOUR)}
OVER = {"not_before": f.time(f.NOW - 2 * f.DAY), "not_after": f.time(f.NOW - f.DAY)}


def at(moment: datetime) -> Chain:
    """Root and leaf valid for an hour, judged at a moment."""
    root = f.root(**PERIOD)
    return Chain(f.leaf(root, **PERIOD), [], [root], at=moment)


@refused("past notAfter")
def expired_leaf() -> Chain:
    """ "The certificate validity period includes the current time." §6.1.3 (a) (2)"""
    root = f.root()
    return Chain(f.leaf(root, **OVER), [], [root])


@refused("past notAfter")
def expired_authority() -> Chain:
    """The same for an intermediate certificate."""
    root = f.root()
    authority = f.authority(root, **OVER)
    return Chain(f.leaf(authority), [authority], [root])


@refused("past notAfter")
def expired_anchor() -> Chain:
    """An anchor given as a certificate is trusted within its validity (RFC 5937)."""
    root = f.root(**OVER)
    return Chain(f.leaf(root), [], [root])


@refused("before notBefore")
def a_leaf_of_tomorrow() -> Chain:
    """ "The validity period [...] from notBefore." §4.1.2.5"""
    root = f.root()
    return Chain(f.leaf(root, not_before=f.time(f.NOW + f.DAY)), [], [root])


@refused("before notBefore")
def an_anchor_of_tomorrow() -> Chain:
    """The same for the anchor."""
    root = f.root(not_before=f.time(f.NOW + f.DAY))
    return Chain(f.leaf(root), [], [root])


@accepted()
def the_first_second() -> Chain:
    """ "From notBefore through notAfter, inclusive." §4.1.2.5"""
    return at(f.NOW)


@accepted()
def the_last_second() -> Chain:
    """ "From notBefore through notAfter, inclusive." §4.1.2.5"""
    return at(f.NOW + HOUR)


@accepted()
def within_the_last_second() -> Chain:
    """Certificates know whole seconds: 5 ms past notAfter it is still that second."""
    return at(f.NOW + HOUR + timedelta(milliseconds=5))


@refused("past notAfter")
def one_second_too_old() -> Chain:
    """No tolerance."""
    return at(f.NOW + HOUR + timedelta(seconds=1))


@refused("before notBefore")
def one_second_too_young() -> Chain:
    """No tolerance at the other end."""
    return at(f.NOW - timedelta(seconds=1))


@refused("before notBefore")
def one_millisecond_too_young() -> Chain:
    """Not rounded up."""
    return at(f.NOW - timedelta(milliseconds=1))
