"""A machine with Debian and nothing of ours: this one's file system under a fresh layer, with a systemd of its own.

What is written there goes with it. Home directories, /tmp and the folder of this source are empty; the programs that
scripts/setup installs are there already. Needs root, overlayfs and namespaces.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.road.world import wait_for

_LAYER = """
set -e
mount -t tmpfs tmpfs {folder}/layer
mkdir {folder}/layer/upper {folder}/layer/work {folder}/layer/root
mount -t overlay overlay -o lowerdir=/,upperdir={folder}/layer/upper,workdir={folder}/layer/work {folder}/layer/root
cd {folder}/layer/root
mount --rbind /dev dev
mount -t proc proc proc
mount --rbind /sys sys
mount -t tmpfs tmpfs run
for each in tmp root home srv var/tmp {hidden}; do mkdir -p $each; mount -t tmpfs tmpfs $each; done
mkdir -p opt/educa srv/first
tar -xf {folder}/source.tar -C opt/educa
cp {folder}/first/* srv/first/
echo '127.0.0.1 localhost ca.example.cn' > etc/hosts
printf '[Unit]\\nRequires=basic.target dbus.socket\\nAfter=basic.target\\n' > etc/systemd/system/bare.target
echo mounted > {folder}/state
exec sleep infinity
"""
# cgroups of its own: the first systemd of this machine, if there is one, is not disturbed.
_BOOT = """
cd {folder}/layer/root
mount -t proc proc proc
mount -t tmpfs tmpfs sys/fs/cgroup
mkdir -p sys/fs/cgroup/systemd
mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
export container=unshare
exec chroot . /lib/systemd/systemd --system --unit=bare.target
"""


@dataclass(frozen=True)
class Bare:
    """The machine, by the processes that keep it."""

    folder: Path
    layer: int
    log: Path

    def before_boot(self, script: str) -> None:
        """Run a script of root's with this machine's network, as an installer does; raise CalledProcessError."""
        root = f"{self.folder}/layer/root"
        self._run(["nsenter", "-t", str(self.layer), "-m", "chroot", root, "bash", "-c", script])

    @contextmanager
    def booted(self) -> Iterator[int]:
        """Start systemd in namespaces of its own, also of the network; yield its process."""
        command = ["nsenter", "-t", str(self.layer), "-m", "unshare", "-m", "-p", "-f", "-i", "-u", "-n"]
        command += ["bash", "-c", _BOOT.format(folder=self.folder)]
        with _started(command, self.log) as outer:
            wait_for(lambda: _child(outer) != 0, what="a process of the new machine", seconds=60)
            init = _child(outer)
            try:
                wait_for(lambda: self._up(init), what="systemd", seconds=60)
                yield init
            finally:
                # All that runs there ends with its first process.
                with suppress(ProcessLookupError):
                    os.kill(init, signal.SIGKILL)

    def _up(self, init: int) -> bool:
        asked = [*_inside(init), "systemctl", "is-active", "--quiet", "bare.target"]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0

    def after_boot(self, init: int, script: str) -> None:
        """Run a script of root's on the running machine; raise CalledProcessError."""
        self._run([*_inside(init), "bash", "-c", script])

    def _run(self, command: list[str]) -> None:
        environ = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        environ |= {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
        with self.log.open("ab") as log:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=environ, check=False
            )
        if done.returncode:
            told = self.log.read_text(errors="replace").splitlines()[-60:]
            raise AssertionError("\n".join([f"ended with {done.returncode}", *told]))


def _inside(init: int) -> list[str]:
    return ["nsenter", "-t", str(init), "-m", "-p", "-n", "-i", "-u", "-r", "-w"]


def _child(process: int) -> int:
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return int(children[0]) if children else 0


@contextmanager
def _started(command: list[str], log: Path) -> Iterator[int]:
    with log.open("ab") as out:
        running = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield running.pid
    finally:
        running.kill()
        running.wait()


@contextmanager
def bare(folder: Path, *, hidden: Path) -> Iterator[Bare]:
    """The machine without a running system yet: `folder` has `source.tar` and what `first/` is to hold."""
    (folder / "layer").mkdir()
    script = _LAYER.format(folder=folder, hidden=str(hidden).lstrip("/"))
    log = folder / "log"
    with _started(["unshare", "-m", "bash", "-c", script], log) as layer:
        wait_for(lambda: (folder / "state").exists() or not _alive(layer), what="the layer", seconds=60)
        assert (folder / "state").exists(), log.read_text()
        yield Bare(folder, layer, log)


def _alive(process: int) -> bool:
    return Path(f"/proc/{process}/stat").exists() and ") Z " not in Path(f"/proc/{process}/stat").read_text()
