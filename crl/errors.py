"""What can go wrong with a CRL: asked for, received, or about to be published."""

from collections.abc import Collection

# So many serial numbers stand in a message; the exception has them all.
_SHOWN = 10


class CrlError(Exception):
    """Root of this package's errors; a caller that catches it has caught them all."""


class ImpossibleCrl(CrlError, ValueError):
    """The caller asked for a CRL or an entry that RFC 5280 does not allow; nothing was built."""


class MalformedCrl(CrlError, ValueError):
    """The bytes are not a CRL of the kind this CA issues; the message says where reading stopped."""


class CrlRejected(CrlError):
    """A CRL must not be published. `rule` is a stable name, `clause` the section it breaks."""

    def __init__(self, rule: str, clause: str, detail: str) -> None:
        """`detail` is for the operator's log and holds nothing but what the CRL says."""
        super().__init__(f"{rule} ({clause}): {detail}")
        self.rule = rule
        self.clause = clause
        self.detail = detail


class WrongDifference(CrlRejected):
    """A CRL does not differ from the one before by exactly the changes of status in between.

    `unexpected`: serial numbers that it says something else of, though nothing happened, or something else did.
    `missing`: serial numbers whose change it does not show. Both ascending; certificates' serial numbers are public.
    """

    def __init__(self, *, unexpected: Collection[int], missing: Collection[int]) -> None:
        """At least one of the two has a member."""
        self.unexpected = tuple(sorted(unexpected))
        self.missing = tuple(sorted(missing))
        detail = f"unexpected: {_listed(self.unexpected)}; missing: {_listed(self.missing)}"
        super().__init__("difference", "RFC 5280 5.2.4", detail)


def _listed(serials: tuple[int, ...]) -> str:
    """Return the first serial numbers in hexadecimal, and how many there are."""
    shown = ", ".join(f"{serial:x}" for serial in serials[:_SHOWN])
    return f"{len(serials)}" + (f" ({shown}{', ...' if len(serials) > _SHOWN else ''})" if serials else "")
