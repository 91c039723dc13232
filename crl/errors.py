"""What can go wrong with a CRL: asked for, received, or about to be published."""

# The names say what happened, as in the rest of the house; "Error" would add nothing.


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
