"""A box of many blank tokens, and what its folder and its tokens have to say in the end."""

import base64
import csv
import hashlib
import json
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any

from pkcs11 import Token

from tests.token_provisioning.soft_token import VENDOR_SO_PIN, Desk
from tests.token_provisioning.test_box import Centre
from token_provisioning.attributes import BINDING_LABEL
from token_provisioning.errors import SoPinWrongError
from token_provisioning.login import open_so, open_user
from token_provisioning.module import Module, token_info
from token_provisioning.pkcs11_device import Pkcs11Device, public_keys
from token_provisioning.raw_calls import init_token


class Box(Centre):
    """A box, and what its folder and its tokens say in the end."""

    def __init__(self, desk: Desk, tokens: int) -> None:
        super().__init__(desk, 0)
        with desk.inside():
            module = Module(Path(desk.module))
            for _ in range(tokens):
                free = next(token for token in reversed(module.tokens()) if not token_info(token).serial)
                init_token(module.path, free.slot.slot_id, so_pin=VENDOR_SO_PIN, label="vendor")
            self.serials = [token_info(token).serial for token in module.usable()]

    def journal(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.out / "journal.jsonl").read_bytes().splitlines()]

    def rows(self) -> dict[str, str]:
        with (self.out / "first-pins.csv").open(newline="") as file:
            rows = list(csv.reader(file))
        assert len({row[0] for row in rows}) == len(rows)
        return {row[0]: row[2] for row in rows}

    def octets(self) -> str:
        """What is on the tokens and in the folder, whole."""
        files = sorted(path for path in self.desk.folder.rglob("*") if path.is_file())
        return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()

    def require_each_initialised_once(self) -> None:
        """The journal, the records and the labels say so."""
        steps = Counter((entry["serial"], entry["step"]) for entry in self.journal())
        for serial in self.serials:
            assert [steps[serial, step] for step in ("begun", "keyed", "done")] == [1, 1, 1], steps
        assert sorted(path.stem for path in self.out.glob("*.json")) == sorted(self.serials)
        labels = {self.record(serial)["label"] for serial in self.serials}
        assert labels == {f"EDU-{number:06d}" for number in range(1, len(self.serials) + 1)}

    def require_taken_up_where_it_stood(self) -> None:
        """Each run went on with the token at which the one before had died, and came back to none that was done."""
        taken_up = [serial for serial, _ in groupby(entry["serial"] for entry in self.journal())]
        assert len(taken_up) == len(self.serials)

    def require_every_token_whole(self) -> None:
        """One binding key, which signs; the registered one; both PINs are known, the vendor's is not the token's."""
        pins = self.rows()
        with self.desk.inside():
            module = Module(Path(self.desk.module))
            for token in module.usable():
                serial = token_info(token).serial
                registered = base64.b64decode(self.record(serial)["binding_public_key"])
                with token.open() as session:
                    assert public_keys(session, BINDING_LABEL) == [registered]
                with open_user(token, pins[serial]) as session:
                    (pair,) = Pkcs11Device(session).key_pairs(BINDING_LABEL)  # found by a signature that fits
                    assert pair.public_key == registered
                open_so(token, self.so_pin(serial)).close()
                require_refused(token)
                module.forget(token)


def require_refused(token: Token) -> None:
    """The vendor's SO PIN opens it no more."""
    try:
        open_so(token, VENDOR_SO_PIN)
    except SoPinWrongError:
        return
    raise AssertionError(f"{token_info(token).serial} still has the vendor's SO PIN")
