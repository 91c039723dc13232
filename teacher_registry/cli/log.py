"""`teacher-registry log verify`."""

import re
from pathlib import Path

import click

from teacher_registry.accounts import chain
from teacher_registry.cli.call import config_option, fail, json_option, print_json, registry_of

_HEAD = re.compile(r"([0-9]{1,15}):([0-9a-f]{64})")


@click.group()
def log() -> None:
    """The hash-chained log of the registry."""


@log.command()
@config_option
@json_option
@click.option("--head", "kept", metavar="N:HASH", help="A head printed earlier, which must still be in the log.")
def verify(path: Path | None, as_json: bool, kept: str | None) -> None:
    """Recompute the whole chain; exit 1 at the first entry that does not fit. Keep the printed head elsewhere."""
    verdict = chain.verify(registry_of(path).sessions, kept=None if kept is None else _head(kept))
    if as_json:
        print_json({"entries": verdict.entries, "head": verdict.head, "wrong": verdict.wrong or None})
    elif not verdict.wrong:
        click.echo(f"{verdict.entries} entries fit together; head {verdict.entries}:{verdict.head}")
    if verdict.wrong:
        fail(f"the log was tampered with: {verdict.wrong}; stop, keep the database as evidence, tell the auditor")


def _head(text: str) -> tuple[int, str]:
    found = _HEAD.fullmatch(text)
    if found is None:
        raise click.BadParameter("N:HASH is needed, as `log verify` prints it", param_hint="--head")
    return int(found[1]), found[2]
