"""The tree over the audit log in two small tables; its leaves are the entries themselves."""

from collections.abc import Sequence

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from ca_service.domain.checkpoints import Checkpoint
from ca_service.domain.errors import Conflict
from ca_service.domain.merkle import leaf_hash
from ca_service.store import heads
from ca_service.store.models import AuditCheckpointRow, AuditRow, AuditTileRow

_HEAD = "audit-tree"
_TILE = insert(AuditTileRow.__table__)  # type: ignore[arg-type]


class SqlAuditTree:
    """Implements `ports.AuditTree`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def nodes(self, level: int, first: int, count: int) -> Sequence[bytes]:
        """See the port."""
        if level == 0:
            leaves = select(AuditRow.hash).where(AuditRow.seq > first, AuditRow.seq <= first + count)
            found = [leaf_hash(one) for one in self._session.scalars(leaves.order_by(AuditRow.seq))]
        else:
            row = AuditTileRow
            tiles = select(row.hash).where(row.level == level, row.position >= first, row.position < first + count)
            found = list(self._session.scalars(tiles.order_by(row.position)))
        if len(found) != count:
            raise Conflict(f"审计日志在第 {(first << 8 * level) + 1} 条之后缺少记录或散列。请运行 educa audit verify。")
        return found

    def kept(self, level: int) -> int:
        """See the port."""
        query = select(func.max(AuditTileRow.position)).where(AuditTileRow.level == level)
        last = self._session.scalar(query)
        return 0 if last is None else last + 1

    def keep(self, level: int, first: int, hashes: Sequence[bytes]) -> None:
        """See the port."""
        rows = [{"level": level, "position": at, "hash": one} for at, one in enumerate(hashes, first)]
        if rows:
            self._session.connection().execute(_TILE, rows)

    def hold(self) -> None:
        """See the port."""
        heads.lock(self._session, _HEAD)

    def last(self) -> Checkpoint | None:
        """See the port."""
        row = self._session.scalar(select(AuditCheckpointRow).order_by(AuditCheckpointRow.size.desc()).limit(1))
        return None if row is None else _record(row)

    def checkpoints(self) -> Sequence[Checkpoint]:
        """See the port."""
        return [
            _record(row) for row in self._session.scalars(select(AuditCheckpointRow).order_by(AuditCheckpointRow.size))
        ]

    def add(self, checkpoint: Checkpoint) -> None:
        """See the port."""
        self._session.execute(insert(AuditCheckpointRow).values(**vars(checkpoint)))


def _record(row: AuditCheckpointRow) -> Checkpoint:
    return Checkpoint(row.size, row.root, row.at, row.note)
