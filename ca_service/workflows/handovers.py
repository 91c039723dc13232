"""From the unit to the person: a token is promised, handed over, signed for. Rows of 电子证书派发记录单."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict, Forbidden, Invalid, NotFound
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.media import (
    WITH_PERSON,
    DispatchSheet,
    HandOver,
    Medium,
    MediumEvent,
    MediumStatus,
    SheetStatus,
)
from ca_service.domain.person_text import mask_name, mask_phone
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.intake.scan import ScanError, check_scan
from ca_service.workflows.custody import in_stock, move
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.open_units import require_open
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.returned import give_back


@dataclass(frozen=True)
class RecordLine:
    """One row of the dispatch record as it is shown, printed or exported."""

    hand_over: HandOver
    unit: str
    name: str
    mobile: str


def allocate(services: Services, actor: Actor, serial: str, *, holder_id: str) -> Medium:
    """Promise a token of the own stock to a person; it can be sent on, and only they will be given it."""
    with services.begin() as uow:
        holder = _receiver(uow, actor, holder_id)
        (medium,) = in_stock(uow, actor, [serial], allocated=False)
        _require_binding(medium)
        promised = move(services, uow, actor, medium, MediumEvent.ALLOCATE, holder_id=holder_id)
        _prepare(services, uow, actor, promised, holder)
        uow.audit.append(actor, Tag.MEDIUM_ALLOCATED, serial, unit=holder.unit_code, detail={"holder": holder_id})
        return promised


def release(services: Services, actor: Actor, serial: str) -> Medium:
    """Take a promise back; the token is free stock again."""
    with services.begin() as uow:
        (medium,) = in_stock(uow, actor, [serial], allocated=True)
        authorise(actor, Action.MEDIA_MOVE, lineage=uow.units.lineage(medium.at_unit))
        freed = move(services, uow, actor, medium, MediumEvent.RELEASE, holder_id=None)
        uow.audit.append(actor, Tag.MEDIUM_RELEASED, serial, unit=medium.at_unit)
        return freed


def hand_over(services: Services, actor: Actor, serial: str, *, holder_id: str) -> Medium:
    """Hand a token of the own stock to its person, or give one back that was kept: a row of the dispatch record."""
    with services.begin() as uow:
        kept = uow.media.find(serial=serial, status=MediumStatus.RETURNED)
        if kept:
            holder = _receiver(uow, actor, holder_id)
            given = give_back(services, uow, actor, kept[0], holder)
            row = _prepare(services, uow, actor, given, holder)
            uow.hand_overs.change(row, guard=("handed_over_at",), handed_over_at=services.clock())
            return given
        (medium,) = in_stock(uow, actor, [serial], allocated=True)
        return _hand_over(services, uow, actor, medium, holder_id)


def _hand_over(services: Services, uow: UnitOfWork, actor: Actor, medium: Medium, holder_id: str) -> Medium:
    if medium.status is MediumStatus.ALLOCATED and medium.holder_id != holder_id:
        raise Conflict(f"介质 {medium.serial} 已分配给另一人，不能交给此人。请先取消分配。")
    holder = _receiver(uow, actor, holder_id, besides=medium.serial)
    _require_binding(medium)
    given = move(services, uow, actor, medium, MediumEvent.HAND_OVER, holder_id=holder_id, at_unit=holder.unit_code)
    prepared = uow.hand_overs.find(serial=medium.serial, handed_over_at=None, cancelled=False)
    row = prepared[0] if prepared else _prepare(services, uow, actor, given, holder)
    uow.hand_overs.change(row, guard=("handed_over_at", "cancelled"), handed_over_at=services.clock())
    detail = {"holder": holder_id}
    uow.audit.append(actor, Tag.MEDIUM_HANDED_OVER, medium.serial, unit=holder.unit_code, detail=detail)
    return given


def _receiver(uow: UnitOfWork, actor: Actor, holder_id: str, *, besides: str = "") -> Holder:
    holder = uow.holders.get(holder_id)
    authorise(actor, Action.MEDIA_MOVE, lineage=uow.units.lineage(holder.unit_code))
    require_open(uow, [holder.unit_code])
    if holder.status is not HolderStatus.ACTIVE:
        raise Conflict("此人的账号已停用，不能派发介质。")
    held = uow.media.find(holder_id=holder_id, status=[*WITH_PERSON, MediumStatus.ALLOCATED, MediumStatus.IN_TRANSIT])
    if any(medium.serial != besides for medium in held):
        raise Conflict("此人名下已有一个介质。请先办理交回、挂失、报损或取消分配。")
    return holder


def _require_binding(medium: Medium) -> None:
    if medium.binding_key is None:
        raise Conflict("此介质尚未初始化（没有绑定密钥），不能派发。")


def _prepare(services: Services, uow: UnitOfWork, actor: Actor, medium: Medium, holder: Holder) -> HandOver:
    row = HandOver(
        id=services.new_id("D"),
        serial=medium.serial,
        holder_id=holder.id,
        unit_code=holder.unit_code,
        from_unit=actor.unit_code,
        by=actor.login,
        prepared_at=services.clock(),
    )
    uow.hand_overs.add(row)
    return row


def prepare_sheet(services: Services, actor: Actor) -> DispatchSheet:
    """A sheet for all rows of the own unit that stand on none: promised tokens that lie here, and those handed over."""
    with services.begin() as uow:
        authorise(actor, Action.MEDIA_MOVE, lineage=uow.units.lineage(actor.unit_code))
        rows = [row for row in uow.hand_overs.find(sheet_id=None, cancelled=False) if _belongs(uow, actor, row)]
        if not rows:
            raise Conflict("没有需要打印的派发记录：请先分配或派发介质。")
        sheet = DispatchSheet(
            services.new_id("S"), actor.unit_code, SheetStatus.PREPARED, actor.login, services.clock()
        )
        uow.sheets.add(sheet)
        for row in rows:
            uow.hand_overs.change(row, guard=("sheet_id", "cancelled"), sheet_id=sheet.id)
        uow.audit.append(actor, Tag.SHEET_PREPARED, sheet.id, unit=actor.unit_code, detail={"rows": len(rows)})
        return sheet


def _belongs(uow: UnitOfWork, actor: Actor, row: HandOver) -> bool:
    if row.handed_over_at is not None:
        return row.from_unit == actor.unit_code
    medium = uow.media.get(row.serial)
    return medium.at_unit == actor.unit_code and medium.status is MediumStatus.ALLOCATED


def sheet_lines(services: Services, actor: Actor, sheet_id: str) -> Sequence[RecordLine]:
    """The rows of a sheet with names and numbers as they are printed; the look is recorded."""
    with services.begin() as uow:
        sheet = _own_sheet(uow, actor, sheet_id)
        lines = _lines(uow, uow.hand_overs.find(sheet_id=sheet.id, cancelled=False, order="serial"))
        uow.audit.append(actor, Tag.SHEET_PRINTED, sheet.id, unit=sheet.unit_code, detail={"rows": len(lines)})
        return lines


def sign_sheet(
    services: Services, actor: Actor, sheet_id: str, *, scan: bytes, scan_name: str, absent: Sequence[str] = ()
) -> DispatchSheet:
    """Keep the signed sheet: every row but those `absent` (by serial number) is handed over, and tied to the scan.

    An absent row leaves the sheet; its token stays promised and comes onto the next one. A row whose promise has ended
    since the sheet was printed counts for nothing.
    """
    try:
        check_scan(scan, scan_name)
    except ScanError as error:
        raise Invalid(str(error)) from error
    sha256 = services.documents.put(scan)
    with services.begin() as uow:
        sheet = _own_sheet(uow, actor, sheet_id)
        if sheet.status is not SheetStatus.PREPARED:
            raise Conflict("这份记录单已经上传过签字扫描件。")
        printed = uow.hand_overs.find(sheet_id=sheet.id)
        rows = [row for row in printed if not row.cancelled]
        unknown = set(absent) - {row.serial for row in printed}
        if unknown:
            raise Invalid(f"介质 {min(unknown)} 不在这份记录单上。")
        for row in rows:
            if row.serial in absent:
                _take_off(uow, row)
            elif row.handed_over_at is None:
                _hand_over(services, uow, actor, uow.media.get(row.serial), row.holder_id)
        signed = uow.sheets.change(sheet, status=SheetStatus.SIGNED, scan_sha256=sha256, signed_at=services.clock())
        detail: dict[str, str | int] = {"rows": len(rows) - len(absent), "absent": len(absent), "scan": sha256}
        uow.audit.append(actor, Tag.SHEET_SIGNED, sheet.id, unit=sheet.unit_code, detail=detail)
        return signed


def signed_scan(services: Services, actor: Actor, sheet_id: str) -> bytes:
    """The signed sheet as it was uploaded; the look is recorded. Raises NotFound while there is none, Forbidden."""
    with services.begin() as uow:
        sheet = _own_sheet(uow, actor, sheet_id)
        if sheet.status is not SheetStatus.SIGNED:
            raise NotFound("这份记录单还没有上传签字扫描件。")
        uow.audit.append(actor, Tag.SHEET_SHOWN, sheet.id, unit=sheet.unit_code, detail={"scan": sheet.scan_sha256})
    return services.documents.get(sheet.scan_sha256)


def _take_off(uow: UnitOfWork, row: HandOver) -> None:
    if row.handed_over_at is not None:
        raise Invalid(f"介质 {row.serial} 已经登记为派发，不能标为未领取。")
    uow.hand_overs.change(row, guard=("sheet_id", "handed_over_at"), sheet_id=None)


def _own_sheet(uow: UnitOfWork, actor: Actor, sheet_id: str) -> DispatchSheet:
    sheet = uow.sheets.get(sheet_id)
    authorise(actor, Action.MEDIA_MOVE, lineage=uow.units.lineage(sheet.unit_code))
    if sheet.unit_code != actor.unit_code:
        raise Forbidden("派发记录单由派发单位的介质管理员办理。")
    return sheet


def sheets(services: Services, actor: Actor, window: Window = ALL) -> Listing[DispatchSheet]:
    """The sheets of the actor's subtree, newest first."""
    with services.read() as uow:
        authorise(actor, Action.MEDIA_READ, lineage=uow.units.lineage(actor.unit_code))
        return listing(uow.sheets, window, order="-prepared_at", within=actor.unit_code)


def record(services: Services, actor: Actor, window: Window = ALL) -> Listing[RecordLine]:
    """The dispatch record of the actor's subtree, newest first, persons masked."""
    with services.read() as uow:
        authorise(actor, Action.MEDIA_READ, lineage=uow.units.lineage(actor.unit_code))
        found = listing(uow.hand_overs, window, order="-prepared_at", within=actor.unit_code, cancelled=False)
        lines = _lines(uow, found.rows)
    masked = [RecordLine(line.hand_over, line.unit, mask_name(line.name), mask_phone(line.mobile)) for line in lines]
    return Listing(masked, found.total)


def export_record(services: Services, actor: Actor) -> Sequence[RecordLine]:
    """What was handed over in the actor's subtree, in order of time, unmasked; the export is recorded."""
    with services.begin() as uow:
        authorise(actor, Action.MEDIA_MOVE, lineage=uow.units.lineage(actor.unit_code))
        rows = uow.hand_overs.find(within=actor.unit_code, cancelled=False, order="handed_over_at")
        lines = _lines(uow, [row for row in rows if row.handed_over_at is not None])
        uow.audit.append(actor, Tag.RECORD_EXPORTED, actor.unit_code, unit=actor.unit_code, detail={"rows": len(lines)})
        return lines


def _lines(uow: UnitOfWork, rows: Sequence[HandOver]) -> Sequence[RecordLine]:
    holders: Mapping[str, Holder] = {h.id: h for h in uow.holders.find(id={row.holder_id for row in rows})}
    names = {unit.code: unit.name for unit in uow.units.find(code={row.unit_code for row in rows})}
    return [
        RecordLine(row, names[row.unit_code], holders[row.holder_id].name, holders[row.holder_id].contact.mobile)
        for row in rows
    ]
