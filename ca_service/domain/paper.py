"""What the code on a printed form says: which form, of what, and which content was printed. No personal data."""

import re
from dataclasses import dataclass
from enum import StrEnum

_FORM = re.compile(r"EDUCA1/(A|C|S)/([A-Z][0-9a-f]{16})/([0-9a-f]{16})")


class PaperKind(StrEnum):
    """Which paper: application form, change form, dispatch sheet."""

    APPLICATION = "A"
    CHANGE = "C"
    DISPATCH = "S"


@dataclass(frozen=True)
class PaperCode:
    """`content` are the first 16 hex digits of the hash of what was printed: an older print is told from a newer."""

    kind: PaperKind
    subject: str
    content: str

    @classmethod
    def of(cls, kind: PaperKind, subject: str, printed_sha256: str) -> "PaperCode":
        """The code of a form with this content."""
        return cls(kind, subject, printed_sha256[:16])

    def text(self) -> str:
        """What the QR code holds: version, kind, number, hash; ASCII, parted by slashes."""
        return f"EDUCA1/{self.kind.value}/{self.subject}/{self.content}"


def parse_paper_code(text: str) -> PaperCode | None:
    """Read a code's text; None when it is not one of ours."""
    match = _FORM.fullmatch(text.strip())
    return PaperCode(PaperKind(match[1]), match[2], match[3]) if match else None
