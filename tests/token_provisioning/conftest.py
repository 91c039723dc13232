"""A desk with one initialised token, and the contract CA that expects it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.token_provisioning.contract_ca import CODE, REFERENCE, ContractCa
from tests.token_provisioning.contract_server import serving
from tests.token_provisioning.ready import ready
from tests.token_provisioning.soft_token import PIN, Desk, Result, new_desk, own_copy


@dataclass(frozen=True)
class Scene:
    """An initialised token, its CA, and the address of the CA."""

    desk: Desk
    serial: str
    ca: ContractCa
    server: str

    @property
    def module_path(self) -> Path:
        return Path(self.desk.module)

    def arguments(self, *, code: str = CODE, reference: str = REFERENCE) -> list[str]:
        return self.desk.enrol_arguments(self.server, code=code, reference=reference, serial=self.serial)

    def enrol(self, **codes: str) -> Result:
        return self.desk.run("enroll", *self.arguments(**codes))

    def enrol_struck(self, fate: str) -> Result:
        """Enrol with the helper of killed_helper.py."""
        program = "tests.token_provisioning.killed_helper"
        return self.desk.process(fate, "enroll", *self.arguments(), program=program)

    def listing(self, kind: str) -> str:
        return self.desk.pkcs11_tool("--login", "--pin", PIN, "--list-objects", "--type", kind)

    def pin_file(self) -> str:
        return self.desk.file("pin", PIN)

    def show(self) -> Any:
        return self.desk.token("show", "--pin-file", self.pin_file(), "--json").document

    def own(self, command: str, *more: str) -> Result:
        """Run a command that asks the CA, with the holder's own PIN."""
        arguments = (*self.desk.ca_arguments(self.server), "--pin-file", self.pin_file(), "--json", *more)
        return self.desk.run(command, *arguments)


@pytest.fixture(scope="session")
def module(tmp_path_factory: pytest.TempPathFactory) -> str:
    return own_copy(tmp_path_factory.mktemp("module"))


@pytest.fixture
def desk(tmp_path: Path, module: str) -> Desk:
    return new_desk(tmp_path, module)


@pytest.fixture
def scene(tmp_path: Path, module: str) -> Iterator[Scene]:
    desk, serial, ca = ready(tmp_path, module)
    with serving(ca, desk.folder) as server:
        yield Scene(desk=desk, serial=serial, ca=ca, server=server)
