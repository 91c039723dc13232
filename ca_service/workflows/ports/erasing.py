"""Rows about persons, whatever tables they lie in; each docstring is the contract the adapter keeps."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from ca_service.domain.erasures import Chore, Erasure, ErasureLine, RecordsHold, Traces
from ca_service.workflows.ports.repository import Repository, Transient


class PersonalData(Protocol):
    """What tells who a person is, in all tables at once. The list of places is the store's."""

    def documents(self, traces: Traces) -> Collection[str]:
        """The hashes of the documents that these rows name."""

    def named(self, documents: Collection[str], *, besides: Traces | None = None) -> Collection[str]:
        """Which of these documents some row names, other than those of `besides`."""

    def mentions(self, subjects: Sequence[str], names: Collection[str]) -> Sequence[int]:
        """The numbers of the audit entries about these subjects in whose details one of the names stands."""

    def erase(self, traces: Traces) -> Mapping[str, int]:
        """Overwrite or delete all that tells who it was; return the rows by table. Keeps the hash of certificates."""

    def left(self, traces: Traces) -> Mapping[str, int]:
        """Rows, by table, in which something still tells who it was; empty where nothing does."""


class Erasing(Protocol):
    """All that belongs to erasing: the cases with their lines, holds, chores, and the rows about persons themselves."""

    @property
    def cases(self) -> Repository[Erasure]:
        """Erasures that one officer proposed and the security administrator decides."""

    @property
    def lines(self) -> Repository[ErasureLine]:
        """The persons of each case, with what was erased of whom."""

    @property
    def holds(self) -> Repository[RecordsHold]:
        """Demands that the records of a person stay, lifted ones included."""

    @property
    def chores(self) -> Transient[Chore]:
        """What is still to be removed outside the rows; each is deleted once it is done."""

    @property
    def rows(self) -> PersonalData:
        """The rows of all other tables, by the person whom they tell of."""
