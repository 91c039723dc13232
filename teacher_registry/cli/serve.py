"""`teacher-registry serve`."""

import logging
import secrets
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import structlog
from cheroot.wsgi import Server

from teacher_registry.cli.call import config_option, fail, load
from teacher_registry.clock import system_clock
from teacher_registry.config import Config, ConfigError
from teacher_registry.feed.puller import FeedPuller
from teacher_registry.serving import build_server
from teacher_registry.web.app import create_app
from teacher_registry.web.csrf import CsrfTokens
from teacher_registry.wiring import Registry, build_registry


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
    with registry.gate.keeping_fresh(config.crl_refresh), _pulling(config, registry):
        click.echo(f"teacher registry: {_where(config, server)}")
        try:
            server.serve()
        except KeyboardInterrupt:
            server.stop()


@contextmanager
def _pulling(config: Config, registry: Registry) -> Iterator[None]:
    """The account feed in a thread of its own, until the block ends."""
    if config.feed is None or not isinstance(registry.news, FeedPuller):
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=registry.news.run, args=(config.feed.poll, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(config.fetch_timeout_seconds + 1)


def _where(config: Config, server: Server) -> str:
    """The address that was bound: a free port has its number only now."""
    if isinstance(config.listen, str):
        return f"unix:{config.listen} (behind the proxy of {config.proxy})"
    host, port = server.bind_addr[:2]
    return f"https://{host}:{port}/" if not config.proxy else f"{host}:{port} (behind the proxy {config.proxy})"
