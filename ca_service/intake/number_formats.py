"""Which number formats of a workbook show a date or a time, and the date that a serial number stands for."""

import re
from datetime import date, timedelta

# Built-in formats (ECMA-376 part 1, 18.8.30): 14 to 22 and 45 to 47 everywhere, 27 to 36 and 50 to 58 in Chinese.
_BUILT_IN = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_LAST_DAY = 2_958_465  # 9999-12-31


def shows_date(format_id: int, code: str | None) -> bool:
    """Whether a format shows a number as a date or time: by its code, or where it has none by its number."""
    if code is None:
        return format_id in _BUILT_IN
    return bool(re.search("[ymdhs]", _QUOTED.sub("", code.lower()))) and code.lower() != "general"


def date_text(serial: str, *, from_1904: bool = False) -> str:
    """The day of a serial number as `1980-01-02`; anything that is no day as it stands in the file."""
    try:
        days = int(float(serial))
    except (ValueError, OverflowError):
        return serial
    if not 60 < days <= _LAST_DAY:
        return serial
    # The 1900 system counts a 29 February 1900 that never was, hence 30 December 1899 for all later days.
    start = date(1904, 1, 1) if from_1904 else date(1899, 12, 30)
    try:
        return (start + timedelta(days=days)).isoformat()
    except OverflowError:
        return serial
