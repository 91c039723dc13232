"""What an import says of a sheet: how many rows, which cells, in a form that can be kept beside a draft or a batch."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ca_service.intake.report import CellError, CellWarning, Choice, Normalised

KEPT = 2_000
"""So many entries of each kind are kept for showing; the marked sheet has all."""


@dataclass(frozen=True)
class Findings:
    """`rows` data rows, of which `fit` can be (or were) taken; personal values are masked.

    `counts` says how many entries there were where not all were kept.
    """

    rows: int
    fit: int
    already_there: Sequence[int] = ()
    bad: Sequence[CellError] = ()
    warnings: Sequence[CellWarning] = ()
    shared: Sequence[CellWarning] = ()
    normalised: Sequence[Normalised] = ()
    notes: Sequence[str] = ()
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, name: str) -> int:
        """How many entries of this kind there are, kept or not."""
        return self.counts.get(name, len(getattr(self, name)))

    @property
    def bad_rows(self) -> int:
        """How many rows are not taken because a cell of theirs has to be mended."""
        return self.rows - self.fit - self.count("already_there")

    def kept(self) -> bytes:
        """JSON of the counts and the first entries of each kind."""
        document: dict[str, Any] = {"counts": {}}
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, list | tuple):
                document["counts"][one.name] = self.count(one.name)
                document[one.name] = [asdict(entry) if hasattr(entry, "row") else entry for entry in value[:KEPT]]
            elif one.name != "counts":
                document[one.name] = value
        return json.dumps(document, ensure_ascii=False).encode()

    @classmethod
    def read(cls, kept: bytes) -> "Findings":
        """What `kept` wrote; lists are as long as they were kept, `count` tells how long they were."""
        document = json.loads(kept)
        document["bad"] = [_error(entry) for entry in document["bad"]]
        for name, kind in (("warnings", CellWarning), ("shared", CellWarning), ("normalised", Normalised)):
            document[name] = [kind(**entry) for entry in document[name]]
        return cls(**document)


def _error(entry: dict[str, Any]) -> CellError:
    choices = tuple(Choice(**choice) for choice in entry.pop("choices"))
    return CellError(**entry, choices=choices)
