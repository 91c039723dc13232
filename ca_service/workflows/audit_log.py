"""The auditor reads the log: by what was asked for, page by page, one entry with its neighbours, all as a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ca_service.domain.audit import AuditEntry, Tag
from ca_service.domain.audit_filter import AuditFilter
from ca_service.domain.errors import Invalid, NotFound
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.ports import Services, UnitOfWork

MOST_EXPORTED = 50_000
_LAST = 2_000_000_000  # no number is larger, and what is near it still fits the column


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: right below a number, right above one, or (neither) at the end of the log."""

    below: int | None = None
    above: int | None = None


@dataclass(frozen=True)
class LogPage:
    """Entries, newest first, with today's names of their units and staff. `newer` and `older` lead on, if there is
    more on that side; `whole` is whether these are all that fit."""

    entries: Sequence[AuditEntry]
    units: Mapping[str, str]
    people: Mapping[str, str]
    newer: Cursor | None = None
    older: Cursor | None = None

    @property
    def whole(self) -> bool:
        """Whether this page has every entry that fits: there is neither a newer nor an older one."""
        return self.newer is None and self.older is None


def log_page(services: Services, actor: Actor, wanted: AuditFilter, cursor: Cursor, *, size: int) -> LogPage:
    """One page of the entries that fit; raise Forbidden, NotFound (a unit that does not exist)."""
    with services.read() as uow:
        _admit(uow, actor, wanted)
        below, above = _within_bounds(cursor.below), _within_bounds(cursor.above)
        # One more than is shown tells whether there is more.
        found = uow.audit.find(wanted, below=below, above=above, limit=size + 1)
        more = len(found) > size
        shown = found[1:] if more and above is not None else found[:size]
        if not shown:
            return LogPage(shown, {}, {})
        more_newer = more if above is not None else below is not None and _any(uow, wanted, above=shown[0].seq)
        more_older = more if above is None else _any(uow, wanted, below=shown[-1].seq)
        return _named(
            uow, shown,
            newer=Cursor(above=shown[0].seq) if more_newer else None,
            older=Cursor(below=shown[-1].seq) if more_older else None,
        )  # fmt: skip


@dataclass(frozen=True)
class SingleEntry:
    """An entry beside those before and after it. `content_holds`: its hash is that of its content; `links_hold`: it
    names the hash of the one before, and the one after names its own."""

    page: LogPage
    before: AuditEntry | None
    after: AuditEntry | None

    @property
    def entry(self) -> AuditEntry:
        """As it is stored, damaged or not."""
        return self.page.entries[0]

    @property
    def content_holds(self) -> bool:
        """Whether the stored hash is the hash of what is stored."""
        return self.entry.digest() == bytes(self.entry.hash)

    @property
    def links_hold(self) -> bool:
        """Whether the neighbours that there are fit."""
        to_before = self.before is None or bytes(self.before.hash) == bytes(self.entry.previous)
        return to_before and (self.after is None or bytes(self.after.previous) == bytes(self.entry.hash))


def single_entry(services: Services, actor: Actor, seq: int) -> SingleEntry:
    """One entry by its number; raise Forbidden, NotFound."""
    with services.read() as uow:
        _admit(uow, actor, AuditFilter())
        near = {}
        if 1 <= seq < _LAST:
            near = {one.seq: one for one in uow.audit.find(AuditFilter(), below=seq + 2, limit=3)}
        if seq not in near:
            raise NotFound(f"没有第 {seq} 条审计记录。")
        return SingleEntry(_named(uow, [near[seq]]), near.get(seq - 1), near.get(seq + 1))


def export_log(services: Services, actor: Actor, wanted: AuditFilter) -> LogPage:
    """All entries that fit, oldest first; the export is recorded before anything is handed out.

    Raises Forbidden, NotFound, Invalid (none fits, or more than MOST_EXPORTED).
    """
    with services.read() as uow:
        _admit(uow, actor, wanted)
        found = uow.audit.find(wanted, limit=MOST_EXPORTED + 1)[::-1]
        if not found:
            raise Invalid("没有符合条件的审计记录可以导出。请放宽条件后重试。")
        if len(found) > MOST_EXPORTED:
            raise Invalid(f"符合条件的审计记录超过 {MOST_EXPORTED} 条，一次不能全部导出。请按日期分段导出。")
        page = _named(uow, found)
    # What was typed is recorded only here, where entries carry it: it is nothing that the log does not hold already.
    detail: dict[str, str | int] = {"rows": len(found), "first": found[0].seq, "last": found[-1].seq}
    with services.begin() as uow:
        unit = actor.unit_code
        uow.audit.append(actor, Tag.AUDIT_EXPORTED, unit, unit=unit, detail=detail | wanted.facts())
    return page


def record_whole_export(services: Services, actor: Actor) -> None:
    """Record that the whole log is handed out, before it is; raise Forbidden."""
    with services.begin() as uow:
        _admit(uow, actor, AuditFilter())
        size, _ = uow.audit.head()
        detail: dict[str, str | int] = {"rows": size + 1, "first": 1, "last": size + 1}
        uow.audit.append(actor, Tag.AUDIT_EXPORTED, actor.unit_code, unit=actor.unit_code, detail=detail)


def _admit(uow: UnitOfWork, actor: Actor, wanted: AuditFilter) -> None:
    authorise(actor, Action.AUDIT_READ, lineage=uow.units.lineage(actor.unit_code))
    if wanted.unit:
        uow.units.lineage(wanted.unit)


def _within_bounds(number: int | None) -> int | None:
    return None if number is None else min(max(number, 0), _LAST)


def _any(uow: UnitOfWork, wanted: AuditFilter, *, below: int | None = None, above: int | None = None) -> bool:
    return bool(uow.audit.find(wanted, below=below, above=above, limit=1))


def _named(
    uow: UnitOfWork, entries: Sequence[AuditEntry], *, newer: Cursor | None = None, older: Cursor | None = None
) -> LogPage:
    codes = {entry.unit_code for entry in entries}
    return LogPage(entries, _unit_names(uow, codes), _people(uow, entries), newer, older)


def _unit_names(uow: UnitOfWork, codes: Iterable[str]) -> Mapping[str, str]:
    return {unit.code: unit.name for unit in uow.units.with_codes(sorted(codes))}


def _people(uow: UnitOfWork, entries: Sequence[AuditEntry]) -> Mapping[str, str]:
    logins = sorted({entry.actor for entry in entries})
    pieces = (logins[start : start + 1000] for start in range(0, len(logins), 1000))
    return {staff.login: staff.name for some in pieces for staff in uow.staff.find(login=some)}
