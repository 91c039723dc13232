"""What all commands share: the configuration, and one line on stderr for each failure."""

import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from teacher_registry.clock import system_clock
from teacher_registry.config import Config, ConfigError, load_config
from teacher_registry.wiring import Registry, build_registry

config_option = click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    help="TOML file with the table [registry]; default ./config.toml, else $EDUCA_CONFIG.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


def load(path: Path | None) -> Config:
    """An explicit --config, else ./config.toml, else $EDUCA_CONFIG."""
    try:
        return load_config(path or _default_path())
    except ConfigError as error:
        fail(str(error))


def registry_of(path: Path | None) -> Registry:
    """The registry without HTTP, on this machine's clock."""
    try:
        return build_registry(load(path), system_clock)
    except ConfigError as error:
        fail(str(error))


def print_json(document: Any) -> None:
    """On standard output, indented, Chinese as it is."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def fail(reason: str) -> NoReturn:
    """Exit 1 with one line."""
    click.echo(f"teacher-registry: {reason}", err=True)
    sys.exit(1)


def _default_path() -> Path:
    here = Path("config.toml")
    named = os.environ.get("EDUCA_CONFIG")
    return Path(named) if named and not here.is_file() else here
