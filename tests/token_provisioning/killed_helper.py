"""The helper, killed by SIGKILL right after a chosen act: `-m tests.token_provisioning.killed_helper ACT:N ...`.

The Nth return of ACT (a method of the device or of the CA client) is the helper's last moment.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from token_provisioning import cli
from token_provisioning.http_client import HttpCaClient
from token_provisioning.pkcs11_device import Pkcs11Device


def deadly(method: Callable[..., Any], nth: int) -> Callable[..., Any]:
    calls = 0

    def dying(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        result = method(*arguments, **named)
        calls += 1
        if calls == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return dying


if __name__ == "__main__":
    act, _, nth = sys.argv.pop(1).partition(":")
    owner: Any = Pkcs11Device if hasattr(Pkcs11Device, act) else HttpCaClient
    setattr(owner, act, deadly(getattr(owner, act), int(nth)))
    cli.main()
