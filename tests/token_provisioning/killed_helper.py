"""The helper, struck right after a chosen act: `-m tests.token_provisioning.killed_helper FATE@ACT:N ...`.

After the Nth return of ACT the process is killed by SIGKILL (`kill`), or the token's folder is taken away
(`unplug`). ACT is a method of the device or of a CA client, or `module.function`, or `module.Class.method`.
"""

import os
import signal
import sys
from collections.abc import Callable
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any

from token_provisioning import cli
from token_provisioning.http_client import HttpCaClient, HttpRenewalClient, HttpUnblockClient
from token_provisioning.pkcs11_device import Pkcs11Device

_CLIENTS = {"renew": HttpRenewalClient, "unblock": HttpUnblockClient}


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def unplug() -> None:
    tokens = Path(os.environ["SOFTHSM2_CONF"]).parent / "tokens"
    tokens.rename(tokens.with_name("unplugged"))


def struck(method: Callable[..., Any], nth: int, fate: Callable[[], None]) -> Callable[..., Any]:
    calls = 0

    def until_struck(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        result = method(*arguments, **named)
        calls += 1
        if calls == nth:
            fate()
        return result

    return until_struck


if __name__ == "__main__":
    fate, _, when = sys.argv.pop(1).partition("@")
    act, _, nth = when.partition(":")
    owner: Any = Pkcs11Device if hasattr(Pkcs11Device, act) else _CLIENTS.get(sys.argv[1], HttpCaClient)
    if "." in act:
        name, *inner, act = act.split(".")
        owner = reduce(getattr, inner, import_module(f"token_provisioning.{name}"))
    strike = {"kill": kill, "unplug": unplug}[fate]
    setattr(owner, act, struck(getattr(owner, act), int(nth), strike))
    cli.main()
