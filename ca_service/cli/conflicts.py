"""`educa registrations conflicts`, `... settle`: persons who apply twice."""

import click

from ca_service.cli.base import Call, Command, pass_call
from ca_service.domain.conflicts import DECISIONS, ConflictCase, ConflictEvent, ConflictStatus
from ca_service.workflows.conflict_cases import ConflictDecision, conflict_cases, decide_conflict


@click.command("conflicts", cls=Command)
@click.option("--status", type=click.Choice([status.value for status in ConflictStatus]), help="默认为全部")
@pass_call
def conflicts(call: Call, status: str | None) -> None:
    """列出重复登记（同一身份证号的两份有效申请）。"""
    found = conflict_cases(call.services, call.actor, status=ConflictStatus(status) if status else None).rows
    call.show([_row(case) for case in found], title="重复登记")


@click.command("settle", cls=Command)
@click.argument("case")
@click.option("--decision", required=True, type=click.Choice([event.value for event in DECISIONS]))
@click.option("--reason", required=True, help="保留双方的理由，或退回的原因")
@pass_call
def settle(call: Call, case: str, decision: str, reason: str) -> None:
    """处理重复登记。"""
    settled = decide_conflict(call.services, call.actor, case, ConflictDecision(ConflictEvent(decision), reason))
    call.tell(_row(settled), text=f"重复登记 {settled.id} 已处理。")


def _row(case: ConflictCase) -> dict[str, object]:
    return {
        "id": case.id,
        "first": case.first_id,
        "second": case.second_id,
        "status": case.status.value,
        "at_unit": case.at_unit,
        "decided_by": case.decided_by,
        "reason": case.reason,
    }


COMMANDS = (conflicts, settle)
