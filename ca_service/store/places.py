"""Where every token was at a moment, read from the history."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from ca_service.domain.media import MediumStatus
from ca_service.domain.units import CENTRE_CODE
from ca_service.store.models import CustodyRow, LineageRow, MediumRow


class SqlPlaces:
    """Implements `workflows.ports.Places`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def at(self, moment: datetime, *, within: str) -> Mapping[str, Mapping[MediumStatus, int]]:
        """See the port. A token without a step yet is blank at the centre, where all of them are registered."""
        last = select(CustodyRow.serial, func.max(CustodyRow.seq).label("seq"))
        last = last.where(CustodyRow.at <= moment).group_by(CustodyRow.serial)
        newest = last.subquery()
        unit = func.coalesce(CustodyRow.at_unit, CENTRE_CODE)
        status = func.coalesce(CustodyRow.status, MediumStatus.BLANK.value)
        query = (
            select(unit, status, func.count())
            .select_from(MediumRow)
            .outerjoin(newest, newest.c.serial == MediumRow.serial)
            .outerjoin(CustodyRow, and_(CustodyRow.serial == newest.c.serial, CustodyRow.seq == newest.c.seq))
            .where(MediumRow.registered_at <= moment)
        )
        if within != CENTRE_CODE:
            query = query.where(unit.in_(select(LineageRow.unit_code).where(LineageRow.above_code == within)))
        found: dict[str, dict[MediumStatus, int]] = defaultdict(dict)
        for code, value, number in self._session.execute(query.group_by(unit, status).order_by(unit)):
            found[code][MediumStatus(value)] = number
        return found

    def registered(self, moment: datetime) -> int:
        """See the port."""
        query = select(func.count()).select_from(MediumRow).where(MediumRow.registered_at <= moment)
        return self._session.scalar(query) or 0
