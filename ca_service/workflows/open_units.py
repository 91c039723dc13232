"""Closed and merged units take no applications, people or tokens: every workflow that adds one asks here."""

from collections.abc import Iterable, Mapping

from ca_service.domain.errors import Conflict, NotFound
from ca_service.domain.units import Unit, UnitStatus
from ca_service.workflows.ports import UnitOfWork


def require_open(uow: UnitOfWork, codes: Iterable[str]) -> Mapping[str, Unit]:
    """The units by code, which stay open until this transaction ends; raise NotFound, Conflict.

    Ask in the transaction that writes: an answer from an earlier one may be out of date.
    """
    wanted = set(codes)
    uow.units.hold(wanted)
    units = {unit.code: unit for unit in uow.units.find(code=wanted)}
    missing = wanted - units.keys()
    if missing:
        raise NotFound(f"没有找到单位：{min(missing)}")
    for unit in units.values():
        if not unit.is_open:
            raise Conflict(ended(unit))
    return units


def ended(unit: Unit) -> str:
    """That a unit is no longer there, and where to turn instead."""
    if unit.status is UnitStatus.MERGED:
        return f"单位“{unit.name}”（{unit.code}）已并入 {unit.successor_code}，不再受理业务。请按存续单位办理。"
    return f"单位“{unit.name}”（{unit.code}）已撤销，不再受理业务。"
