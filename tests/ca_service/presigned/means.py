"""What the tests of signing ahead have in common."""

from sqlalchemy import text

from ca_service import presigning
from ca_service.config import Config
from ca_service.domain.presigned import RunStatus
from ca_service.wiring import Wiring
from ca_service.workflows.ports import AnswerSigner
from ca_service.workflows.presign import Plan
from tests.ca_service.conftest import TestClock
from tests.ca_service.presigned.answering import Answering


def means(wiring: Wiring) -> tuple[Plan, AnswerSigner]:
    """What is signed ahead in a test, two certificates a batch, and who signs."""
    return presigning.plan(wiring, "issuing", batch=2), presigning.answer_signer(wiring, "issuing")


def another(config: Config, clock: TestClock) -> Answering:
    """The responder of another process, nearly: its own adapters on the same database and token."""
    return Answering(Wiring(config, clock=clock))


def stored(wiring: Wiring) -> int:
    """How many answers are in the store."""
    with wiring.database.engine.begin() as connection:
        return int(connection.execute(text("SELECT count(*) FROM ocsp_answer")).scalar_one())


def runs(wiring: Wiring) -> list[RunStatus]:
    """The runs, oldest first."""
    with wiring.database.read() as uow:
        return [run.status for run in sorted(uow.presign_runs.find(), key=lambda run: run.number)]


def execute(wiring: Wiring, statement: str, **values: object) -> None:
    """Change rows past the service."""
    with wiring.database.engine.begin() as connection:
        assert connection.execute(text(statement), values).rowcount
