"""Who acts for a unit: an administrator proven by certificate, or the operator at the registry's own machine."""

from dataclasses import dataclass
from typing import Protocol


class Actor(Protocol):
    """What the book and the log need to know of who acts."""

    @property
    def holder_id(self) -> str:
        """Whom the log names."""

    @property
    def serial(self) -> str | None:
        """The certificate that proved it, lower-case hex."""

    @property
    def unit_code(self) -> str:
        """The only unit that the act can touch."""


@dataclass(frozen=True)
class Operator:
    """The operator, for one unit; `holder_id` is `operator:` and the name of the system's user."""

    holder_id: str
    unit_code: str
    serial: None = None
