"""Whether anything of an erased person is left: in the rows, among the documents, in what is still queued."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ca_service.domain.audit import Tag
from ca_service.domain.audit_filter import AuditFilter
from ca_service.domain.erasures import ErasureLine, Traces, facts_sha256
from ca_service.domain.errors import NotFound
from ca_service.domain.holders import HolderStatus
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.ports import Services, UnitOfWork


@dataclass(frozen=True)
class Checked:
    """One erased holder. `rows`: by table, how many still tell something; `documents`: how many of the erased ones lie
    in the folder; `waiting`: what of the case the worker has still to do; `proven`: what is kept about the erasure is
    what the audit log says was kept; `remains`: what stayed for others' sake, as recorded."""

    holder_id: str
    erasure_id: str
    rows: Mapping[str, int] = field(default_factory=dict)
    documents: int = 0
    waiting: int = 0
    proven: bool = True
    remains: Sequence[Mapping[str, str]] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing is left but what was recorded as staying."""
        return self.proven and not (self.rows or self.documents or self.waiting)


def check_erased(services: Services, actor: Actor, holder_ids: Sequence[str] = ()) -> Sequence[Checked]:
    """Look for these holders, or all that were erased; raise NotFound for one that was not, Forbidden."""
    with services.read() as uow:
        authorise(actor, Action.ERASURE_READ, lineage=uow.units.lineage(actor.unit_code))
        found = uow.erasing.lines.find(holder_id=list(holder_ids)) if holder_ids else uow.erasing.lines.find()
        lines = [line for line in found if line.erased_at is not None]
        missing = set(holder_ids) - {line.holder_id for line in lines}
        if missing:
            raise NotFound(f"{min(missing)} 的档案没有清除过。")
        here = {services.keyed_hash(f"document/{name}") for name in services.documents.names()}
        return [_checked(uow, line, here) for line in lines]


def _checked(uow: UnitOfWork, line: ErasureLine, documents: set[str]) -> Checked:
    rows = dict(uow.erasing.rows.left(Traces.of(line.facts)))
    if uow.holders.get(line.holder_id).status is not HolderStatus.ERASED:
        rows["holder"] = rows.get("holder", 0) + 1
    entries = uow.audit.find(AuditFilter(tags=(Tag.HOLDER_ERASED,), subject=line.holder_id), limit=10)
    proven = facts_sha256(line.facts) == line.sha256 and any(line.sha256 in entry.detail for entry in entries)
    return Checked(
        line.holder_id,
        line.erasure_id,
        rows,
        len(documents & set(line.facts.get("documents", ()))),
        uow.erasing.chores.count(erasure_id=line.erasure_id),
        proven,
        line.facts.get("remains", ()),
    )
