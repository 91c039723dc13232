"""The octets of an entry as `encode_entry` writes it, as patterns: a million of them are read in a tenth of a second.

`RUN` is strict DER with every rule of section 5.3 that concerns an entry alone, down to the calendar. The others are
for octets that `RUN` has already taken: they find the parts, and check nothing.
"""

import re

# Most serial numbers have 16 octets, half of them with a zero before a set top bit; the rest comes after.
_SERIAL_LENGTHS = (16, 17, *range(15, 0, -1), 18, 19, 20)

_DAY = (
    rb"(?:(?:0[13578]|1[02])(?:0[1-9]|[12]\d|3[01])"
    rb"|(?:0[469]|11)(?:0[1-9]|[12]\d|30)"
    rb"|02(?:0[1-9]|1\d|2[0-8]))"
)
_CLOCK = rb"(?:[01]\d|2[0-3])[0-5]\d[0-5]\dZ"
_BY_FOUR = rb"(?:[02468][048]|[13579][26])"
# UTCTime: 1950 to 2049, where every fourth year is a leap year (2000 is one).
_UTC = rb"\x17\x0d(?:\d\d" + _DAY + rb"|" + _BY_FOUR + rb"0229)" + _CLOCK
# GeneralizedTime: from 2050 on only (section 5.1.2.4); a full century is a leap year where its number goes by four.
_LEAP = rb"(?:(?!\d\d00)\d\d" + _BY_FOUR + rb"|" + _BY_FOUR + rb"00)0229"
_GENERALIZED = rb"\x18\x0f(?=20[5-9]|2[1-9]|[3-9])(?:\d{4}" + _DAY + rb"|" + _LEAP + rb")" + _CLOCK
# Extensions with reasonCode alone; unspecified is left out, 7 is unused (section 5.3.1).
_REASON = rb"\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01[\x01-\x06\x08-\x0a]"
_TAILS = ((_UTC + _REASON, 29), (_UTC, 15), (_GENERALIZED + _REASON, 31), (_GENERALIZED, 17))


def _octet(value: int) -> bytes:
    return re.escape(bytes([value]))


def _serial(length: int) -> bytes:
    """A positive INTEGER of so many octets in its only DER form."""
    rest = b".{%d}"
    plain = b"[\x01-\x7f]" + rest % (length - 1)
    return plain if length == 1 else b"(?:" + plain + rb"|\x00[\x80-\xff]" + rest % (length - 2) + b")"


_ENTRIES = b"|".join(
    b"\x30" + _octet(2 + length + size) + b"\x02" + _octet(length) + _serial(length) + tail
    for tail, size in _TAILS
    for length in _SERIAL_LENGTHS
)
# The octets that follow a length, and as many as it says.
_ANY_SERIAL = b"|".join(b"(?<=" + _octet(length) + b").{%d}" % length for length in _SERIAL_LENGTHS)
_ANY_TAIL = rb"(?:\x17.{14}|\x18.{16})(?:\x30\x0c.{12})?"

# One or more entries; it never gives back what it has taken, so the time is that of the octets.
RUN = re.compile(b"(?>" + _ENTRIES + b")++", re.DOTALL)
# The octets of the serial number.
SERIAL = re.compile(rb"\x30.\x02.(" + _ANY_SERIAL + b")" + _ANY_TAIL, re.DOTALL)
# The same, and what follows it: date and extensions.
PAIR = re.compile(rb"\x30.\x02.(" + _ANY_SERIAL + b")(" + _ANY_TAIL + b")", re.DOTALL)
