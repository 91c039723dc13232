"""Outages of PostgreSQL: which errors mean that it is going away, how long to wait for it, what became of a commit.

A failover looks like this to a process: its connections break (no SQLSTATE, class 08, or 57P01 admin_shutdown), new
ones are refused or told 57P03 (cannot_connect_now) or that no host takes writes, and some seconds later all is well.
Codes are those of the PostgreSQL manual, appendix A.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DataError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ca_service.domain.errors import DomainError, Invalid, OutcomeUnknown, Unavailable
from ca_service.store.bounds import UNBOUNDED, Bounds

PATIENCE = 5.0
"""Seconds for which a transaction that has not begun waits for a database that is away: a restart, most failovers."""

RESOLVED_WITHIN = 20.0
"""Seconds in which we try to learn what became of a commit before we say that we do not know."""

_PAUSE = 0.1
# 25006 read_only_sql_transaction: the server that we have is a standby, or has become one.
_GOING_AWAY = frozenset({"57P01", "57P02", "57P03", "25006"})
# 40003 statement_completion_unknown: the server itself says so.
_UNKNOWN = frozenset({"57P01", "57P02", "40003"})
# For a host that is cut off the network: five seconds to connect, and a quarter of a minute without an acknowledgement.
_DEFAULTS = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
FAILURES = (DBAPIError, PoolTimeout)


def connection_options(url: URL, bounds: Bounds = UNBOUNDED) -> dict[str, Any]:
    """What is added to the connections of this URL; what it says itself stands.

    Where it names several hosts, the one that takes writes is looked for: a standby would answer with the past.
    """
    said = url.query
    hosts = said.get("host", ())
    several = len(hosts) > 1 if isinstance(hosts, tuple) else "," in hosts
    wanted = {**_DEFAULTS, **({"target_session_attrs": "read-write"} if several else {})}
    # Of two settings of one name the last counts: theirs.
    options = " ".join([bounds.options(), *url.normalized_query.get("options", ())])
    return {**{name: value for name, value in wanted.items() if name not in said}, "options": options}


def drop_what_goes_away(engine: Engine) -> None:
    """Let the pool forget its connections once one of them was told that its server goes away or takes no writes."""

    @event.listens_for(engine, "handle_error")
    def _look(context: ExceptionContext) -> None:
        if _state(context.original_exception) in _GOING_AWAY:
            context.is_disconnect = True


class Patience:
    """Waits for a database that is away: so many seconds from when that was first noticed, by all threads together.

    So a failover costs time and no errors, and an outage that lasts does not keep every thread waiting.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._away_since: float | None = None

    def wait_for(self, begin: Callable[[], object]) -> None:
        """Call `begin` again while the database is away; then raise what it raised."""
        while True:
            try:
                begin()
            except DBAPIError as error:
                since = self._away_since
                if since is None:
                    since = self._away_since = time.monotonic()
                if not _is_away(error) or time.monotonic() >= since + self._seconds:
                    raise
            else:
                self._away_since = None
                return
            time.sleep(_PAUSE)


def is_unknown(error: SQLAlchemyError) -> bool:
    """Whether an error of COMMIT leaves open what became of the transaction.

    A server that answers with another code has rolled it back; one that broke off may have been done.
    """
    if not isinstance(error, DBAPIError):
        return False
    state = _state(error.orig)
    return error.connection_invalidated or state in _UNKNOWN or _is_broken(error)


def told(error: SQLAlchemyError) -> DomainError:
    """What people are told where nothing was committed: a value that the database cannot take is the asker's to mend,
    all else is ours.
    """
    if isinstance(error, DataError):
        return Invalid(
            "提交的内容中有数据库无法保存的值（过长、超出范围或含有不能保存的字符），未作任何更改。请更正后重试。"
        )
    name = type(error.orig).__name__ if isinstance(error, DBAPIError) else type(error).__name__
    return Unavailable(
        f"数据库当前无法完成此操作（{name}），未作任何更改。"
        "请稍后重试；一直如此时请检查数据库是否在运行、磁盘是否可写，可运行 educa doctor 查看原因。"
    )


@contextmanager
def told_as_ours() -> Iterator[None]:
    """Errors of the database as domain errors."""
    try:
        yield
    except FAILURES as error:
        raise told(error) from error


def unknown() -> OutcomeUnknown:
    """What people are told where it may have been committed."""
    return OutcomeUnknown(
        "数据库在保存时中断，不能确定此操作是否已经完成。请稍后刷新查看结果；没有完成的可以再办一次，不会重复办理。"
    )


def _is_away(error: DBAPIError) -> bool:
    return error.connection_invalidated or _state(error.orig) in _GOING_AWAY or _is_broken(error)


def _is_broken(error: DBAPIError) -> bool:
    """Refused, cut, timed out, no host that takes writes: libpq says so without a code, or with one of class 08.

    SQLite's errors never carry a code, and it has no connection that could break.
    """
    if not isinstance(error, OperationalError) or not hasattr(error.orig, "sqlstate"):
        return False
    state = _state(error.orig)
    return state is None or state.startswith("08")


def _state(error: BaseException | None) -> str | None:
    """The SQLSTATE that came with an error; None where the server said nothing."""
    state: str | None = getattr(error, "sqlstate", None)
    return state
