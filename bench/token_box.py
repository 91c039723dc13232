"""A box of software tokens: milliseconds a token for small and large boxes, beside the tools of SoftHSM and OpenSC.

`python -m bench.token_box [--quick] [--killed]`. The peer does less: no attributes read back, no sealed SO PIN, no
journal on the disk. Processor time is printed beside the clock's, since it can be compared on a machine that does other
things too. With `--killed` the large box alone is done, by runs of which each is killed after some forty tokens, and
every token of it is looked at in the end.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from bench.table import Row, missed, show
from tests.token_provisioning.killed_box import ACTS_A_TOKEN, killed_until_done
from tests.token_provisioning.many_tokens import Box as Killed
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
_TOKENS_A_RUN = 40


@dataclass(frozen=True)
class Spent:
    """Milliseconds a token; `first` and `last` are of the processor for the first and the last tenth of a box."""

    clock: float
    processor: float
    first: float = 0.0
    last: float = 0.0


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
            marks = [time.process_time()]
            started = time.perf_counter()

            def report(serial: str, error: TokenError | None) -> None:
                _raise(serial, error)
                marks.append(time.process_time())

            box = Box(folder / "box", Journal(folder / "box" / "journal.jsonl", clock=lambda: datetime.now(UTC)))
            failed = fill(box, module, tokens, order, report)
            spent = Spent(
                (time.perf_counter() - started) / size * 1000,
                (time.process_time() - marks[0]) / size * 1000,
                *tenths([(later - earlier) * 1000 for earlier, later in pairwise(marks)]),
            )
            if failed or len(box.done) != size:
                raise SystemExit(f"{failed} failed, {len(box.done)} done")
            return spent


def tenths(each: Sequence[float]) -> tuple[float, float]:
    """The mean of the first tenth of these and of the last one."""
    tenth = max(1, len(each) // 10)
    return sum(each[:tenth]) / tenth, sum(each[-tenth:]) / tenth


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
        _beginning_and_end(sizes[-1], boxes[-1].first, boxes[-1].last),
        Row(what="a token of the last beside one of the first", value=f"{grown:.2f}", goal=goal, met=grown <= _LINEAR),
    ]


def _beginning_and_end(size: int, first: float, last: float) -> Row:
    tenth = max(1, size // 10)
    what = f"processor, tokens 1-{tenth:,} beside {size - tenth + 1:,}-{size:,}"
    value = f"{first:.1f} ms, {last:.1f} ms: {last / first:.2f}"
    return Row(what=what, value=value, goal=f"<= {_LINEAR}", met=last / first <= _LINEAR)


def measure_killed(*, quick: bool = False) -> list[Row]:
    """A box done by runs that are killed, then each token looked at; AssertionError for one that is not whole."""
    size, seed = (12 if quick else SIZES[-1]), int.from_bytes(os.urandom(4))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        box = Killed(new_desk(folder, own_copy(folder)), size)
        acts = ACTS_A_TOKEN * (4 if quick else _TOKENS_A_RUN)
        told = killed_until_done(box.desk, box.arguments(), seed=seed, acts=acts, timeout=7200)
        box.require_each_initialised_once()
        box.require_taken_up_where_it_stood()
        box.require_every_token_whole()
    where = f"{len(told.deaths)} runs killed, at {len(set(told.deaths))} different places (seed {seed})"
    return [
        Row(what=f"a box of {size:,}, each token initialised once and whole", value=where),
        _beginning_and_end(size, *tenths(told.processor)),
    ]


def main(*, quick: bool = False, killed: bool = False) -> int:
    """Print the table; 1 if a goal is missed."""
    rows = measure_killed(quick=quick) if killed else measure(quick=quick)
    show("a box of software tokens" + (", killed again and again" if killed else ""), rows)
    return missed(rows)


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv, killed="--killed" in sys.argv))
