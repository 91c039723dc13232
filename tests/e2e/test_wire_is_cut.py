"""The wire between helper and CA is cut after N octets, and mended: one story on all three sides.

N are all places where what one side sends at once ends and the octets beside them, and every so many octets between
them, beginning at another one in each run. `python -m bench.wire_cuts` tries every octet.
"""

import os
import random
from pathlib import Path

import pytest

from ca_service.config import Config
from tests.e2e.octet_walk import edges, places
from tests.e2e.walks import Road, road
from tests.token_provisioning.cutting_proxy import Way
from tests.token_provisioning.so_tries import counting

# A prime: nothing that is sent is a multiple of it.
_STRIDE = 401
_SEED = int(os.environ.get("EDUCA_CUT_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.mark.parametrize("only_tls_1_2", [False, True], ids=["TLS 1.3", "TLS 1.2"])
@pytest.mark.parametrize("which", Road)
def test_cut_anywhere_and_mended_it_ends_as_if_it_had_not_been(
    founded: Config, tmp_path: Path, which: Road, monkeypatch: pytest.MonkeyPatch, *, only_tls_1_2: bool
) -> None:
    tried = counting(monkeypatch)
    print(f"EDUCA_CUT_SEED={_SEED}")  # shown when it fails
    with road(founded, tmp_path / "road", which, only_tls_1_2=only_tls_1_2, seed=_SEED) as walk:
        whole = walk.measure()
        for way in Way:
            # A deed for each cut where it matters; what TLS makes of the octets between is the same in both versions.
            alone = frozenset() if only_tls_1_2 else edges(whole, way)
            walk.along(way, places(whole, way, stride=_STRIDE, phase=_SEED % _STRIDE), alone=alone)

    assert walk.tally.cut > walk.tally.tried * 0.8
    # Wherever it was cut, the token said which SO PIN was in force.
    assert (tried.wrong, tried.right > 0) == (0, which is Road.UNBLOCK)
