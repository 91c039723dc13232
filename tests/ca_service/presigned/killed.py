"""Signs ahead in batches of two and kills itself: `python -m tests.ca_service.presigned.killed CONFIG-PICKLE STEP`.

The step is `claimed`, or `stored-N` or `committed-N`: in the transaction of the Nth batch, or right after it.
"""

import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ca_service import presigning
from ca_service.domain.presigned import PresignRun
from ca_service.wiring import Wiring
from ca_service.workflows import presign as workflow
from ca_service.workflows.ports import UnitOfWork
from tests.ca_service.crash_child import die
from tests.ca_service.office import Office


def main(path: str, step: str) -> None:
    """Sign ahead on the CA of the configuration in `path`."""
    wiring = Wiring(pickle.loads(Path(path).read_bytes()))
    services, seen = wiring.services, [0]

    @contextmanager
    def begin() -> Iterator[UnitOfWork]:
        with services.begin() as uow:
            yield uow
            # The first transaction claims the run.
            if step == f"stored-{seen[0]}":
                die()
            seen[0] += 1

    def tell(run: PresignRun) -> None:
        if step == ("claimed" if not run.answers else f"committed-{run.answers // 2}"):
            die()

    signer = presigning.answer_signer(wiring, "issuing")
    plan = presigning.plan(wiring, "issuing", batch=2)
    workflow.presign(replace(services, begin=begin), Office(services).operator, plan, signer, tell=tell)


if __name__ == "__main__":
    main(*sys.argv[1:])
