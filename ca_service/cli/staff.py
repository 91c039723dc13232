"""`educa staff`."""

import secrets
from typing import TextIO

import click

from ca_service.cli.base import Call, Group, pass_call
from ca_service.cli.proposals import facts, waits
from ca_service.domain.proposals import Proposal
from ca_service.domain.roles import STAFF_ROLES, Role
from ca_service.domain.staff import Staff
from ca_service.passwords import hash_password
from ca_service.workflows import staff as workflow
from ca_service.workflows import staff_proposals as propose

_ROLE = click.Choice([role.value for role in STAFF_ROLES])

_ground = click.option("--ground", default="", help="依据：任命文号、原因")


@click.group(cls=Group)
def staff() -> None:
    """人员账号（由安全管理员管理）；给予角色和重置由另一名管理员确认后才生效。"""


@staff.command("add")
@click.argument("login")
@click.option("--name", required=True, help="姓名")
@click.option("--unit", required=True, metavar="CODE", help="单位代码")
@click.option("--role", "roles", multiple=True, required=True, type=_ROLE, help="角色，可多次")
@click.option(
    "--id-number-file", type=click.File(encoding="utf-8"), metavar="FILE",
    help="含本人身份证号码的文件，- 为标准输入；三员账号必需，只保存摘要",
)  # fmt: skip
@_ground
@pass_call
def add(
    call: Call, login: str, name: str, unit: str, *, roles: tuple[str, ...], id_number_file: TextIO | None, ground: str
) -> None:
    """提出新增账号，显示一次性初始密码；确认后才能使用。"""
    # From a file: what stands on a command line is seen by every process and kept in the shell's history.
    number = id_number_file.read(200).strip() if id_number_file else ""
    new = propose.NewStaff(login, name, unit, frozenset(Role(role) for role in roles), number)
    password = secrets.token_urlsafe(12)
    made = propose.propose_account(
        call.services, call.actor, new, first_password=password, hasher=hash_password, ground=ground
    )
    _tell_password(call, made, password)


@staff.command("list")
@click.option("--named", default="", help="登录名或姓名中包含的文字")
@pass_call
def list_(call: Call, named: str) -> None:
    """列出账号。"""
    found = workflow.list_staff(call.services, call.actor, named=named)
    call.show([_row(account) for account in found.rows], title="人员账号")


@staff.command("roles")
@click.argument("login")
@click.option("--role", "roles", multiple=True, required=True, type=_ROLE, help="角色，可多次；未列出的角色取消")
@click.option("--unit", metavar="CODE", help="调到另一个单位；默认不变")
@_ground
@pass_call
def roles_(call: Call, login: str, *, roles: tuple[str, ...], unit: str | None, ground: str) -> None:
    """更改角色或单位。只取消角色的立即生效，此账号在各处的登录立即退出；其余的须由另一名管理员确认。"""
    present = workflow.show_staff(call.services, call.actor, login)
    post = propose.Post(unit or present.unit_code, frozenset(Role(role) for role in roles))
    made = propose.change_post(call.services, call.actor, login, post, ground=ground)
    if made is not None:
        call.tell(_waiting(made), text=waits(made))
        return
    changed = workflow.show_staff(call.services, call.actor, login)
    call.tell(_row(changed), text=f"账号 {login} 已更改。")


@staff.command("disable")
@click.argument("login")
@pass_call
def disable(call: Call, login: str) -> None:
    """停用账号，立即生效；此账号在各处的登录立即退出。"""
    workflow.disable_staff(call.services, call.actor, login)
    call.tell({"login": login, "active": False}, text=f"账号 {login} 已停用。")


@staff.command("enable")
@click.argument("login")
@_ground
@pass_call
def enable(call: Call, login: str, *, ground: str) -> None:
    """提出重新启用账号。"""
    made = propose.propose_enabling(call.services, call.actor, login, ground=ground)
    call.tell(_waiting(made), text=waits(made))


@staff.command("reset")
@click.argument("login")
@click.option("--second-factor", is_flag=True, help="第二因素遗失：一并清除")
@_ground
@pass_call
def reset(call: Call, login: str, *, second_factor: bool, ground: str) -> None:
    """提出重置为新的初始密码；确认后才生效。三员的账号只能由本机操作员提出（不带 --as）。"""
    order = propose.Reset(secrets.token_urlsafe(12), second_factor)
    made = propose.propose_reset(call.services, call.actor, login, order, hasher=hash_password, ground=ground)
    _tell_password(call, made, order.first_password)


def _tell_password(call: Call, made: Proposal, password: str) -> None:
    told = f"{waits(made)}\n初始密码：{password}（确认后 14 天内有效，首次登录须修改）"
    call.tell({**_waiting(made), "password": password}, text=told)


def _waiting(made: Proposal) -> dict[str, object]:
    return {"login": made.subject, "proposal": made.id, "expires_at": facts(made)["expires_at"]}


def _row(account: Staff) -> dict[str, object]:
    return {
        "login": account.login,
        "name": account.name,
        "unit": account.unit_code,
        "roles": ",".join(sorted(account.roles)),
        "active": account.active,
        "second_factor": account.second_factor,
    }


COMMANDS = (staff,)
