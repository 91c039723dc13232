"""The wire between helper and CA is cut at every octet: download, renewal and unblock, both ways, TLS 1.3 and 1.2.

`python -m bench.wire_cuts [--quick] [--seed N] [WALK ...]`, a WALK being e.g. `renewal/1.3/down`. After each cut the
step is done again; none may be left with two certificates or a key too many (`tests/e2e/octet_walk.py`). Walks run in
processes of their own, as many at once as there are cores. Speed is not judged: a step that ends otherwise breaks its
walk off.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.table import Row, missed, show
from tests.ca_service.conftest import founded_once
from tests.e2e.octet_walk import edges, places
from tests.e2e.walks import Road, road
from tests.token_provisioning.cutting_proxy import Way

_VERSIONS = ("1.3", "1.2")
# Those that take longest first.
WALKS = tuple(
    f"{which}/{version}/{way}"
    for which in (Road.RENEWAL, Road.DOWNLOAD, Road.UNBLOCK)
    for version in _VERSIONS
    for way in (Way.DOWN, Way.UP)
)
_QUICK = ("unblock/1.3/up",)
_QUICK_STRIDE = 499


@dataclass(frozen=True)
class Done:
    """A walk that has ended: what it printed, and what it took by the clock."""

    walk: str
    code: int
    said: str
    seconds: float


def go(walk: str, *, stride: int, seed: int) -> str:
    """Go along one walk in this process; return what it has come to."""
    which, version, towards = walk.split("/")
    way = Way(towards)
    with (
        tempfile.TemporaryDirectory() as name,
        road(founded_once(), Path(name) / "road", Road(which), only_tls_1_2=version == "1.2", seed=seed) as along,
    ):
        whole = along.measure()
        along.along(way, places(whole, way, stride=stride), alone=edges(whole, way) if stride == 1 else frozenset())
        tally, used = along.tally, time.process_time() + along.server.processor_seconds()
    return f"{whole.passed[way]:6,} octets, {tally.cut:6,} cuts, {tally.judged:4} ended; processor {used:4.0f} s"


def apart(walk: str, *, stride: int, seed: int) -> Done:
    """Go along one walk in a process of its own, which founds a CA."""
    command = [sys.executable, "-m", "bench.wire_cuts", "--here", str(stride), "--seed", str(seed), walk]
    started = time.monotonic()
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    said = ran.stdout.strip() if ran.returncode == 0 else f"{ran.stdout}\n{ran.stderr}"
    return Done(walk, ran.returncode, said, time.monotonic() - started)


def measure(walks: Sequence[str] = WALKS, *, quick: bool = False, seed: int = 1) -> list[Row]:
    """Go along all walks."""
    stride = _QUICK_STRIDE if quick else 1
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return [_row(done) for done in pool.map(lambda walk: apart(walk, stride=stride, seed=seed), walks)]


def _row(done: Done) -> Row:
    right = done.code == 0
    if not right:
        print(done.said, file=sys.stderr)
    value = f"{done.said}, clock {done.seconds:4.0f} s" if right else "broken off"
    return Row(what=done.walk, value=value, goal="all end well", met=right)


def main(*, quick: bool = False) -> int:
    """Print the table; 1 if a walk was broken off."""
    words = sys.argv[1:]
    seed = int(words[words.index("--seed") + 1]) if "--seed" in words else int.from_bytes(os.urandom(4))
    walks = [word for word in words if word in WALKS] or (_QUICK if quick else WALKS)
    if "--here" in words:
        print(go(walks[0], stride=int(words[words.index("--here") + 1]), seed=seed))
        return 0
    rows = measure(walks, quick=quick, seed=seed)
    show(f"the wire is cut at every octet, seed {seed}", rows)
    return missed(rows)


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv))
