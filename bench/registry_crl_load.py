"""Loads one big list as the registry does, alone in its process; prints seconds and microseconds of the
processor (the machine may be busy with others), MiB, entries.

Started by `bench.registry_verification`.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from teacher_registry.verification.certificates import read_certificate
from teacher_registry.verification.crl_entries import serial_key
from teacher_registry.verification.crl_index import Listed, index_crl

LOOK_UPS = 200_000


def main() -> None:
    """The folder holds `list.crl` and `ca.cer`."""
    folder = Path(sys.argv[1])
    octets = (folder / "list.crl").read_bytes()
    issuer = read_certificate((folder / "ca.cer").read_bytes())
    started = time.process_time()
    index = index_crl(octets, issuer, datetime.now(UTC))
    load = time.process_time() - started
    # Half of them on the list, half not: the second is the slow case of a linear search.
    listed = [Listed(key, frozenset(), is_authority=False) for key in list(index.complete)[:1000]]
    absent = [Listed(serial_key(number), frozenset(), is_authority=False) for number in range(1, 1001)]
    asked = (listed + absent) * (LOOK_UPS // 2000)
    started = time.process_time()
    for certificate in asked:
        index.status(certificate)
    look_up = (time.process_time() - started) / len(asked)
    print(load, _most_memory(), look_up * 1e6, len(index.complete))


def _most_memory() -> float:
    """MiB. Of this program only: getrusage would count what the parent held when it started us."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    main()
