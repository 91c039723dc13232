"""A rotation in a process of its own that dies at the step it is told: `python -m ... CONFIG.json STEP`."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ca_service.config import Config
from ca_service.domain.proposals import ProposalKind
from ca_service.domain.roles import Role
from ca_service.store import documents
from ca_service.wiring import Wiring
from ca_service.workflows import field_keys
from tests.ca_service.office import actor
from tests.ca_service.second_person import release

STEPS = ("key-written", "announced", "switched", "1", "2", "5", "document-written", "finished")


def die(*_: object) -> None:
    """As by a power cut: nothing is closed, nothing is said."""
    os.kill(os.getpid(), signal.SIGKILL)


def after(act: Callable[..., Any]) -> Callable[..., Any]:
    """The act, and then the end."""

    def dying(*arguments: Any) -> Any:
        act(*arguments)
        die()

    return dying


def main() -> None:
    """Announce and rotate one row at a time."""
    config = Config.model_validate_json(Path(sys.argv[1]).read_text()).model_copy(update={"folder": Path(sys.argv[2])})
    step, wiring = sys.argv[3], Wiring(config)
    operator = actor(Role.OPERATOR)
    keys: Any = wiring.field_keys
    if step == "key-written":  # in the file, and its transaction not committed
        keys.announce = after(keys.announce)
    if keys.state().announced is None and not keys.state().retired:
        release(wiring.services, ProposalKind.FIELD_KEY_CHANGE)
        field_keys.announce(wiring.services, operator, keys)
    if step == "announced":
        die()
    if step == "switched":
        keys.switch = after(keys.switch)
    if step == "document-written":
        documents.os.fsync = after(os.fsync)  # type: ignore[attr-defined]
    field_keys._PIECE = 1
    told = (lambda done: die() if done >= int(step) else None) if step.isdigit() else (lambda _: None)
    field_keys.rotate(wiring.services, operator, keys, wiring.sealed_data, told=told)
    if step == "finished":
        die()


if __name__ == "__main__":
    main()
