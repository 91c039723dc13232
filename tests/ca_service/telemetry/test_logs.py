"""Logs are JSON, and what looks like personal data is not in them, whoever wrote the text."""

import json
import logging
import ssl
import subprocess
import sys
from typing import Any, NoReturn

import pytest
from structlog.testing import capture_logs

from ca_service.telemetry.logs import mask, note_server

_PROGRAM = """
import logging, structlog
from ca_service.telemetry import logs
logs.configure()
structlog.contextvars.bind_contextvars(request_id="abcdef0123456789")
structlog.get_logger("own").warning("task failed", task="push")
try:
    raise ValueError("150302199001010004 of 13800138000 at teacher@example.com")
except ValueError:
    structlog.get_logger("own").exception("own failure")
    logging.getLogger("another").exception("the failure of a library")
logging.getLogger("another").warning("called by %s", "13800138000")
"""


def test_every_line_is_json_with_its_request_and_without_personal_data() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    entries = [json.loads(line) for line in done.stderr.splitlines()]
    assert [e["event"] for e in entries] == [
        "task failed", "own failure", "the failure of a library", "called by [masked]"
    ]  # fmt: skip
    assert {e["request_id"] for e in entries} == {"abcdef0123456789"}
    assert all({"level", "timestamp"} <= set(e) for e in entries)
    assert "Traceback" in entries[1]["exception"]
    assert "Traceback" in entries[2]["exception"]
    for personal in ("150302199001010004", "13800138000", "teacher@example.com"):
        assert personal not in done.stderr


@pytest.mark.parametrize("text", ["15030219900101000X", "电话13800138000。", "给 zhang.san+ca@example.edu.cn 发送"])
def test_what_looks_personal_is_masked(text: str) -> None:
    assert "[masked]" in mask(None, "info", {"event": text})["event"]


@pytest.mark.parametrize("text", ["4f1380013800041e", "1690000000000", "2026-11-24T08:00:00.123456Z", "a" * 64])
def test_serials_and_times_stay(text: str) -> None:
    assert mask(None, "info", {"event": text})["event"] == text


def _noted(failure: Exception) -> list[Any]:
    """What is logged when cheroot hands over a failure that it has caught."""
    with capture_logs() as seen:
        try:
            _fail(failure)
        except Exception:
            note_server("failed\nTraceback ...", level=logging.ERROR, traceback=True)
    return list(seen)


def _fail(failure: Exception) -> NoReturn:
    raise failure


@pytest.mark.parametrize("broken", [BrokenPipeError(), ConnectionResetError(), ssl.SSLEOFError(), TimeoutError()])
def test_a_client_that_breaks_off_leaves_no_traceback(broken: OSError) -> None:
    assert _noted(broken) == []


@pytest.mark.parametrize("failure", [RuntimeError(), OSError(28, "No space left on device")])
def test_a_failure_of_the_server_is_told_with_its_traceback(failure: Exception) -> None:
    assert [(entry["what"], entry["exc_info"]) for entry in _noted(failure)] == [("failed", True)]
