"""What a reviewer is shown of applications, put together from their rows, scans and units."""

from collections.abc import Iterable, Mapping, Sequence

from ca_service.domain.applications import Application, Shown, UnitPath
from ca_service.domain.errors import Conflict
from ca_service.workflows.ports import UnitOfWork


def shown(uow: UnitOfWork, applications: Sequence[Application]) -> Mapping[str, Shown]:
    """Each application as a reviewer sees it now, by its id."""
    paths = unit_paths(uow, {a.unit_code for a in applications})
    scans = {b.id: b.scan_sha256 for b in uow.batches.find(id={a.batch_id for a in applications})}
    return {a.id: Shown(a, paths[a.unit_code], a.scan_sha256 or scans[a.batch_id]) for a in applications}


def unit_paths(uow: UnitOfWork, codes: Iterable[str]) -> Mapping[str, UnitPath]:
    """For each unit the codes and names from the centre down to it."""
    lineages = uow.units.lineages(codes)
    names = {u.code: u.name for u in uow.units.find(code={code for line in lineages.values() for code in line})}
    return {code: tuple((above, names[above]) for above in reversed(line)) for code, line in lineages.items()}


def refuse_other_content(now: str, seen: str | None) -> None:
    """Raise Conflict where a page showed something else than lies there now; None: no page was shown (a command)."""
    if seen is not None and seen != now:
        raise Conflict("页面显示的内容已经过时：它在您查看之后有变化。未作任何更改，请刷新后按最新内容办理。")
