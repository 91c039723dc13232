"""Erasures in processes that die at the step they are told, one for each line of standard input: `python -m ...
CONFIG.json FOLDER CASE PASSED`. Answers each line with the signal by which the process ended.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ca_service.config import Config
from ca_service.domain.erasures import ErasureStatus
from ca_service.periodic import WORKER
from ca_service.wiring import Wiring
from ca_service.workflows import erasures as workflow
from ca_service.workflows.erasure_chores import do_chores
from ca_service.workflows.ports import UnitOfWork
from tests.ca_service.erasure.scene import SECURITY

STEPS = ("before-commit", "after-commit", "document-removed", "message-forgotten", "compacted")


def die(*_: object) -> None:
    """As by a power cut: nothing is closed, nothing is said."""
    os.kill(os.getpid(), signal.SIGKILL)


def after(act: Callable[..., Any]) -> Callable[..., Any]:
    """The act, and then the end."""

    def dying(*arguments: Any, **named: Any) -> Any:
        act(*arguments, **named)
        die()

    return dying


def erase(wiring: Wiring, case_id: str, step: str) -> None:
    """Confirm the case, if nobody has yet, and do what is queued."""
    services, hands = wiring.services, wiring.erasing_hands

    @contextmanager
    def dying() -> Iterator[UnitOfWork]:
        with services.begin() as uow:
            yield uow
            die()

    begin: Any = dying if step == "before-commit" else services.begin
    case = workflow.view(services, SECURITY, case_id).case
    if case.status is ErasureStatus.PROPOSED:
        workflow.confirm(replace(services, begin=begin), SECURITY, case_id, seen=case.seen)
    if step == "after-commit":
        die()
    if step == "document-removed":
        documents: Any = services.documents
        documents.remove = after(documents.remove)
    if step == "message-forgotten":
        hands = replace(hands, forget_message=after(hands.forget_message))
    if step == "compacted":
        hands = replace(hands, compact=after(hands.compact))
    while do_chores(services, WORKER, hands):
        continue


def main() -> None:
    """A process for each step: forked from this one, which has a single thread and has opened nothing yet."""
    config = Config.model_validate_json(Path(sys.argv[1]).read_text()).model_copy(update={"folder": Path(sys.argv[2])})
    case_id, passed = sys.argv[3], timedelta(seconds=float(sys.argv[4]))
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            erase(Wiring(config, clock=lambda: datetime.now(UTC) + passed), case_id, line.strip())
            os._exit(0)
        _, ended = os.waitpid(child, 0)
        print(os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else f"exit {os.WEXITSTATUS(ended)}", flush=True)


if __name__ == "__main__":
    main()
