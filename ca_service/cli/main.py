"""The `educa` program. A noun's module is imported when it is called for: starting costs what the command needs."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType

import click

from ca_service.cli.base import Group
from ca_service.telemetry.logs import to_standard_error

_MODULES: Mapping[str, str] = MappingProxyType(
    {
        "audit": "audit",
        "backup": "backup",
        "ca": "key_backups",
        "campaigns": "campaigns",
        "certs": "certs",
        "changes": "changes",
        "crl": "crls",
        "doctor": "doctor",
        "drill": "drill",
        "enrolments": "enrolments",
        "erasures": "erasures",
        "holders": "holders",
        "init": "init",
        "media": "media",
        "messages": "messages",
        "ocsp": "ocsp_answers",
        "proposals": "proposals",
        "registrations": "registrations",
        "restore": "backup",
        "secrets": "field_keys",
        "serve": "serve",
        "staff": "staff",
        "transfers": "transfers",
        "units": "units",
        "worker": "serve",
    }
)


class _LazyGroup(Group):
    """The top group: names are known, modules come when needed."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """All nouns."""
        return sorted(_MODULES)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Import the module of a noun; None for an unknown one, which click reports as usage (exit 2)."""
        if name not in _MODULES:
            return None
        commands: Sequence[click.Command] = import_module(f"ca_service.cli.{_MODULES[name]}").COMMANDS
        return next(command for command in commands if command.name == name)


@click.group(cls=_LazyGroup)
@click.version_option(package_name="education-ca")
def main() -> None:
    """教育CA：登记、介质、证书、状态发布。"""
    to_standard_error()


if __name__ == "__main__":
    main()
