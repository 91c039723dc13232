"""The soak in short: two machines, a pair of PostgreSQL servers, a death every 20 s, the primary's too, and no loss.

The same code as `python -m bench.soak --minutes 30`, in a process of its own, and slower: other tests run beside it.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_MINUTES = os.environ.get("EDUCA_SOAK_MINUTES", "1")


# Its own time, the preparation before and the audit after it, on a machine that does much else besides.
@pytest.mark.e2e
@pytest.mark.timeout(900)
def test_nothing_acknowledged_is_lost_while_processes_and_the_primary_die() -> None:
    # A death costs each client that was being served one error. In minutes they weigh more than in half an hour.
    accepted = ["--error-rate", "0.05", "--growth", "60"]
    command = [sys.executable, "-m", "bench.soak", "--minutes", _MINUTES, "--slower", "2.5", *accepted]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
