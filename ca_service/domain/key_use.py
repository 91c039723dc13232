"""What a signature is for: who goes first at the key, and whose rate it counts on."""

from enum import StrEnum


class Use(StrEnum):
    """One use of a key. `urgent` ones go before the others, because relying parties wait for them."""

    LIST = "list"
    ANSWER = "answer"
    CERTIFICATE = "certificate"
    OTHER = "other"

    @property
    def urgent(self) -> bool:
        """Whether the status of certificates depends on it."""
        return self in (Use.LIST, Use.ANSWER)
