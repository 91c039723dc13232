"""Starts the page's server on 127.0.0.1, opens the page, and ends when it is told to or nobody asks any more."""

import html
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cheroot.wsgi import Server

from token_provisioning.acts import CaAddress, Computer
from token_provisioning.helper.app import Helper
from token_provisioning.helper.desk import Desk
from token_provisioning.helper.guard import Guard
from token_provisioning.helper.support_log import SupportLog
from token_provisioning.helper.wishes import Surroundings
from token_provisioning.module import Module

_LOOPBACK = "127.0.0.1"
_SECRET_OCTETS = 32
IDLE_SECONDS = 900.0  # the page asks every second: a quarter of an hour of silence is a page that was closed
_START_PAGE = """<!DOCTYPE html><html lang="zh-CN"><meta charset="utf-8"><title>教育CA证书助手</title>
<meta http-equiv="refresh" content="0; url={url}"><p><a href="{url}">打开教育CA证书助手</a></p></html>
"""


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that answers; `url` holds the secret of this run and is for this user's eyes only."""

    url: str
    ended: threading.Event
    desk: Desk


@contextmanager
def running(module: Path, ca: CaAddress, computer: Computer, *, version: str, port: int = 0) -> Iterator[Running]:
    """Serve until the block ends; `port` 0 takes a free one. `ended` is set once the page has asked to quit."""
    loaded: list[Module] = []

    def load() -> Module:
        if not loaded:
            loaded.append(Module(module))
        return loaded[0]

    ended, heard = threading.Event(), threading.Event()
    log = SupportLog(computer.home / "support.log", clock=computer.clock)
    desk = Desk(load, computer, log)
    server = Server((_LOOPBACK, port), None, numthreads=4, timeout=20, shutdown_timeout=1, server_name="helper")
    server.prepare()
    authority = f"{_LOOPBACK}:{server.bind_addr[1]}"
    guard = Guard(authority=authority, secret=secrets.token_urlsafe(_SECRET_OCTETS))
    around = Surroundings(ca=ca, computer=computer, module=load)
    server.wsgi_app = Helper(
        desk=desk, around=around, guard=guard, log=log, version=version, heard=heard.set, leave=ended.set
    )
    log.note("start", version=version)
    serving = threading.Thread(target=server.serve, name="page", daemon=True)
    serving.start()
    watching = threading.Thread(target=_end_when_silent, args=(heard, ended), name="idle", daemon=True)
    watching.start()
    try:
        yield Running(url=f"http://{authority}/#{guard.secret}", ended=ended, desk=desk)
    finally:
        ended.set()
        heard.set()
        desk.wait()
        server.stop()
        serving.join(5)
        log.note("stop")


def _end_when_silent(heard: threading.Event, ended: threading.Event) -> None:
    while not ended.is_set():
        if not heard.wait(IDLE_SECONDS):
            ended.set()
        heard.clear()
        ended.wait(1)


@contextmanager
def start_page(url: str, folder: Path) -> Iterator[str]:
    """Write a file that leads to the page, and yield its address.

    A browser's command line is seen by every user of the computer; what is in a file of mode 0600 is not.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left_behind in folder.glob("start-*.html"):  # by a helper that was killed; a living one has been opened already
        left_behind.unlink(missing_ok=True)
    path = folder / f"start-{os.getpid()}.html"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(_START_PAGE.format(url=html.escape(url)))
    try:
        yield path.absolute().as_uri()
    finally:
        with suppress(OSError):
            path.unlink()
