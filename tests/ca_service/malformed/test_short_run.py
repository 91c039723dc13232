"""Some thousand malformed requests at every endpoint of CA and registry; a hundred thousand: `bench.malformed`."""

import logging
import os
from collections.abc import Sequence

import pytest
from flask import Flask

from bench.malformed.judge import HARDENED, Answer, Rules, objections
from bench.malformed.request import Draft, encode
from bench.malformed.run import Side, run
from bench.malformed.values import MARK

_EACH = int(os.environ.get("EDUCA_MALFORMED", "1500"))
pytestmark = pytest.mark.usefixtures("quick_hashes")


def _judge(sides: Sequence[Side], numbers: range) -> None:
    outcome = run(sides, seed=20261124, numbers=numbers)
    assert [str(finding) for finding in outcome.findings] == []
    # The requests are malformed in one part and sound in the others: they do reach the handlers.
    assert len(outcome.reached) > 80
    assert sum(count for status, count in outcome.statuses.items() if status < 400) > len(numbers) / 10


def test_malformed_requests_are_refused_and_change_nothing(on_sqlite: Sequence[Side]) -> None:
    _judge(on_sqlite, range(_EACH))


def test_so_they_are_on_a_database_that_takes_less(on_postgres: Sequence[Side]) -> None:
    """PostgreSQL refuses NUL, long texts and large numbers that SQLite keeps."""
    _judge(on_postgres, range(_EACH, 2 * _EACH))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((500, {}, b""), "answered 500"),
        ((200, {}, b"Traceback (most recent call last):"), "shows what is inside"),
        ((422, {"Content-Type": "text/html"}, MARK.encode()), "unescaped"),
        ((302, {"Location": "//evil.example/"}, b""), "leads away"),
        ((302, {"Location": "https://evil.example/"}, b""), "leads away"),
        ((200, {"X-Q7": "a\r\nSet-Cookie: q7=1"}, b""), "control character"),
        ((200, {}, b"a page"), "no Content-Security-Policy"),
        ((422, {}, b""), "wrote ['holder']"),
    ],
)
def test_the_judge_sees(answer: tuple[int, dict[str, str], bytes], words: str) -> None:
    rules = Rules(headers=HARDENED, may_write=lambda _sent, _status: {"audit_entry"})
    sent = encode(Draft("GET q7", "GET", "/"))
    status, headers, body = answer
    wrote = {"audit_entry", "holder"} if status == 422 and not body else set()
    assert any(words in found for found in objections(rules, sent, Answer(status, headers, body, 0, 0), wrote))


class _Broken:
    """A side whose one handler dies for half of what it is asked."""

    def __init__(self) -> None:
        app = Flask("q7")

        @app.post("/")
        def dies() -> str:
            from flask import request

            return "x" if len(request.form.get("name", "")) < 20 else str(1 // 0)

        self.applications = {"q7": app.wsgi_app}

    def draft(self, _rng: object) -> tuple[str, Draft]:
        return "q7", Draft("POST q7", "POST", "/", fields=(("name", "a"),))

    def untouched(self) -> object:
        from contextlib import nullcontext

        return nullcontext()

    def wrote(self) -> set[str]:
        return set()

    def rules(self, _part: str) -> Rules:
        return Rules()


def test_a_handler_that_dies_is_found_with_its_traceback_and_the_number_that_repeats_it() -> None:
    found = run([_Broken()], seed=1, numbers=range(60)).findings  # type: ignore[list-item]
    assert {finding.words for finding in found} >= {"answered 500", "left a traceback in the log"}
    assert "ZeroDivisionError" in found[0].trace
    again = run([_Broken()], seed=1, numbers=range(found[0].number, found[0].number + 1)).findings  # type: ignore[list-item]
    assert again[0].sent == found[0].sent
    assert logging.getLogger().handlers is not None
