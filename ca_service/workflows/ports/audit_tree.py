"""The Merkle tree over the audit log and its checkpoints."""

from collections.abc import Sequence
from typing import Protocol

from ca_service.domain.checkpoints import Checkpoint


class AuditTree(Protocol):
    """Hashes of complete subtrees beside the log, and what was signed of it. Nothing here is ever changed."""

    def nodes(self, level: int, first: int, count: int) -> Sequence[bytes]:
        """So many hashes of one level in order, those of level 0 from the entries (`merkle.Nodes`).

        Raises Conflict where one is missing: the log is shorter than what was asked for, or somebody removed it.
        """

    def kept(self, level: int) -> int:
        """How many hashes of a level are kept; they are the first ones."""

    def keep(self, level: int, first: int, hashes: Sequence[bytes]) -> None:
        """Keep more hashes of a level, from the number `first`, which is the one `kept` returns."""

    def hold(self) -> None:
        """Let nobody else keep hashes or add a checkpoint until this transaction ends; waits for who does now."""

    def last(self) -> Checkpoint | None:
        """The one of the most entries; None before the first."""

    def checkpoints(self) -> Sequence[Checkpoint]:
        """All checkpoints, smallest first."""

    def add(self, checkpoint: Checkpoint) -> None:
        """Store a checkpoint larger than any before."""
