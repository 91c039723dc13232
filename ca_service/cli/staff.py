"""`educa staff`."""

import secrets
from typing import TextIO

import click

from ca_service.cli.base import Call, Group, pass_call
from ca_service.domain.roles import STAFF_ROLES, Role
from ca_service.domain.staff import Staff
from ca_service.passwords import hash_password
from ca_service.workflows import staff as workflow

_ROLE = click.Choice([role.value for role in STAFF_ROLES])


@click.group(cls=Group)
def staff() -> None:
    """人员账号（由安全管理员管理）。"""


@staff.command("add")
@click.argument("login")
@click.option("--name", required=True, help="姓名")
@click.option("--unit", required=True, metavar="CODE", help="单位代码")
@click.option("--role", "roles", multiple=True, required=True, type=_ROLE, help="角色，可多次")
@click.option(
    "--id-number-file", type=click.File(encoding="utf-8"), metavar="FILE",
    help="含本人身份证号码的文件，- 为标准输入；三员账号必需，只保存摘要",
)  # fmt: skip
@pass_call
def add(call: Call, login: str, name: str, unit: str, *, roles: tuple[str, ...], id_number_file: TextIO | None) -> None:
    """新增账号，显示一次性初始密码。"""
    # From a file: what stands on a command line is seen by every process and kept in the shell's history.
    number = id_number_file.read(200).strip() if id_number_file else ""
    new = workflow.NewStaff(login, name, unit, frozenset(Role(role) for role in roles), number)
    password = secrets.token_urlsafe(12)
    workflow.add_staff(call.services, call.actor, new, first_password=password, hasher=hash_password)
    _tell_password(call, login, password, "已建立")


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
@pass_call
def roles_(call: Call, login: str, roles: tuple[str, ...], unit: str | None) -> None:
    """更改角色或单位；此账号在各处的登录立即退出。"""
    present = workflow.show_staff(call.services, call.actor, login)
    post = workflow.Post(unit or present.unit_code, frozenset(Role(role) for role in roles))
    changed = workflow.change_post(call.services, call.actor, login, post)
    call.tell(_row(changed), text=f"账号 {login} 已更改。")


@staff.command("disable")
@click.argument("login")
@pass_call
def disable(call: Call, login: str) -> None:
    """停用账号；此账号在各处的登录立即退出。"""
    workflow.disable_staff(call.services, call.actor, login)
    call.tell({"login": login, "active": False}, text=f"账号 {login} 已停用。")


@staff.command("enable")
@click.argument("login")
@pass_call
def enable(call: Call, login: str) -> None:
    """重新启用账号。"""
    workflow.enable_staff(call.services, call.actor, login)
    call.tell({"login": login, "active": True}, text=f"账号 {login} 已重新启用。")


@staff.command("reset")
@click.argument("login")
@click.option("--second-factor", is_flag=True, help="第二因素遗失：一并清除")
@pass_call
def reset(call: Call, login: str, *, second_factor: bool) -> None:
    """重置为新的初始密码。三员的账号只能由本机操作员重置（不带 --as）。"""
    order = workflow.Reset(secrets.token_urlsafe(12), second_factor)
    workflow.reset_staff(call.services, call.actor, login, order, hasher=hash_password)
    _tell_password(call, login, order.first_password, "已重置")


def _tell_password(call: Call, login: str, password: str, what: str) -> None:
    facts = {"login": login, "password": password}
    call.tell(facts, text=f"账号 {login} {what}，初始密码：{password}（14 天内有效，首次登录须修改）")


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
