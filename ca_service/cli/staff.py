"""`educa staff`."""

import secrets

import click

from ca_service.cli.base import Call, Group, pass_call
from ca_service.domain.roles import NOT_PEOPLE, Role
from ca_service.passwords import hash_password
from ca_service.workflows.staff import NewStaff, add_staff, disable_staff, list_staff

_ASSIGNABLE = [role.value for role in Role if role not in NOT_PEOPLE]


@click.group(cls=Group)
def staff() -> None:
    """人员账号（由安全管理员管理）。"""


@staff.command("add")
@click.argument("login")
@click.option("--name", required=True, help="姓名")
@click.option("--unit", required=True, metavar="CODE", help="单位代码")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(_ASSIGNABLE), help="角色，可多次")
@pass_call
def add(call: Call, login: str, name: str, unit: str, roles: tuple[str, ...]) -> None:
    """新增账号，显示一次性初始密码。"""
    password = secrets.token_urlsafe(12)
    new = NewStaff(login, name, unit, frozenset(Role(role) for role in roles))
    add_staff(call.services, call.actor, new, first_password=password, hasher=hash_password)
    call.tell(
        {"login": login, "password": password}, text=f"账号 {login} 已建立，初始密码：{password}（首次登录须修改）"
    )


@staff.command("disable")
@click.argument("login")
@pass_call
def disable(call: Call, login: str) -> None:
    """停用账号。"""
    disable_staff(call.services, call.actor, login)
    call.tell({"login": login, "active": False}, text=f"账号 {login} 已停用。")


@staff.command("list")
@pass_call
def list_(call: Call) -> None:
    """列出账号。"""
    rows = [
        {"login": s.login, "name": s.name, "unit": s.unit_code, "roles": ",".join(sorted(s.roles)), "active": s.active}
        for s in list_staff(call.services, call.actor)
    ]
    call.show(rows, title="人员账号")


COMMANDS = (staff,)
