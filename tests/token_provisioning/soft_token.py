"""Software tokens for tests: one folder, one SOFTHSM2_CONF, the helper in this process or in one of its own."""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from click.testing import CliRunner

from token_provisioning.cli import group
from token_provisioning.module import Module
from token_provisioning.pkcs11_device import public_keys

_CANDIDATES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
VENDOR_SO_PIN = "vendor-so-pin"
PIN = "k7-Tangerine"


@cache
def softhsm_module() -> str:
    """Return the module; skips the test where Debian's softhsm2 is not installed."""
    for candidate in _CANDIDATES:
        if Path(candidate).exists() and shutil.which("softhsm2-util"):
            return candidate
    pytest.skip("softhsm2 is not installed")


def own_copy(folder: Path) -> str:
    """Return a copy of the module: the loader gives it a state of its own, apart from that of other tests."""
    copy = folder / "libsofthsm2-for-token-tests.so"
    if not copy.exists():
        shutil.copy(softhsm_module(), copy)
    return str(copy)


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


@dataclass(frozen=True)
class Desk:
    """A computer with a helper and software tokens; `folder` holds the PIN files, `module` is this process's own."""

    folder: Path
    module: str

    @property
    def changes(self) -> dict[str, str]:
        return {"SOFTHSM2_CONF": str(self.folder / "softhsm2.conf"), "EDUCA_TOKEN_HOME": str(self.folder / "home")}

    @property
    def environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("EDUCA_TOKEN")}
        return clean | self.changes

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Be at this desk: SoftHSM reads its configuration once it is initialised again."""
        before = {name: os.environ.get(name) for name in self.changes}
        os.environ.update(self.changes)
        pkcs11.lib(self.module).finalize()
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name)
                else:
                    os.environ[name] = value

    def run(self, *arguments: str, **more: str) -> Result:
        """Run the helper in this process."""
        with self.inside():
            done = CliRunner(env=more).invoke(group, arguments)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Result(done.exit_code, done.stdout, done.stderr)

    def process(self, *arguments: str, program: str = "token_provisioning.cli") -> Result:
        """Run the helper in a process of its own, which may be killed."""
        done = subprocess.run(
            [sys.executable, "-m", program, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def token(self, command: str, *arguments: str, **more: str) -> Result:
        return self.run(command, "--module", self.module, *arguments, **more)

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text + "\n", encoding="utf-8")
        return str(path)

    def pkcs11_tool(self, *arguments: str) -> str:
        done = subprocess.run(
            ["pkcs11-tool", "--module", softhsm_module(), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    def public_keys(self, label: str) -> list[bytes]:
        """The public keys with this label on the only token, seen without a login."""
        with self.inside(), Module(Path(self.module)).choose(None).open() as session:
            return public_keys(session, label)

    def vendor_token(self, label: str = "vendor") -> str:
        """Do what the vendor does, and return the serial number."""
        before = set(self._serials())
        command = ["softhsm2-util", "--init-token", "--free", "--label", label]
        command += ["--so-pin", VENDOR_SO_PIN, "--pin", "000000"]
        subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True)
        (made,) = set(self._serials()) - before
        return made

    def _serials(self) -> list[str]:
        """SoftHSM names a token's folder by a UUID whose last 16 digits are the serial number."""
        return [path.name.replace("-", "")[-16:] for path in (self.folder / "tokens").iterdir()]

    def initialise(self, serial: str, *arguments: str) -> Result:
        return self.token(
            "init",
            *("--serial", serial, "--label", "educa", "--json"),
            *("--vendor-so-pin-file", self.file("vendor-so", VENDOR_SO_PIN)),
            *("--so-pin-out", str(self.folder / f"{serial}.so-pin")),
            *("--pin-out", str(self.folder / f"{serial}.pin")),
            *arguments,
        )

    def ca_arguments(self, server: str) -> list[str]:
        return ["--module", self.module, "--server", server, "--ca-file", str(self.folder / "root.pem")]

    def enrol_arguments(self, server: str, *, code: str, reference: str, serial: str) -> list[str]:
        return [
            *self.ca_arguments(server),
            *("--reference", reference, "--code-file", self.file("code", code)),
            *("--pin-file", str(self.folder / f"{serial}.pin")),
            *("--new-pin-file", self.file("new-pin", PIN), "--json"),
        ]


def new_desk(folder: Path, module: str) -> Desk:
    (folder / "tokens").mkdir()
    lines = [f"directories.tokendir = {folder / 'tokens'}", "objectstore.backend = file"]
    (folder / "softhsm2.conf").write_text("\n".join([*lines, "log.level = ERROR"]) + "\n")
    return Desk(folder=folder, module=module)


def binding_key(initialised: Result) -> bytes:
    return base64.b64decode(initialised.document["binding_public_key"], validate=True)
