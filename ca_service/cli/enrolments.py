"""`educa enrolments`."""

import click

from ca_service.cli.base import Call, Group, pass_call
from ca_service.workflows.enrol_codes import issue_code, list_enrolments


@click.group(cls=Group)
def enrolments() -> None:
    """证书下载码。"""


@enrolments.command("issue-code")
@click.argument("holder")
@pass_call
def issue_code_(call: Call, holder: str) -> None:
    """为持证人发放参考号；授权码经短信发给本人，不在此显示。"""
    issued = issue_code(call.services, call.actor, holder)
    facts = {
        "enrolment": issued.enrolment.id,
        "holder": holder,
        "token": issued.enrolment.medium_serial,
        "reference_number": issued.reference_number,
        "expires_at": issued.enrolment.expires_at.isoformat(),
    }
    call.tell(
        facts, text=f"参考号：{issued.reference_number}（授权码已发往本人手机，14 天内有效，仅限本人使用，不得外借）"
    )


@enrolments.command("list")
@pass_call
def list_(call: Call) -> None:
    """列出下载码的状态。"""
    rows = [
        {
            "id": e.id,
            "holder": e.holder_id,
            "token": e.medium_serial,
            "status": e.status.value,
            "tries_left": e.tries_left,
            "expires_at": e.expires_at.isoformat(),
            "certificate": e.certificate_serial,
        }
        for e in list_enrolments(call.services, call.actor).rows
    ]
    call.show(rows, title="证书下载")


COMMANDS = (enrolments,)
