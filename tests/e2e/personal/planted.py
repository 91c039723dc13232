"""Invented numbers that nobody has, and how to find them again in octets of any kind."""

import base64
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ca_service.domain.persons import check_digit


@dataclass(frozen=True)
class Person:
    """One invented person. The sequence number 000 is not handed out, and 1990000... is no line's number."""

    number: int

    @property
    def id_number(self) -> str:
        """Checksum-valid; told from every other test's by its day of birth."""
        body = next(
            body
            for day in range(1, 29)
            if check_digit(body := f"1503021961{self.number % 12 + 1:02d}{day:02d}000") not in ("0", "X")
        )
        return body + check_digit(body)

    @property
    def mobile(self) -> str:
        """Eleven digits."""
        return f"199000077{self.number:02d}"

    @property
    def office_phone(self) -> str:
        """With the area code."""
        return f"0473-39077{self.number:02d}"

    @property
    def email(self) -> str:
        """An address of a reserved domain."""
        return f"planted-{self.number:02d}@privacy.example"

    @property
    def values(self) -> Mapping[str, str]:
        """All of them by what they are."""
        return {"ID number": self.id_number, "mobile": self.mobile, "phone": self.office_phone, "e-mail": self.email}


class Needles:
    """Finds planted values as text, UTF-16, base64 or hexadecimal, and numbers whose digits are set apart."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._values = {value: f"{what} of person {p.number}" for p in people for what, value in p.values.items()}

    def found(self, octets: bytes) -> set[str]:
        """What was found, as `ID number of person 1`."""
        return {self._names[match.group(0).lower()] for match in self._plain.finditer(octets)} | self._spaced(octets)

    def found_within(self, octets: bytes) -> set[str]:
        """The same, also inside archives and compressed streams."""
        return set().union(*(self.found(layer) for layer in unwrapped(octets)))

    @cached_property
    def _names(self) -> Mapping[bytes, str]:
        return {form.lower(): name for value, name in self._values.items() for form in _forms(value)}

    @cached_property
    def _plain(self) -> re.Pattern[bytes]:
        return re.compile(b"|".join(map(re.escape, self._names)), re.IGNORECASE)

    @cached_property
    def _digits(self) -> Mapping[bytes, str]:
        return {re.sub(r"\D", "", v).encode(): name for v, name in self._values.items() if v[-4:].isdigit()}

    def _spaced(self, octets: bytes) -> set[str]:
        """A run of digits with single separators between, such as 1503 0219 or 150-302."""
        found = set()
        for run in re.finditer(rb"\d(?:(?:[ \-./]|%20|\+|&nbsp;|\xc2\xa0)?\d){10,60}", octets):
            digits = re.sub(rb"%20|\D", b"", run.group(0))
            found |= {name for value, name in self._digits.items() if value in digits}
        return found


def _forms(value: str) -> Iterator[bytes]:
    """Every spelling that is looked for as it stands."""
    for encoded in (value.encode(), value.encode("utf-16-le"), value.encode("utf-16-be")):
        yield encoded
        yield encoded.hex().encode()
        # Base64 of a longer text: the three ways in which the value can lie in its groups of three octets.
        for before in range(3):
            text = base64.b64encode(b"\0" * before + encoded)
            yield text[(0, 2, 3)[before] : len(text) - 4 + (-(before + len(encoded)) % 3 == 0) * 4]
    yield value.replace("@", "%40").encode()


def unwrapped(octets: bytes, *, depth: int = 2) -> Iterator[bytes]:
    """The octets, and what is packed in them: members of a zip, gzip, streams of a PDF."""
    yield octets
    if depth == 0:
        return
    inside: list[bytes] = []
    if octets[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(octets)) as archive:
            inside = [archive.read(name) for name in archive.namelist()]
    elif octets[:2] == b"\x1f\x8b":
        inside = [gzip.decompress(octets)]
    elif octets[:4] == b"%PDF":
        inside = [
            zlib.decompressobj().decompress(m.group(1))
            for m in re.finditer(rb"stream\r?\n(\x78.*?)endstream", octets, re.S)
        ]
    for part in inside:
        yield from unwrapped(part, depth=depth - 1)
