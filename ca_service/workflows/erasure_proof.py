"""What can be shown of an erasure afterwards: the case, what went, and which entries of the audit log say so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ca_service.domain.audit import AuditEntry, Tag
from ca_service.domain.audit_filter import AuditFilter
from ca_service.domain.erasures import Erasure, ErasureLine, ErasureStatus
from ca_service.domain.errors import Conflict
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.ports import Services, UnitOfWork


@dataclass(frozen=True)
class ProvenLine:
    """An erased holder with the entry of the audit log that carries the hash of the facts."""

    line: ErasureLine
    unit_name: str
    entry: AuditEntry | None

    @property
    def counts(self) -> Mapping[str, int]:
        """How many things of each kind went."""
        facts: Mapping[str, Sequence[Any]] = self.line.facts
        return {kind: len(facts.get(kind, ())) for kind in ("applications", "changes", "certificates", "documents")}

    @property
    def rows(self) -> int:
        """How many rows were overwritten or deleted."""
        return sum(self.line.facts.get("rows", {}).values())


@dataclass(frozen=True)
class Proof:
    """A case that was carried out. `swept`: the entry that says that the files are gone too; None: not yet."""

    case: Erasure
    lines: Sequence[ProvenLine]
    done: AuditEntry | None
    swept: AuditEntry | None


def proof(services: Services, actor: Actor, case_id: str) -> Proof:
    """What there is to show; raise NotFound, Forbidden, Conflict where nothing was erased."""
    with services.read() as uow:
        authorise(actor, Action.ERASURE_READ, lineage=uow.units.lineage(actor.unit_code))
        case = uow.erasing.cases.get(case_id)
        if case.status is not ErasureStatus.CARRIED_OUT:
            raise Conflict("这件档案清除没有办理，没有清除证明。")
        lines = uow.erasing.lines.find(erasure_id=case.id)
        names = {unit.code: unit.name for unit in uow.units.with_codes([line.unit_code for line in lines])}
        proven = [
            ProvenLine(line, names.get(line.unit_code, ""), _entry(uow, Tag.HOLDER_ERASED, line.holder_id))
            for line in lines
        ]
        swept = _entry(uow, Tag.ERASURE_SWEPT, case.id)
        return Proof(case, proven, _entry(uow, Tag.ERASURE_DONE, case.id), swept)


def _entry(uow: UnitOfWork, tag: Tag, subject: str) -> AuditEntry | None:
    return next(iter(uow.audit.find(AuditFilter(tags=(tag,), subject=subject), limit=1)), None)
