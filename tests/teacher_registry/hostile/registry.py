"""The cases of the suite: each a function that makes a chain with one deviation, its docstring the clause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tests.teacher_registry.hostile.forge import NOW, Forged

Octets = Forged | bytes


def octets(given: Octets) -> bytes:
    """DER."""
    return given if isinstance(given, bytes) else given.der


@dataclass(frozen=True)
class Chain:
    """What `verify_chain` is asked. The purpose is None, as for foreign suites, unless a case is about ours."""

    leaf: Octets
    intermediates: Sequence[Octets]
    anchors: Sequence[Octets]
    crls: Sequence[bytes] = ()
    at: datetime = NOW
    purpose: str | None = None
    revocation: Literal["required", "if-given"] = "if-given"


@dataclass(frozen=True)
class Case:
    """`reason` is part of the refusal's text (None: the chain must be accepted); `near` the rules of which an
    accepted chain is the good vector."""

    name: str
    make: Callable[[], Chain]
    reason: str | None
    near: frozenset[str]

    @property
    def is_hostile(self) -> bool:
        """Whether it must be refused."""
        return self.reason is not None

    @property
    def names(self) -> str:
        """Where the rule that it breaks is named: in the reason, or in the clause."""
        return f"{self.reason} {self.make.__doc__}"

    @property
    def quotes(self) -> bool:
        """Whether it says what it is about."""
        return bool((self.make.__doc__ or "").strip())


CASES: list[Case] = []
Maker = Callable[[], Chain]


def _register(make: Maker, reason: str | None, near: frozenset[str]) -> None:
    name = f"{make.__module__.rpartition('.')[2]}::{make.__name__.replace('_', '-')}"
    CASES.append(Case(name, make, reason, near))


def refused(reason: str) -> Callable[[Maker], Maker]:
    """The chain must be refused, and for this reason (a part of the refusal's text)."""

    def decorate(make: Maker) -> Maker:
        _register(make, reason, frozenset())
        return make

    return decorate


def accepted(*near: str) -> Callable[[Maker], Maker]:
    """The chain must be accepted; it is the good vector of these rules."""

    def decorate(make: Maker) -> Maker:
        _register(make, None, frozenset(near))
        return make

    return decorate
