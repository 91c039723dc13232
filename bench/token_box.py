"""A box of software tokens: milliseconds a token for small and large boxes, beside the tools of SoftHSM and OpenSC.

`python -m bench.token_box [--quick]`. The peer does less: no attributes read back, no sealed SO PIN, no journal on the
disk. Processor time is printed beside the clock's, since it can be compared on a machine that does other things too.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from bench.table import Row, missed, show
from tests.token_provisioning.soft_token import VENDOR_SO_PIN, Desk, new_desk, own_copy, softhsm_module
from token_provisioning.box import Box, BoxOrder, fill
from token_provisioning.errors import TokenError
from token_provisioning.journal import Journal
from token_provisioning.module import Module, token_info
from token_provisioning.raw_calls import init_token

SIZES = (200, 1000)
_PEER_TOKENS = 10
# SoftHSM itself looks through all the tokens of its folder now and then.
_LINEAR = 1.5


@dataclass(frozen=True)
class Spent:
    """Milliseconds a token."""

    clock: float
    processor: float


def box_of(size: int) -> Spent:
    """Initialise a box of blank tokens; making them blank is not counted."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        desk = new_desk(folder, own_copy(folder))
        with desk.inside():
            module = Module(Path(desk.module))
            for _ in range(size):
                free = next(token for token in reversed(module.tokens()) if not token_info(token).serial)
                init_token(module.path, free.slot.slot_id, so_pin=VENDOR_SO_PIN, label="vendor")
            order = BoxOrder(
                label=lambda number: f"EDU-{number:06d}",
                vendor_so_pin=VENDOR_SO_PIN,
                erase=False,
                reader=ec.generate_private_key(ec.SECP256R1()).public_key(),
                random_bytes=os.urandom,
            )
            tokens = module.usable()
            started, cpu = time.perf_counter(), time.process_time()
            box = Box(folder / "box", Journal(folder / "box" / "journal.jsonl", clock=lambda: datetime.now(UTC)))
            failed = fill(box, module, tokens, order, _raise)
            spent = Spent((time.perf_counter() - started) / size * 1000, (time.process_time() - cpu) / size * 1000)
            if failed or len(box.done) != size:
                raise SystemExit(f"{failed} failed, {len(box.done)} done")
            return spent


def _raise(_: str, error: TokenError | None) -> None:
    if error is not None:
        raise error


def peer() -> Spent:
    """Do the bare acts with softhsm2-util and pkcs11-tool, one token at a time."""
    with tempfile.TemporaryDirectory() as name:
        desk = new_desk(Path(name), softhsm_module())
        started, before = time.perf_counter(), os.times()
        for number in range(_PEER_TOKENS):
            _peer_token(desk, f"EDU-{number:06d}")
        after = os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        clock = time.perf_counter() - started
        return Spent(clock / _PEER_TOKENS * 1000, cpu / _PEER_TOKENS * 1000)


def _peer_token(desk: Desk, label: str) -> None:
    pins = ("--so-pin", VENDOR_SO_PIN, "--pin", "12345678")
    command = ["softhsm2-util", "--init-token", "--free", "--label", label, *pins]
    subprocess.run(command, env=desk.environment, capture_output=True, check=True)
    key = ("--keypairgen", "--key-type", "EC:prime256v1", "--label", "educa-binding", "--id", "01")
    desk.pkcs11_tool("--token-label", label, "--login", "--pin", "12345678", *key)


def measure(*, quick: bool = False) -> list[Row]:
    """Milliseconds a token, and how they grow with the box."""
    sizes = (4, 12) if quick else SIZES
    bare = peer()
    boxes = [box_of(size) for size in sizes]
    grown = boxes[-1].processor / boxes[0].processor
    named = "softhsm2-util and pkcs11-tool, each token"
    rows = [Row(what=named, value=f"{bare.clock:6.1f} ms, processor {bare.processor:.1f} ms")]
    for size, each in zip(sizes, boxes, strict=True):
        ratio = f"ratio ours : peer {each.processor / bare.processor:.2f}"
        value = f"{each.clock:6.1f} ms, processor {each.processor:.1f} ms   {ratio}"
        rows.append(Row(what=f"a box of {size:,}, each token", value=value))
    goal = f"<= {_LINEAR}"
    return [
        *rows,
        Row(what="a token of the last beside one of the first", value=f"{grown:.2f}", goal=goal, met=grown <= _LINEAR),
    ]


def main(*, quick: bool = False) -> int:
    """Print the table; 1 if a goal is missed."""
    rows = measure(quick=quick)
    show("a box of software tokens", rows)
    return missed(rows)


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv))
