"""Drafts with their encrypted parts, which go when the draft goes."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.orm import Session

from ca_service.domain.drafts import Draft, DraftPart
from ca_service.domain.errors import NotFound
from ca_service.store.models import DraftPartRow, DraftRow
from ca_service.store.repository import SqlRepository
from ca_service.store.sealing import Sealer


class SqlDrafts(SqlRepository[Draft]):
    """Implements `ports.Drafts`."""

    def __init__(self, session: Session, sealer: Sealer) -> None:
        super().__init__(session, Draft, DraftRow, noun="导入草稿")
        self._sealer = sealer

    def put_part(self, draft_id: str, part: DraftPart, content: bytes) -> None:
        """See the port."""
        self._session.execute(delete(DraftPartRow).where(*_is(draft_id, part)))
        sealed = self._sealer.seal(content, context=_context(draft_id, part))
        self._session.execute(insert(DraftPartRow).values(draft_id=draft_id, part=part.value, sealed=sealed))

    def part(self, draft_id: str, part: DraftPart) -> bytes:
        """See the port."""
        sealed = self._session.scalar(select(DraftPartRow.sealed).where(*_is(draft_id, part)))
        if sealed is None:
            raise NotFound("这次导入已经结束或已过期，请重新上传。")
        return self._sealer.open(sealed, context=_context(draft_id, part))

    def remove(self, ids: Sequence[str]) -> None:
        """See the port."""
        self._session.execute(delete(DraftPartRow).where(DraftPartRow.draft_id.in_(ids)))
        self._session.execute(delete(DraftRow).where(DraftRow.id.in_(ids)))


def _is(draft_id: str, part: DraftPart) -> tuple[ColumnElement[bool], ...]:
    return DraftPartRow.draft_id == draft_id, DraftPartRow.part == part.value


def _context(draft_id: str, part: DraftPart) -> str:
    return f"draft/{draft_id}/{part.value}"
