"""`educa messages`."""

import click

from ca_service.cli.base import Call, Group, pass_call
from ca_service.domain.messages import Message, MessageStatus
from ca_service.workflows import messages as workflow


@click.group(cls=Group)
def messages() -> None:
    """发给个人的短信和电子邮件：查看、重新发送。"""


@messages.command("list")
@click.option("--status", type=click.Choice([status.value for status in MessageStatus]))
@pass_call
def list_(call: Call, status: str | None) -> None:
    """列出消息（地址已遮盖，不显示内容），新的在前。"""
    wanted = MessageStatus(status) if status else None
    found = workflow.list_messages(call.services, call.actor, status=wanted).rows
    call.show([_row(message) for message in found], title="消息")


@messages.command("resend")
@click.argument("ids", nargs=-1, required=True)
@pass_call
def resend(call: Call, ids: tuple[str, ...]) -> None:
    """重新发送失败或结果不明的消息（收件人可能收到两次）。"""
    done = workflow.resend(call.services, call.actor, ids)
    call.tell({"messages": [message.id for message in done]}, text=f"{len(done)} 条消息将重新发送。")


def _row(message: Message) -> dict[str, object]:
    return {
        "id": message.id,
        "channel": message.channel.value,
        "to": message.letter.to,
        "status": message.status.value,
        "unit": message.unit_code,
        "created_at": message.created_at,
        "attempts": message.attempts,
        "failure": message.failure,
    }


COMMANDS = (messages,)
