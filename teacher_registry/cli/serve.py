"""`teacher-registry serve`."""

import logging
import secrets
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import click
import structlog
from cheroot.wsgi import Server

from teacher_registry.background import rounds
from teacher_registry.cli.call import config_option, fail, load
from teacher_registry.clock import system_clock
from teacher_registry.config import Config, ConfigError
from teacher_registry.feed.puller import FeedPuller
from teacher_registry.serving import build_server
from teacher_registry.web.app import create_app
from teacher_registry.web.csrf import CsrfTokens
from teacher_registry.wiring import Registry, build_registry

# Without a feed, which has a rhythm of its own.
_REPORT_EVERY = timedelta(seconds=5)


@click.command()
@config_option
def serve(path: Path | None) -> None:
    """Serve until Ctrl-C or SIGTERM; prints the address once it listens."""
    config = load(path)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        registry = build_registry(config, system_clock)
        server = build_server(config, create_app(registry, CsrfTokens(secrets.token_bytes(32))))
        server.prepare()
    except (ConfigError, OSError) as error:
        fail(f"cannot serve: {error}")
    # A shell starts background programs with SIGINT ignored, so SIGTERM must not go by way of it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with registry.gate.keeping_fresh(config.crl_refresh), _with_the_ca(config, registry):
        click.echo(f"teacher registry: {_where(config, server)}")
        try:
            server.serve()
        except KeyboardInterrupt:
            server.stop()


def _with_the_ca(config: Config, registry: Registry) -> AbstractContextManager[None]:
    """The account feed and the reports of sign-ins, in a thread of their own."""
    tasks: list[Callable[[], object]] = []
    if isinstance(registry.news, FeedPuller):
        tasks.append(registry.news.poll)
    if registry.reporter is not None:
        tasks.append(registry.reporter.send)
    every = config.feed.poll if config.feed is not None else _REPORT_EVERY
    return rounds(tasks, every, patience=config.fetch_timeout_seconds + 1)


def _where(config: Config, server: Server) -> str:
    """The address that was bound: a free port has its number only now."""
    if isinstance(config.listen, str):
        return f"unix:{config.listen} (behind the proxy of {config.proxy})"
    host, port = server.bind_addr[:2]
    return f"https://{host}:{port}/" if not config.proxy else f"{host}:{port} (behind the proxy {config.proxy})"
