"""What is left to do when the rows are erased: documents, files of messages, what the database has not overwritten.

    erased, queued (committed) -> taken away -> row of the queue removed (committed)

If the process dies at an arrow the chore is found again and done once more: taking away what is not there is nothing.
A document that somebody put again meanwhile stays: the database is asked, and the time of its file, since a document
is put before the row that names it is committed.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ca_service.domain.audit import Tag
from ca_service.domain.erasures import Chore, ChoreKind
from ca_service.domain.roles import Actor
from ca_service.workflows.ports import Services

_PAGE = 50  # the other tasks of the worker wait meanwhile
PUT_TO_COMMIT = timedelta(hours=1)
"""Longer than any transaction between putting a document and committing the row that names it."""


@dataclass(frozen=True)
class Hands:
    """What takes away the things outside the rows: the file of a message by its id; what the database still holds of
    erased rows (False: not now, somebody reads)."""

    forget_message: Callable[[str], None]
    compact: Callable[[], bool]


def do_chores(services: Services, actor: Actor, hands: Hands) -> int:
    """Do what is queued, a page at a time; return how many chores were done. Raises Unavailable."""
    with services.read() as uow:
        waiting = uow.erasing.chores.find(limit=_PAGE, kind=[ChoreKind.DOCUMENT, ChoreKind.MESSAGE_FILE])
        # The database is put in order when nothing else is left: its files hold what was in the rows only.
        waiting = waiting or uow.erasing.chores.find(limit=_PAGE, kind=ChoreKind.COMPACT)
        again = uow.erasing.rows.named([chore.name for chore in waiting if chore.kind is ChoreKind.DOCUMENT])
    if not waiting:
        return 0
    if waiting[0].kind is ChoreKind.COMPACT:
        return _close(services, actor, waiting) if hands.compact() else 0
    done = [chore for chore in waiting if _take_away(services, hands, chore, again)]
    for chore in done:
        with services.begin() as uow:
            uow.erasing.chores.remove(kind=chore.kind, name=chore.name)
    return len(done)


def _take_away(services: Services, hands: Hands, chore: Chore, again: Collection[str]) -> bool:
    """Whether it is gone, or somebody's `again`."""
    if chore.kind is ChoreKind.MESSAGE_FILE:
        hands.forget_message(chore.name)
        return True
    return chore.name in again or services.documents.remove(chore.name, put_before=services.clock() - PUT_TO_COMMIT)


def _close(services: Services, actor: Actor, chores: Sequence[Chore]) -> int:
    """Nothing of these cases is left outside either: the log says so."""
    with services.begin() as uow:
        for chore in chores:
            if uow.erasing.chores.remove(kind=chore.kind, name=chore.name):  # else another worker was first
                uow.audit.append(actor, Tag.ERASURE_SWEPT, chore.erasure_id, unit=actor.unit_code)
    return len(chores)
