"""A process that enrols and kills itself at a named step: run as `python -m tests.ca_service.crash_child`.

The step is one of `before-intent`, `after-intent`, `after-signature`, `before-record-commit`, `after-record`.
"""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ca_service import config as configuration
from ca_service.wiring import Wiring
from ca_service.workflows.ports import Authority, Linted, UnitOfWork
from crl import Revocation
from tests.ca_service.office import Office


def die() -> None:
    """End at once, as by a power cut."""
    os.kill(os.getpid(), signal.SIGKILL)


class DyingAuthority:
    """An authority that ends the process around its signature."""

    def __init__(self, real: Authority, step: str) -> None:
        self._real = real
        self._step = step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def issue(self, linted: Linted) -> bytes:
        """Sign, and perhaps die."""
        if self._step == "after-intent":
            die()
        der = self._real.issue(linted)
        if self._step == "after-signature":
            die()
        return der

    def sign_crl(self, tbs: bytes, *, previous: bytes | None, expected: Mapping[int, Revocation | None]) -> bytes:
        """Sign a CRL, and perhaps die."""
        if self._step == "crl-after-reservation":
            die()
        der = self._real.sign_crl(tbs, previous=previous, expected=expected)
        if self._step == "crl-after-signature":
            die()
        return der


class Transactions:
    """Counts the writing transactions of `certificate` and dies inside or after the one named."""

    def __init__(self, begin: Any, step: str) -> None:
        self._begin = begin
        self._step = step
        self._count = 0

    @contextmanager
    def __call__(self) -> Iterator[UnitOfWork]:
        """A transaction of the real store."""
        self._count += 1
        with self._begin() as uow:
            yield uow
            if (self._step, self._count) in (("before-intent", 1), ("before-record-commit", 2)):
                die()
        if (self._step, self._count) == ("after-record", 2):
            die()


def main(path: str, url: str, step: str) -> None:
    """Do the act on the CA of `path`, with the database at `url`."""
    config = configuration.load(Path(path))
    wiring = Wiring(config.model_copy(update={"database": config.database.model_copy(update={"url": url})}))
    services = wiring.services
    if step.startswith("crl"):
        from ca_service.workflows.publish_crl import publish_crl

        dying = replace(services, authority=lambda name: DyingAuthority(services.authority(name), step))
        publish_crl(dying, Office(services).operator, "issuing")
        return
    office = Office(services)
    holder, token = office.handed_over()
    begun = office.begin(token, office.codes(holder))
    dying = replace(
        services,
        begin=Transactions(services.begin, step),
        authority=lambda name: DyingAuthority(services.authority(name), step),
    )
    Office(dying).fetch(token, begun)


if __name__ == "__main__":
    main(*sys.argv[1:])
