"""A draft: an upload that was examined (dry run) and waits for the person's choice. Nothing of it is registered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

DRAFT_LIFETIME = timedelta(days=7)
MOST_DRAFTS = 10
"""How many drafts one login may keep; a new one pushes out the oldest."""


class DraftPart(StrEnum):
    """What is kept with a draft, encrypted, until it is taken, dropped or too old."""

    SHEET = "sheet"
    SCAN = "scan"
    REPORT = "report"
    CHOICES = "choices"


@dataclass(frozen=True)
class Draft:
    """Whose upload for which unit. File names are those of the uploader and only shown."""

    id: str
    unit_code: str
    sheet_name: str
    scan_name: str
    uploaded_by: str
    uploaded_at: datetime
