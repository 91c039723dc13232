"""The audit log of a filled service: a chain that goes on from where it is, and verifies."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert, update

from ca_service.domain.audit import AuditEntry, Tag, canonical, timestamp
from ca_service.store.models import AuditRow, HeadRow
from ca_service.wiring import Wiring

_TAGS = (Tag.APPLICATION_FORWARDED, Tag.STAFF_SIGNED_IN, Tag.APPLICATION_UNMASKED, Tag.HOLDER_REGISTERED)
_DETAIL = canonical({"to": "150300"})
_PERIOD = timedelta(days=300)
_AT_A_TIME = 10_000


def lengthen(wiring: Wiring, subjects: Sequence[tuple[str, str]], *, upto: int, now: datetime) -> None:
    """Append entries about these (subject, unit code), in turn, until the last one has the number `upto`.

    They are spread evenly over the 300 days before `now`. Links are computed like the service does, but written in
    bulk: one transaction, ten thousand rows an INSERT.
    """
    with wiring.services.read() as uow:
        seq, link = uow.audit.head()
    with wiring.database.engine.begin() as connection:
        while seq < upto:
            entries = []
            for number in range(seq + 1, min(seq + _AT_A_TIME, upto) + 1):
                subject, unit = subjects[number % len(subjects)]
                entry = AuditEntry(
                    number, timestamp(now - _PERIOD / upto * (upto - number)), _TAGS[number % len(_TAGS)].value,
                    f"clerk-{number % 300}", "web", unit, subject, _DETAIL, bytes(link),
                ).sealed()  # fmt: skip
                link = entry.hash
                entries.append(vars(entry))
            connection.execute(insert(AuditRow), entries)
            seq += len(entries)
        connection.execute(update(HeadRow).where(HeadRow.name == "audit").values(seq=seq, hash=bytes(link)))
