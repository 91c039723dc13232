"""Counts what the SO logs in with during the unblocks of this process."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from token_provisioning import unblocking
from token_provisioning.errors import SoPinWrongError
from token_provisioning.login import open_so


@dataclass
class Tried:
    """How often a SO PIN was right, how often wrong."""

    right: int = 0
    wrong: int = 0
    latest: list[str] = field(default_factory=list)


def counting(monkeypatch: pytest.MonkeyPatch) -> Tried:
    """Count from now on; each try goes to the token all the same."""
    counted = Tried()

    def try_it(token: Any, so_pin: str) -> Any:
        counted.latest.append(so_pin)
        try:
            session = open_so(token, so_pin)
        except SoPinWrongError:
            counted.wrong += 1
            raise
        counted.right += 1
        return session

    monkeypatch.setattr(unblocking, "open_so", try_it)
    return counted
