"""`educa units`."""

from pathlib import Path

import click

from ca_service.cli.base import Call, Group, pass_call
from ca_service.workflows.unit_tree import list_units
from ca_service.workflows.units import import_units


@click.group(cls=Group)
def units() -> None:
    """单位。"""


@units.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pass_call
def import_(call: Call, file: Path) -> None:
    """从 CSV、JSON 或 xlsx 文件登记单位（code,name,kind,parent,area_code,school_type）。"""
    report = import_units(call.services, call.actor, file.read_bytes(), filename=file.name)
    facts = {"read": report.read, "added": report.added}
    call.tell(facts, text=f"读取 {report.read} 个单位，新登记 {report.added} 个。")


@units.command("list")
@pass_call
def list_(call: Call) -> None:
    """列出本单位及下级单位。"""
    rows = [
        {"code": u.code, "name": u.name, "kind": u.kind.value, "parent": u.parent_code, "school_type": u.school_type}
        for u in list_units(call.services, call.actor).rows
    ]
    call.show(rows, title="单位")


COMMANDS = (units,)
