"""A short storm on both databases: workers and publishers are killed, and all still agree. The long one: bench."""

from pathlib import Path

import pytest

from bench.status_storm import blow
from bench.storm_parts import Storm
from ca_service.config import Config

_SEED = 20261124


# Some ten seconds of work by thirteen processes; a machine that does much else besides takes its time.
@pytest.mark.timeout(300)
def test_after_a_storm_in_which_processes_were_killed_everybody_agrees(config: Config, tmp_path: Path) -> None:
    result = blow(Storm(config, changes=600, certificates=100, seed=_SEED, kill_every=0.5), tmp_path)
    # The order in which the processes get their turn is the machine's: the seed repeats what they try.
    print(result)
    assert result.disagreements == []
    assert result.refused_lists == 0
    assert result.changes >= 600
    assert result.kills > 0
    assert result.last is not None
    assert len(result.last.lists) >= 3
    # Each certificate by each responder, at least.
    assert result.last.answers >= 2 * 100
    assert result.watched
