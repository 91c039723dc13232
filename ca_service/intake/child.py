"""Run one of our programs on hostile bytes in a process of its own, which may die for us."""

import os
import subprocess
import sys


def run(module: str, *arguments: str, data: bytes, seconds: float) -> bytes | None:
    """Standard output of `python -m module` fed with `data`, or None where it failed; raise TimeoutExpired.

    The program limits its own time and memory; this bounds the wall clock.
    """
    # The parent's search path is handed down, so that the child runs the same code however it was installed.
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LANG": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        input=data,
        capture_output=True,
        timeout=seconds,
        env=environment,
        check=False,
    )
    return done.stdout if done.returncode == 0 else None
