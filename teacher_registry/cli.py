"""`teacher-registry`: serve, accounts list. Exit 0 done, 1 refused or failed (one line on stderr), 2
usage.
"""

import json
import logging
import os
import secrets
import signal
import sys
from pathlib import Path
from typing import NoReturn

import click
import structlog
from cheroot.wsgi import Server
from sqlalchemy.exc import SQLAlchemyError

from teacher_registry.accounts.book import all_accounts
from teacher_registry.accounts.database import open_database
from teacher_registry.accounts.models import AccountKind
from teacher_registry.accounts.sheets import KIND_NAMES
from teacher_registry.clock import system_clock
from teacher_registry.config import Config, ConfigError, load_config
from teacher_registry.serving import build_server
from teacher_registry.web.app import create_app
from teacher_registry.web.csrf import CsrfTokens
from teacher_registry.web.negotiate import account_document
from teacher_registry.wiring import build_registry

_config_option = click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    help="TOML file with the table [registry]; default ./config.toml, else $EDUCA_CONFIG.",
)


@click.group()
def main() -> None:
    """The teacher registry (教师系统): sign-in by certificate, accounts of the own unit."""


@main.command()
@_config_option
def serve(path: Path | None) -> None:
    """Serve until Ctrl-C or SIGTERM; prints the address once it listens."""
    config = _load(path)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        registry = build_registry(config, system_clock)
        app = create_app(registry, CsrfTokens(secrets.token_bytes(32)))
        server = build_server(config, app)
        server.prepare()
    except (ConfigError, OSError) as error:
        _fail(f"cannot serve: {error}")
    click.echo(f"teacher registry: {_where(config, server)}")
    # A shell starts background programs with SIGINT ignored, so SIGTERM must not go by way of it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.serve()
    except KeyboardInterrupt:
        server.stop()


@main.group()
def accounts() -> None:
    """The accounts in the registry's database."""


@accounts.command("list")
@_config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--unit", help="Only this unit's code.")
def list_accounts(path: Path | None, as_json: bool, unit: str | None) -> None:
    """List accounts, of all units or of one."""
    try:
        found = all_accounts(open_database(_load(path).database), unit)
    except (SQLAlchemyError, ImportError) as error:
        _fail(f"cannot read the database: {type(error).__name__}; check [registry] database")
    if as_json:
        documents = [{"unit": account.unit_code, **account_document(account)} for account in found]
        click.echo(json.dumps(documents, ensure_ascii=False, indent=2))
        return
    for account in found:
        lock = " locked" if account.locked_at else ""
        kind = KIND_NAMES[AccountKind(account.kind)]
        click.echo(f"{account.unit_code}  {account.login}  {account.name}  {kind}  {account.status}{lock}")


def _where(config: Config, server: Server) -> str:
    """The address that was bound: a free port has its number only now."""
    if isinstance(config.listen, str):
        return f"unix:{config.listen} (behind the proxy of {config.proxy})"
    host, port = server.bind_addr[:2]
    return f"https://{host}:{port}/" if not config.proxy else f"{host}:{port} (behind the proxy {config.proxy})"


def _load(path: Path | None) -> Config:
    """An explicit --config, else ./config.toml, else $EDUCA_CONFIG."""
    try:
        return load_config(path or _default_path())
    except ConfigError as error:
        _fail(str(error))


def _default_path() -> Path:
    here = Path("config.toml")
    named = os.environ.get("EDUCA_CONFIG")
    return Path(named) if named and not here.is_file() else here


def _fail(reason: str) -> NoReturn:
    click.echo(f"teacher-registry: {reason}", err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
