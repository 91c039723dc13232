"""`teacher-registry`: serve, doctor, accounts list | import, log verify. Exit 0 done, 1 refused or failed (one line
on stderr), 2 usage.
"""

import click

from teacher_registry.cli.accounts import accounts
from teacher_registry.cli.doctor import doctor
from teacher_registry.cli.log import log
from teacher_registry.cli.serve import serve


@click.group()
def main() -> None:
    """The teacher registry (教师系统): sign-in by certificate, accounts of the own unit."""


for command in (serve, doctor, accounts, log):
    main.add_command(command)
