"""A process that dies anywhere in an erasure: nothing has happened, or all is done in the end; no file goes first."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from ca_service.domain.errors import Unavailable
from ca_service.domain.holders import HolderStatus
from ca_service.periodic import WORKER
from ca_service.workflows import erasures as workflow
from ca_service.workflows.erasure_check import check_erased
from ca_service.workflows.erasure_chores import Hands, do_chores
from ca_service.workflows.messages import deliver
from tests.ca_service.erasure.killed import STEPS
from tests.ca_service.erasure.scene import FIRST, OPERATOR, Scene

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


def _ready(scene: Scene) -> str:
    """A case about a person with documents and messages that went out."""
    scene.registered(FIRST)
    services = scene.wiring.services
    assert deliver(services, scene.wiring.couriers())
    with services.begin() as uow:
        uow.holders.change(uow.holders.get(scene.holders[FIRST]), status=HolderStatus.STOPPED)
    scene.years_later()
    case = workflow.propose(services, scene.office.reviewer, [scene.holders[FIRST]], ground="教档1号")
    return case.id


def _files(scene: Scene) -> tuple[int, int]:
    outbox = scene.wiring.config.path(scene.wiring.config.service.outbox)
    return len(list(scene.wiring.services.documents.names())), len(list(outbox.glob("*.json")))


@contextmanager
def _mortals(scene: Scene, case: str, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Starts a process for a step, and returns how it ended."""
    config = tmp_path / "config.json"
    config.write_text(scene.wiring.config.model_dump_json(), encoding="utf-8")
    passed = str(scene.clock.passed.total_seconds())
    program = (sys.executable, "-m", "tests.ca_service.erasure.killed")
    arguments = (str(config), str(scene.wiring.config.folder), case, passed)
    pipe = subprocess.PIPE
    with subprocess.Popen([*program, *arguments], stdin=pipe, stdout=pipe, text=True) as running:
        assert running.stdin
        assert running.stdout

        def kill(step: str) -> str:
            print(step, file=running.stdin, flush=True)
            return running.stdout.readline().strip()  # type: ignore[union-attr]

        yield kill
        running.stdin.close()


def test_each_death_leaves_all_or_leads_to_nothing(scene: Scene, tmp_path: Path) -> None:
    case = _ready(scene)
    before = _files(scene)
    assert min(before) > 0
    with _mortals(scene, case, tmp_path) as kill:
        for step in STEPS:
            assert kill(step) == str(int(signal.SIGKILL)), step
            with scene.wiring.services.read() as uow:
                status, chores = uow.holders.get(scene.holders[FIRST]).status, uow.erasing.chores.count()
            documents, messages = _files(scene)
            wanted = (HolderStatus.STOPPED, 0) if step == "before-commit" else (HolderStatus.ERASED, chores)
            assert (status, chores) == wanted, step
            # Whatever lies there still stands in the queue.
            assert step == "before-commit" or chores > documents + messages, step
            assert step not in ("before-commit", "after-commit") or (documents, messages) == before
        assert kill("nothing") == "exit 0"
    assert _files(scene) == (0, 0)
    (checked,) = check_erased(scene.wiring.services, OPERATOR)
    assert checked.clean


def test_what_cannot_be_taken_away_now_is_tried_again_and_shown_until_then(scene: Scene) -> None:
    case = _ready(scene)
    services, hands = scene.wiring.services, scene.wiring.erasing_hands

    def refuse(_: str) -> None:
        raise Unavailable("示范")

    with services.read() as uow:
        seen = uow.erasing.cases.get(case).seen
    workflow.confirm(services, scene.erased_by, case, seen=seen)
    with pytest.raises(Unavailable):
        do_chores(services, WORKER, Hands(refuse, hands.compact))
    (checked,) = check_erased(services, OPERATOR)
    assert (checked.clean, checked.rows) == (False, {})
    assert checked.waiting > 1
    while do_chores(services, WORKER, Hands(hands.forget_message, lambda: False)):
        continue
    assert check_erased(services, OPERATOR)[0].waiting == 1
    scene.swept()
    assert check_erased(services, OPERATOR)[0].clean


def test_a_document_that_is_put_again_meanwhile_stays(scene: Scene) -> None:
    case = _ready(scene)
    services = scene.wiring.services
    with services.read() as uow:
        (batch,) = uow.batches.find()
        seen = uow.erasing.cases.get(case).seen
    content = services.documents.get(batch.scan_sha256)
    workflow.confirm(services, scene.erased_by, case, seen=seen)
    # As by somebody who uploads the very file just now: no row names it yet.
    scene.clock.passed = timedelta(0)
    services.documents.put(content)
    scene.swept()
    assert services.documents.get(batch.scan_sha256) == content
    scene.clock.pass_time(hours=2)
    scene.swept()
    assert _files(scene) == (0, 0)
