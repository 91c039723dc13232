"""个人信息清除证明: what was erased, by whom, and where the audit log says so; it names nobody."""

from ca_service.clock import SHANGHAI
from ca_service.domain.audit import AuditEntry
from ca_service.domain.erasures import Remains
from ca_service.printing.typeset import code, typeset
from ca_service.workflows.erasure_proof import Proof, ProvenLine

_FOOTER = "自治区教育信息中心 · 教育电子证书服务"


def print_erasure(proof: Proof) -> bytes:
    """The certificate of erasure as PDF; raise Unavailable when it cannot be set."""
    case = proof.case
    decided = case.decided_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if case.decided_at else "—"
    facts = {
        "number": case.id,
        "code": code(f"educa-erasure {case.id} {_hash(proof.done)}"),
        "footer": _FOOTER,
        "ground": case.ground,
        "proposed_by": case.proposed_by,
        "decided_by": case.decided_by or "—",
        "decided_at": decided,
        "entry": _named(proof.done),
        "swept": _named(proof.swept) if proof.swept else "尚未完成，请稍后重新打印",
        "rows": [_row(line) for line in proof.lines],
        "remains": [_remains(line, one) for line in proof.lines for one in line.line.facts.get("remains", ())],
    }
    return typeset("erasure", facts)


def _row(line: ProvenLine) -> dict[str, str]:
    counts = line.counts
    what = (
        f"申请 {counts['applications']}，变更 {counts['changes']}，证书 {counts['certificates']}，"
        f"文件 {counts['documents']}，共 {line.rows} 条记录"
    )
    return {
        "holder": line.line.holder_id,
        "unit": line.unit_name,
        "what": what,
        "entry": str(line.entry.seq) if line.entry else "—",
        "sha256": line.line.sha256,
    }


def _remains(line: ProvenLine, one: dict[str, str]) -> str:
    until = f"，不早于 {one['until'][:10]}" if one["until"] else ""
    return f"{line.line.holder_id}：{Remains(one['why']).chinese}（{one['what']}{until}）"


def _named(entry: AuditEntry | None) -> str:
    return f"第 {entry.seq} 条，哈希 {_hash(entry)}" if entry else "—"


def _hash(entry: AuditEntry | None) -> str:
    return bytes(entry.hash).hex() if entry else ""
