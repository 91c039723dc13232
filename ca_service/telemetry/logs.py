"""Structured logs: one JSON object a line on standard error, without personal data.

What is logged is chosen where it is logged; the mask here is the last resort for the texts of errors that others wrote.
"""

import logging
import re
import ssl
import sys
from collections.abc import Sequence
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

# A resident ID number, a mobile number, an e-mail address. Serials and hashes are hexadecimal and longer.
_PERSONAL = re.compile(
    r"(?<![0-9A-Za-z])(?:\d{17}[\dXx]|1[3-9]\d{9})(?![0-9A-Za-z])|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII
)
_MASK = "[masked]"


def configure() -> None:
    """Send structlog's and the standard library's logs of this process to standard error."""
    shared: Sequence[Processor] = (
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask,
    )
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared[:3], structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    # Every request that our own clients make, with its address: nothing for an operator.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def to_standard_error() -> None:
    """The log of a command: on standard error, whatever that is at the moment; standard output is its answer."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=lambda *_names: structlog.PrintLogger(sys.stderr),
    )


def note_server(msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
    """Stand for cheroot's `error_log`: failures with their traceback, and not which client broke off what."""
    if traceback and isinstance(sys.exception(), ConnectionError | ssl.SSLError | TimeoutError):
        return  # who hears nothing asks again; the request has its own line
    if traceback or level >= logging.ERROR:
        structlog.get_logger(__name__).log(level, "console server", what=msg.partition("\n")[0], exc_info=traceback)


def mask(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Replace what looks like an ID number, a mobile number or an e-mail address in every text of an entry."""
    return {key: _PERSONAL.sub(_MASK, value) if isinstance(value, str) else value for key, value in event.items()}
