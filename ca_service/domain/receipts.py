"""The receipt of a push: what came from whom and what became of it when it came first."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ShownReceipt:
    """A receipt as the directory gets it: times as RFC 3339 in UTC."""

    id: str
    sha256: str
    directory: str
    received_at: str
    records: int
    registered: int
    unchanged: int
    refused: int


@dataclass(frozen=True)
class Receipt:
    """`sha256` is of the octets of the body (hex); a body that a directory repeats has one receipt."""

    id: str
    directory: str
    sha256: str
    received_at: datetime
    registered: int
    unchanged: int
    refused: int

    def shown(self) -> ShownReceipt:
        """The same for the directory."""
        return ShownReceipt(
            id=self.id,
            sha256=self.sha256,
            directory=self.directory,
            received_at=self.received_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            records=self.registered + self.unchanged + self.refused,
            registered=self.registered,
            unchanged=self.unchanged,
            refused=self.refused,
        )
