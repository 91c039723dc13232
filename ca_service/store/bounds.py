"""How long PostgreSQL is waited for, and how long it waits for us.

Four things end a wait, each where the others cannot:

    a statement takes long, or waits for a lock      the server: statement_timeout, lock_timeout
    a server hangs, or a relay passes nothing on:    `PatientConnection`, `GRACE` seconds later
        the network is well, and nobody answers
    a machine vanishes: cut cable, power             both kernels: TCP keepalive (25 s idle), user timeout (15 s in use)
    one of ours stops in a transaction, with locks   the server: idle_in_transaction_session_timeout

The server's statement_timeout does not end a COMMIT that waits for its synchronous copy: only the second does.
"""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus

GRACE = 5.0
"""Seconds for which a server that ends a statement by itself may be late with saying so."""

# For the server's end of the connection; `outages.connection_options` has the like for ours. On a local socket they
# mean nothing.
_KEEPALIVE = {
    "tcp_keepalives_idle": 10,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_EVERY = 0.1


@dataclass(frozen=True)
class Bounds:
    """In seconds; 0: none. `statement`: one statement, all its waiting included. `lock`: its wait for one lock.
    `idle`: between two statements of a transaction."""

    statement: float = 0
    lock: float = 0
    idle: float = 0

    @property
    def answer(self) -> float | None:
        """How long one answer of the server is waited for."""
        return self.statement + GRACE if self.statement else None

    def options(self) -> str:
        """What the server is told when we connect, as libpq's `options`."""
        milliseconds = {
            "statement_timeout": self.statement,
            "lock_timeout": self.lock,
            "idle_in_transaction_session_timeout": self.idle,
        }
        settings = {name: round(seconds * 1000) for name, seconds in milliseconds.items()} | _KEEPALIVE
        return " ".join(f"-c {name}={value}" for name, value in settings.items())


UNBOUNDED = Bounds()
LASTING = Bounds(lock=60)
"""For what takes as long as it takes, alone: a migration, a VACUUM. For a lock it waits no longer than others."""


def serving(statement: float) -> Bounds:
    """For what a person or program waits for."""
    return Bounds(statement, lock=statement, idle=2 * statement)


def working(statement: float) -> Bounds:
    """For the worker and commands. Somebody who holds a lock for a minute hangs."""
    return Bounds(statement, lock=min(LASTING.lock, statement), idle=statement)


class PatientConnection(psycopg.Connection[Any]):
    """A connection that is given up when its server has not answered in time."""

    patience: float | None = None

    def wait(self, gen: PQGen[RV], interval: float = _EVERY, timeout: float | None = None) -> RV:
        """See `psycopg.Connection`. What becomes of the statement nobody knows: with the connection it is given up."""
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.close()
            raise
