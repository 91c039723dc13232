"""A second maker's token: tpm2-pkcs11 on a software TPM behind its resource manager, on a bus of its own."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

_MODULE = Path("/usr/lib/x86_64-linux-gnu/pkcs11/libtpm2_pkcs11.so")
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""


@contextmanager
def soft_tpm(folder: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """Yield the module and the environment in which it finds the TPM; skips where a part is not installed."""
    programs = ("swtpm", "tpm2-abrmd", "dbus-daemon")
    if not _MODULE.exists() or not all(shutil.which(program, path=_path()) for program in programs):
        pytest.skip("swtpm, tpm2-abrmd, dbus-daemon or libtpm2-pkcs11-1 is not installed")
    for name in ("state", "store"):
        (folder / name).mkdir()
    bus, port = folder / "bus", _two_free_ports()
    (folder / "bus.conf").write_text(_BUS.format(socket=bus))
    tpm = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder / 'state'}", "--flags", "startup-clear"]
    tpm += ["--server", f"type=tcp,port={port}", "--ctrl", f"type=tcp,port={port + 1}"]
    manager = ["tpm2-abrmd", "--session", "--allow-root", f"--tcti=swtpm:host=127.0.0.1,port={port}"]
    environment = {
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={bus}",
        "TPM2_PKCS11_STORE": str(folder / "store"),
        "TPM2_PKCS11_TCTI": "tabrmd:bus_type=session",
        "TPM2_PKCS11_LOG_LEVEL": "0",
    }
    with ExitStack() as running:
        running.enter_context(_program(tpm, {}))
        running.enter_context(_program(["dbus-daemon", f"--config-file={folder / 'bus.conf'}", "--nofork"], {}))
        _wait(bus.exists)
        running.enter_context(_program(manager, environment))
        _wait(lambda: _has_owner(environment))
        yield _MODULE, environment


@contextmanager
def _program(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    silent = subprocess.DEVNULL
    surroundings = os.environ | {"PATH": _path()} | environment
    process = subprocess.Popen(command, stdout=silent, stderr=silent, env=surroundings)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def _path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin"


def _two_free_ports() -> int:
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def _has_owner(environment: dict[str, str]) -> bool:
    ask = ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"]
    ask += ["org.freedesktop.DBus.NameHasOwner", "string:com.intel.tss2.Tabrmd"]
    done = subprocess.run(ask, env=os.environ | environment, capture_output=True, text=True, check=False)
    return "boolean true" in done.stdout


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until, "the software TPM does not come up"
        time.sleep(0.02)
