"""A software token as a USB stick of its own: a folder, a SOFTHSM2_CONF, a serial number from its vendor."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.road.world import SOFTHSM, Done, RoadError, World, expect, file_of

_VENDOR_SO_PIN = "vendor-so-pin"


@dataclass
class Stick:
    """One token; `pin` is the holder's own after the first use."""

    world: World
    folder: Path
    label: str
    serial: str = ""
    pin: str = ""
    certificate: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """What lets a PKCS#11 program find this token and no other."""
        return {"SOFTHSM2_CONF": str(self.folder / "softhsm2.conf")}

    @classmethod
    def from_vendor(cls, world: World, number: int) -> "Stick":
        """A blank token as it comes out of the box."""
        folder = world.folder / "tokens-of-people" / f"{number:02d}"
        (folder / "tokens").mkdir(parents=True)
        conf = f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
        (folder / "softhsm2.conf").write_text(conf, encoding="utf-8")
        stick = cls(world, folder, f"UKEY-{number:02d}")
        arguments = ("--init-token", "--free", "--label", "vendor", "--so-pin", _VENDOR_SO_PIN, "--pin", "000000")
        made = world.run("softhsm2-util", *arguments, env=stick.environment)
        expect(made, "has been initialized", what="softhsm2-util")
        listed = stick.token("list")
        stick.serial = listed[0]["serial"] if isinstance(listed, list) else listed["tokens"][0]["serial"]
        return stick

    def token(self, command: str, *arguments: str) -> Any:
        """Run `educa-token` on this stick; return its document; a refusal ends the road."""
        done = self.token_raw(command, *arguments)
        if done.code:
            raise RoadError(f"educa-token {command}: {done.err.strip()}")
        return json.loads(done.out)

    def token_raw(self, command: str, *arguments: str) -> Done:
        """The same, for those who want to see the refusal."""
        return self.world.run("educa-token", command, "--module", SOFTHSM, *arguments, "--json", env=self.environment)

    def initialise(self) -> Path:
        """Initialise at the centre; return the file with serial number and binding key."""
        vendor = file_of(self.folder, "vendor-so.pin", _VENDOR_SO_PIN)
        arguments = ("--label", self.label, "--vendor-so-pin-file", vendor)
        outs = ("--so-pin-out", str(self.folder / "so.pin"), "--pin-out", str(self.folder / "first.pin"))
        made = self.token("init", *arguments, *outs)
        if made["serial"] != self.serial:
            raise RoadError(f"the token changed its serial number from {self.serial} to {made['serial']}")
        path = self.folder / "initialised.json"
        path.write_text(json.dumps(made), encoding="utf-8")
        return path

    def enroll(self, reference: str, code: str) -> Done:
        """Download the certificate; the first time the PIN is changed to the holder's own."""
        self.pin = self.pin or "Zhuomian-2708"
        new_pin = file_of(self.folder, "own.pin", self.pin)
        first = self.folder / "first.pin"
        current = new_pin if (self.folder / "pin-changed").exists() else str(first)
        server = ("--server", self.world.console, "--ca-file", str(self.world.folder / "root.pem"))
        codes = ("--reference", reference, "--code-file", file_of(self.folder, "code", code))
        return self.token_raw("enroll", *server, *codes, "--pin-file", current, "--new-pin-file", new_pin)

    def key_uri(self) -> str:
        """RFC 7512 URI of the authentication key, with the PIN's file."""
        return f"pkcs11:token={self.label};object=educa-auth;type=private?pin-source=file:{self.folder / 'own.pin'}"

    def curl(self, path: str, *more: str) -> Done:
        """Ask the registry by mTLS with the key in the token (curl and OpenSSL's PKCS#11 engine)."""
        openssl = self.folder / "openssl.cnf"
        openssl.write_text(_OPENSSL_CONF.format(module=SOFTHSM), encoding="utf-8")
        arguments = (
            "-sS", "-m", "10", "-w", "\n%{http_code}", "--cacert", str(self.world.folder / "root.pem"),
            "--engine", "pkcs11", "--key-type", "ENG", "--key", self.key_uri(), "--cert", self.certificate,
        )  # fmt: skip
        env = {**self.environment, "OPENSSL_CONF": str(openssl)}
        return self.world.run("curl", *arguments, *more, f"{self.world.registry}{path}", env=env)


_OPENSSL_CONF = """openssl_conf = init
[init]
engines = engines
[engines]
pkcs11 = pkcs11
[pkcs11]
engine_id = pkcs11
MODULE_PATH = {module}
init = 0
"""
