"""A box of blank tokens: each ends with one record, one first PIN, and a SO PIN that only the CA can open."""

import base64
import csv
import json
import signal
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.token_provisioning.contract_unblock import ContractUnblocks
from tests.token_provisioning.soft_token import VENDOR_SO_PIN, Desk, Result
from token_provisioning.module import Module, token_info
from token_provisioning.raw_calls import init_token


class Centre:
    """A desk at the centre with a box of tokens, and the CA's custody key."""

    def __init__(self, desk: Desk, tokens: int) -> None:
        self.desk = desk
        self.serials = [desk.vendor_token() for _ in range(tokens)]
        self.custody = ContractUnblocks("", b"")
        (desk.folder / "custody.pem").write_bytes(self.custody.public_pem())
        self.out = desk.folder / "box"

    def arguments(self, *more: str) -> list[str]:
        return [
            *("init", "--module", self.desk.module, "--all", "--label", "EDU-{}", "--json"),
            *("--vendor-so-pin-file", self.desk.file("vendor-so", VENDOR_SO_PIN)),
            *("--out", str(self.out), "--seal-to", str(self.desk.folder / "custody.pem")),
            *more,
        ]

    def fill(self, *more: str) -> Result:
        return self.desk.run(*self.arguments(*more))

    def fill_struck(self, fate: str) -> Result:
        return self.desk.process(fate, *self.arguments(), program="tests.token_provisioning.killed_helper")

    def record(self, serial: str) -> dict[str, str]:
        document: dict[str, str] = json.loads((self.out / f"{serial}.json").read_text())
        return document

    def first_pins(self) -> list[list[str]]:
        with (self.out / "first-pins.csv").open(newline="") as file:
            return list(csv.reader(file))

    def so_pin(self, serial: str) -> str:
        self.custody._serial = serial
        return self.custody.open(base64.b64decode(self.record(serial)["so_pin_sealed"]))

    def require_complete(self) -> None:
        assert sorted(path.stem for path in self.out.glob("*.json")) == sorted(self.serials)
        rows = {row[0]: row for row in self.first_pins()}
        assert len(rows) == len(self.first_pins()) == len(self.serials)
        for serial in self.serials:
            listed = self.tool(serial, "--login", "--pin", rows[serial][2], "--list-objects")
            assert listed.count("educa-binding") == 2, listed
            assert self.record(serial)["label"] == rows[serial][1]
            opened = self.tool(serial, *so_login(self.so_pin(serial), rows[serial][2]))
            assert "CKR_" not in opened, opened
        labels = [self.record(serial)["label"] for serial in self.serials]
        assert len(set(labels)) == len(labels)

    def tool(self, serial: str, *arguments: str) -> str:
        return self.desk.pkcs11_tool("--token-label", self.record(serial)["label"], *arguments)


def so_login(so_pin: str, pin: str) -> tuple[str, ...]:
    return ("--login", "--login-type", "so", "--so-pin", so_pin, "--init-pin", "--new-pin", pin)


@pytest.fixture
def centre(desk: Desk) -> Centre:
    return Centre(desk, 2)


def test_every_token_gets_a_record_a_first_pin_and_a_sealed_so_pin(centre: Centre) -> None:
    done = centre.fill().document

    assert done == {"folder": str(centre.out), "done": 2, "failed": 0}
    centre.require_complete()
    assert centre.record(centre.serials[0]).keys() == {
        *("serial", "label", "model", "manufacturer", "binding_public_key", "so_pin_sealed")
    }
    modes = {stat.S_IMODE(path.stat().st_mode) for path in centre.out.iterdir()}
    assert modes == {0o600}


def test_the_so_pin_is_nowhere_in_plain(centre: Centre) -> None:
    assert centre.fill().code == 0

    so_pins = [centre.so_pin(serial).encode() for serial in centre.serials]
    written = [path.read_bytes() for path in centre.desk.folder.rglob("*") if path.is_file()]
    assert len(set(so_pins)) == 2
    assert not [octets for octets in written if any(so_pin in octets for so_pin in so_pins)]


def test_a_second_run_changes_nothing(centre: Centre) -> None:
    assert centre.fill().code == 0
    before = {path.name: path.read_bytes() for path in centre.out.iterdir()}

    assert centre.fill().document["done"] == 2

    assert {path.name: path.read_bytes() for path in centre.out.iterdir()} == before
    centre.require_complete()


@pytest.mark.parametrize(
    "act",
    [
        "initialise.require_blank:1",
        "initialise.init_token:1",
        "generate:1",
        "set_mark:1",
        "initialise.prepare:2",
        "box._replace:1",
        "initialise._change_so_pin:1",
        "initialise.close_off:2",
    ],
)
def test_killed_anywhere_the_next_run_completes_the_box(centre: Centre, act: str) -> None:
    killed = centre.fill_struck(f"kill@{act}")
    assert killed.code == -signal.SIGKILL, killed.err

    again = centre.fill()

    assert again.code == 0, again.err
    centre.require_complete()


def test_killed_between_the_sealed_so_pin_and_its_use_the_newer_one_counts(centre: Centre) -> None:
    killed = centre.fill_struck("kill@journal.Journal.note:3")
    assert killed.code == -signal.SIGKILL
    assert "so-pin" in (centre.out / "journal.jsonl").read_text()

    assert centre.fill().code == 0
    centre.require_complete()


def test_a_wrong_vendor_pin_stops_at_the_first_token(centre: Centre) -> None:
    refused = centre.fill("--vendor-so-pin-file", centre.desk.file("guess", "guessed"))

    assert (refused.code, "SO PIN)错误" in refused.err) == (1, True)
    assert not list(centre.out.glob("*.json"))
    assert centre.fill().code == 0
    centre.require_complete()


def test_a_token_in_use_is_left_alone_and_the_others_are_done(centre: Centre) -> None:
    used = centre.serials.pop()
    assert centre.desk.initialise(used).code == 0

    done = centre.fill()

    assert (done.code, json.loads(done.out)["failed"]) == (1, 1)
    assert used in done.err
    assert "已由信息中心初始化" in done.err
    assert "Traceback" not in done.err
    centre.require_complete()


def test_with_a_count_it_waits_for_the_tokens_still_to_be_plugged_in(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    def plug_in_one_more(seconds: float) -> None:
        waited.append(seconds)
        module = Module(Path(centre.desk.module))
        (free,) = (token for token in module.tokens() if not token_info(token).serial)
        init_token(module.path, free.slot.slot_id, so_pin=VENDOR_SO_PIN, label="late")
        centre.serials.append(token_info(free.slot.get_token()).serial)

    monkeypatch.setattr("token_provisioning.cli.centre.time.sleep", plug_in_one_more)

    assert centre.fill("--count", "3").document["done"] == 3
    assert len(waited) == 1
    centre.require_complete()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--label", "EDU"], "应含一个 {}"),
        (["--label", "{}{}"], "应含一个 {}"),
        (["--label", "介质标签介质标签介{}"], "32 个字节"),
        (["--seal-to", "/dev/null"], "P-256"),
    ],
)
def test_what_cannot_be_done_is_said_before_any_token_is_touched(
    centre: Centre, arguments: list[str], complaint: str
) -> None:
    refused = centre.fill(*arguments)

    assert refused.code in (1, 2)
    assert complaint in refused.err
    assert not centre.out.exists()


def test_a_custody_key_of_another_curve_is_refused(centre: Centre) -> None:
    other = ec.generate_private_key(ec.SECP384R1()).public_key()
    path = centre.desk.folder / "p384.pem"
    path.write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    assert "P-256" in centre.fill("--seal-to", str(path)).err


def test_an_empty_port_is_said(desk: Desk) -> None:
    centre = Centre(desk, 0)

    assert "未检测到介质" in centre.fill().err


def test_torn_and_foreign_lines_in_the_journal_do_no_harm(centre: Centre) -> None:
    assert centre.fill().code == 0
    journal = Path(centre.out / "journal.jsonl")
    journal.write_bytes(b'\xff\n[1]\n{"step": 7}\n' + journal.read_bytes() + b'{"at": "2026-11-24T0')

    assert centre.fill().document["done"] == 2
    centre.serials.append(centre.desk.vendor_token())
    assert centre.fill().document["done"] == 3
    centre.require_complete()
