"""The `educa` program."""

import click

from ca_service.cli import (
    audit,
    certs,
    changes,
    crls,
    doctor,
    enrolments,
    init,
    media,
    registrations,
    serve,
    staff,
    units,
)
from ca_service.cli.base import Group


@click.group(cls=Group)
@click.version_option(package_name="education-ca")
def main() -> None:
    """教育CA：登记、介质、证书、状态发布。"""


for module in (audit, certs, changes, crls, doctor, enrolments, init, media, registrations, serve, staff, units):
    for command in module.COMMANDS:
        main.add_command(command)


if __name__ == "__main__":
    main()
