"""The service's own adapters with places to strike at; every signature by a CA key is told before it is used.

There is no hook in the service for this: what is wrapped here is what `wiring.py` hands out, in a process that a drill
has started on its copy (`copying.require_copy`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

from ca_service.clock import Clock
from ca_service.config import Config
from ca_service.domain.key_use import Use
from ca_service.drill.places import BEGIN, COMMIT, COMMITTED, SIGN, SIGNED, Places
from ca_service.signing.signer import Signer
from ca_service.signing.token_sessions import TokenSessions
from ca_service.wiring import Wiring
from ca_service.workflows.ports import Services, UnitOfWork

Told = Callable[[bytes], None]


class StruckWiring(Wiring):
    """Wiring whose transactions and CA signatures pass the places. `signed` is told the SHA-256 of each signed TBS."""

    def __init__(self, config: Config, places: Places, *, clock: Clock, signed: Told) -> None:
        super().__init__(config, clock=clock)
        self._places = places
        self._signed = signed

    @cached_property
    def services(self) -> Services:
        """See the class above."""
        return replace(super().services, begin=self._begin)

    @contextmanager
    def _begin(self) -> Iterator[UnitOfWork]:
        self._places.passing(BEGIN)
        with self.database.begin() as uow:
            yield uow
            self._places.passing(COMMIT)
        self._places.passing(COMMITTED)

    def ca_signer(self, sessions: TokenSessions, label: str) -> Signer:
        """See the class above."""
        return _StruckSigner(super().ca_signer(sessions, label), self._places, self._signed)


class _StruckSigner:
    """Implements `Signer`."""

    def __init__(self, real: Signer, places: Places, signed: Told) -> None:
        self._real, self._places, self._signed = real, places, signed

    @property
    def algorithm(self) -> bytes:
        """See the protocol."""
        return self._real.algorithm

    @property
    def public_key(self) -> bytes:
        """See the protocol."""
        return self._real.public_key

    def require(self, use: Use) -> None:
        """See the protocol."""
        self._real.require(use)

    def sign(self, message: bytes, *, use: Use = Use.OTHER) -> bytes:
        """See the protocol. The witness learns of the signature before anybody here can."""
        self._places.passing(SIGN)
        signature = self._real.sign(message, use=use)
        self._signed(message)
        self._places.passing(SIGNED)
        return signature
