"""One machine of docs/deployment.md: a founded CA that serves, its own nginx before it, people with certificates."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.servers import running
from ca_service import founding
from tests.road.world import Ports, wait_for
from tests.teacher_registry.nginx import nginx

ROOT = Path(__file__).parents[2]
NAME = "ca.example.cn"


@dataclass(frozen=True)
class Machine:
    """Ports of nginx in front and of the publication behind it; where the files are."""

    folder: Path
    secure: int
    plain: int
    publication: int

    @property
    def config(self) -> Path:
        """The CA's configuration."""
        return self.folder / "config.toml"

    def educa(self, *arguments: str) -> str:
        """Run a command of the CA; return what it prints."""
        return educa(self.config, *arguments)


def educa(config: Path, *arguments: str) -> str:
    """Run a command; return what it prints."""
    command = [sys.executable, "-m", "ca_service.cli.main", *arguments, "--config", str(config)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Founded, with people, serving, and nginx with deploy/nginx/educa.conf before it."""
    folder = tmp_path_factory.mktemp("machine")
    config, inside, outside = folder / "config.toml", Ports.free(), Ports.free()
    addresses = (f"127.0.0.1:{port}" for port in (inside.console, inside.publication, inside.registry))
    founding.write_configuration(config, founding.Addresses(*addresses))
    _edit(config, "[service]\n", f'[service]\nserver_names = ["{NAME}", "127.0.0.1"]\n')
    _edit(config, "[database]\n", '[console]\ntrusted_proxies = ["127.0.0.1"]\n\n[database]\n')
    config.write_text(config.read_text() + '\n[mirror]\ndirectory = "mirror"\n')
    educa(config, "init")
    (folder / "ca.pem").write_text((folder / "root.pem").read_text() + (folder / "issuing.pem").read_text())
    subprocess.run([sys.executable, "-m", "tests.deployment.people", str(config), str(folder)], check=True)
    (folder / "nginx").mkdir()
    made = Machine(folder, outside.console, outside.publication, inside.publication)
    serve = (sys.executable, "-m", "ca_service.cli.main", "serve", "--config", str(config))
    with (
        running(*serve, port=inside.console, environ=dict(os.environ)),
        in_front(made, inside, folder / "nginx"),
    ):
        wait_for((folder / "mirror/crl/issuing.crl").exists, what="the mirror", seconds=60)
        yield made


def in_front(machine: Machine, inside: Ports, folder: Path) -> AbstractContextManager[None]:
    """Run nginx with deploy/nginx/educa.conf before what listens at the ports inside."""
    return nginx(folder, (ROOT / "deploy/nginx/educa.conf").read_text(), _replaced(machine, inside))


def _edit(config: Path, old: str, new: str) -> None:
    text = config.read_text()
    assert text.count(old) == 1
    config.write_text(text.replace(old, new))


def _replaced(machine: Machine, inside: Ports) -> dict[str, str]:
    """What is otherwise on a real machine: paths and ports, nothing else."""
    folder = machine.folder
    return {
        "127.0.0.1:8443;": f"127.0.0.1:{inside.console};",
        "127.0.0.1:8080;": f"127.0.0.1:{inside.publication};",
        "listen 80;\n    listen [::]:80;": f"listen 127.0.0.1:{machine.plain};",
        "listen 443 ssl http2;\n    listen [::]:443 ssl http2;": f"listen 127.0.0.1:{machine.secure} ssl http2;",
        "/srv/educa-mirror": str(folder / "mirror"),
        "/etc/educa/tls/": f"{folder}/tls/",
        "/etc/educa/ca.pem": str(folder / "ca.pem"),
    }
