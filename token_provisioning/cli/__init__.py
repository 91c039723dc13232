"""`educa-token`: the helper on the command line. Exit 0 done, 1 refused or failed, 2 usage."""

import sys
from typing import Any

import click
import pkcs11

from token_provisioning import settings
from token_provisioning.cli import centre, holder, output, page
from token_provisioning.errors import TokenError
from token_provisioning.untried import untried_notice


class _Refused(click.ClickException):
    """A refusal or failure: its sentence on stderr, exit code 1."""

    def show(self, file: Any = None) -> None:
        """Only the sentence, without the "Error:" of click, which is English."""
        click.echo(self.message, file=file, err=file is None)


class _Group(click.Group):
    """The only place that turns errors into exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        """TokenError and PKCS11Error become `_Refused`; what else comes is left to click."""
        try:
            return super().invoke(ctx)
        except TokenError as error:
            raise _Refused(str(error)) from error
        except pkcs11.PKCS11Error as error:
            raise _Refused(f"介质操作失败({type(error).__name__})。请重新插入介质后重试。") from error


@click.group(cls=_Group, help="教育CA证书助手:在 UKEY 介质上下载和使用证书。")
@click.version_option(page.program_version(), prog_name="educa-token")
@click.pass_context
def group(context: click.Context) -> None:
    """Take what the settings file says as the default of every command; say where this is untried."""
    if notice := untried_notice():
        output.notice(notice)
    known = settings.load(settings.find())
    given = {"server": known.server, "ca_file": known.ca_file, "module": known.module}
    defaults = {name: str(value) for name, value in given.items() if value is not None}
    context.default_map = dict.fromkeys(group.commands, defaults)


for _command in (*centre.COMMANDS, *holder.COMMANDS, *page.COMMANDS):
    group.add_command(_command)


def main() -> None:
    """Run the command line; a packaged program that is started by a click opens the page."""
    clicked = getattr(sys, "frozen", False) and len(sys.argv) == 1
    group(["helper"] if clicked else None, prog_name="educa-token")
