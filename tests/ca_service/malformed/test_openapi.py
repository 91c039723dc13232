"""schemathesis makes requests from our OpenAPI document, right and wrong ones; each answer is one that it describes."""

import warnings
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from bench.malformed.ca_side import CaSide
from bench.malformed.run import Side
from ca_service.domain.roles import Role

schemathesis = pytest.importorskip("schemathesis")
_EXAMPLES = 12
_PHASES = (Phase.generate, Phase.explicit)


def _credentials(side: CaSide, case: Any) -> dict[str, str]:
    """A relying system's own token; who pushes has to sign the body, which bench/malformed does."""
    relying = {"relying": []} in case.operation.definition.raw.get("security", [])
    return {"Authorization": f"Bearer {side.world.token(Role.RELYING, b'')}"} if relying else {}


@pytest.mark.parametrize("negative", [False, True], ids=["right", "wrong"])
def test_answers_are_those_of_the_document(on_sqlite: Sequence[Side], negative: bool) -> None:
    side = on_sqlite[0]
    assert isinstance(side, CaSide)
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", side.world.console)
    mode = GenerationMode.NEGATIVE if negative else GenerationMode.POSITIVE
    asked = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        quiet = settings(
            max_examples=_EXAMPLES, deadline=None, database=None, derandomize=True, phases=_PHASES,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip

        @quiet
        @given(case=operation.as_strategy(generation_mode=mode))
        def answer_of(case: Any) -> None:
            with side.untouched():
                # Codes, sessions and signatures that fit a schema are still none of ours: those are refused.
                case.call_and_validate(headers=_credentials(side, case), excluded_checks=[positive_data_acceptance])
            asked.add(case.operation.label)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                answer_of()
            except Exception as error:
                if "Unsatisfiable" not in type(error).__name__:
                    raise
    assert len(asked) >= 9
