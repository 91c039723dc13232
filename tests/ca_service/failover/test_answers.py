"""What a client is told while the database is away: that it may come again, and when."""

import pytest
from flask import Flask

from ca_service.domain.errors import DomainError, OutcomeUnknown, StateUnknown, TooMany, Unavailable
from ca_service.web import errors


def _answering(error: DomainError) -> Flask:
    app = Flask("answers")
    errors.register(app)

    @app.post("/api/v1/act")
    def act() -> str:
        raise error

    return app


@pytest.mark.parametrize("error", [Unavailable("暂时无法办理"), OutcomeUnknown("不能确定")])
def test_what_passes_is_answered_503_retryable_with_the_moment_to_come_again(error: DomainError) -> None:
    answer = _answering(error).test_client().post("/api/v1/act")
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert answer.get_json()["retryable"] is True
    assert answer.get_json()["kind"] == error.kind
    assert int(answer.headers["Retry-After"]) > 0


def test_what_a_person_has_to_look_into_is_not_called_retryable() -> None:
    answer = _answering(StateUnknown("请停止")).test_client().post("/api/v1/act")
    assert answer.status_code == 503
    assert "retryable" not in answer.get_json()
    assert "Retry-After" not in answer.headers


def test_who_tried_too_often_is_told_by_header_too_when_to_come_again() -> None:
    answer = _answering(TooMany("稍候", facts={"retry_after": 30})).test_client().post("/api/v1/act")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
