"""What a person chooses for the bad rows of a file: the question of the form, and how it is carried out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ca_service.domain.errors import Invalid
from ca_service.web.console.context import field, upload
from ca_service.workflows.units import ImportMode

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Importer(Protocol[R_co]):
    """Reads a file and stores what the mode lets it."""

    def __call__(self, data: bytes, *, filename: str, mode: ImportMode) -> R_co: ...


@dataclass(frozen=True)
class Outcome(Generic[R]):
    """The report to show, under the choice that was made; `stored` is false after a mere look."""

    report: R
    mode: ImportMode
    stored: bool


def run(take: Importer[R], faults: Callable[[R], Sequence[object]]) -> Outcome[R]:
    """Import the uploaded file as the form says; all-or-nothing with a fault is reported like a check, not refused."""
    if field("mode") not in set(ImportMode):
        raise Invalid("请选择怎样处理有问题的行。")
    mode = ImportMode(field("mode"))
    data, name = upload("file")
    if mode is ImportMode.ALL_OR_NOTHING:
        checked = take(data, filename=name, mode=ImportMode.CHECK)
        if faults(checked):
            return Outcome(checked, mode, stored=False)
    return Outcome(take(data, filename=name, mode=mode), mode, stored=mode is not ImportMode.CHECK)
