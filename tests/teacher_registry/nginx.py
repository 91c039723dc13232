"""A real nginx with a server block of docs/, for tests: only paths and the port are replaced."""

from __future__ import annotations

import getpass
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_MAIN = """user {user}; worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 256; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/server.conf;
}}
"""


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def nginx(folder: Path, server: str, replaced: Mapping[str, str]) -> Iterator[None]:
    """Run nginx with `server`, in which each key of `replaced` must occur; until the block ends."""
    for old, new in replaced.items():
        assert old in server, f"{old} is not in the documented configuration"
        server = server.replace(old, new)
    (folder / "server.conf").write_text(server)
    (folder / "nginx.conf").write_text(_MAIN.format(user=getpass.getuser(), folder=folder))
    command = ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "nginx.log")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            _wait_for(folder / "nginx.pid", running)
            yield
        finally:
            running.terminate()


def _wait_for(pid: Path, running: subprocess.Popen[bytes]) -> None:
    """nginx writes its pid once it listens."""
    deadline = time.monotonic() + 20
    while not (pid.exists() and pid.read_text().strip()):
        assert running.poll() is None, (pid.parent / "nginx.log").read_text()
        assert time.monotonic() < deadline, "nginx does not start"
        time.sleep(0.01)
