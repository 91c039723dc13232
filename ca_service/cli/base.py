"""What all commands share: --config, --as and --json; errors as one line on stderr; who acts."""

import getpass
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from ca_service import config as configuration
from ca_service.config import Config, ConfigError
from ca_service.domain.errors import DomainError, Forbidden, Invalid
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.wiring import Wiring
from ca_service.workflows.ports import Services
from ca_service.workflows.refused_acts import record_refusal
from ca_service.workflows.staff import active_staff


@dataclass
class Call:
    """One call of the program: where its configuration is, who acts, how to print."""

    config_path: str | None = None
    login: str | None = None
    as_json: bool = False
    out: Console = field(default_factory=Console)

    @cached_property
    def config(self) -> Config:
        """The configuration; raise ConfigError."""
        return configuration.load(configuration.locate(self.config_path))

    @cached_property
    def wiring(self) -> Wiring:
        """The adapters of the configuration."""
        return Wiring(self.config)

    @property
    def services(self) -> Services:
        """What the workflows need."""
        return self.wiring.services

    @cached_property
    def actor(self) -> Actor:
        """The staff member named by --as, else the operator: whoever has a shell on this machine, by system name."""
        if self.login:
            return active_staff(self.services, self.login).actor("cli")
        return Actor(f"local:{getpass.getuser()}", CENTRE_CODE, frozenset({Role.OPERATOR}), "cli")

    def show(self, rows: Sequence[Mapping[str, Any]], *, title: str, brief: Sequence[str] = ()) -> None:
        """A list: one JSON document with --json, else a table, of the columns named in `brief` if any are."""
        if self.as_json:
            click.echo(json.dumps(list(rows), ensure_ascii=False, indent=1, default=str))
            return
        table = Table(title=title)
        headings = (brief or list(rows[0])) if rows else ["（没有记录）"]
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for row in rows:
            table.add_row(*[str(row[heading] if row[heading] is not None else "") for heading in headings])
        self.out.print(table)

    def tell(self, facts: Mapping[str, Any], *, text: str) -> None:
        """A single result: one JSON document with --json, else the text."""
        click.echo(json.dumps(dict(facts), ensure_ascii=False, indent=1, default=str) if self.as_json else text)

    def tell_line(self, facts: Mapping[str, Any]) -> None:
        """One of many results that come as time goes on: a line of JSON each."""
        click.echo(json.dumps(dict(facts), ensure_ascii=False, default=str))


def write_private(path: Path, content: bytes) -> None:
    """Create the file for its owner only; raise Invalid where that is not possible."""
    try:
        path.unlink(missing_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(content)
    except OSError as error:
        raise Invalid(f"无法写出文件 {path}（{error.strerror}）。请换一个位置。") from error


pass_call = click.make_pass_decorator(Call, ensure=True)


def _remember(name: str) -> Any:
    def callback(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        if value is not None and value is not False:
            setattr(context.ensure_object(Call), name, value)

    return callback


def _shared_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["--config"], metavar="FILE", expose_value=False, callback=_remember("config_path"),
            help="配置文件（默认 ./config.toml，其次 $EDUCA_CONFIG）",
        ),
        click.Option(
            ["--as"], metavar="LOGIN", expose_value=False, callback=_remember("login"), envvar="EDUCA_STAFF",
            help="以该人员账号的身份执行（默认为本机操作员）",
        ),
        click.Option(
            ["--json"], is_flag=True, expose_value=False, callback=_remember("as_json"),
            help="以 JSON 输出结果",
        ),
    ]  # fmt: skip


def _record(context: click.Context, refusal: Forbidden) -> None:
    # The path begins with the name under which the program was called, which says nothing.
    asked = " ".join([*context.command_path.split()[1:], context.invoked_subcommand or ""])
    call = context.ensure_object(Call)
    try:
        record_refusal(call.services, call.actor, refusal, asked=asked.strip())
    except DomainError as error:
        click.echo(f"educa: 此次拒绝未能记入审计：{error}", err=True)


class Command(click.Command):
    """A command that takes the shared options itself too: `educa certs list --config FILE --json`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_shared_options())


class Group(click.Group):
    """A group whose commands share the options; a refusal ends with exit code 1 and one line on stderr."""

    command_class = Command
    group_class = type

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_shared_options())

    def invoke(self, ctx: click.Context) -> Any:
        """Turn the domain's refusals into the exit code; one for want of rights is recorded."""
        # One Call for the group and the command below it: click would else make it where it is first asked for.
        ctx.ensure_object(Call)
        try:
            return super().invoke(ctx)
        except (DomainError, ConfigError) as error:
            if isinstance(error, Forbidden):
                _record(ctx, error)
            click.echo(f"educa: {error}", err=True)
            ctx.exit(1)
