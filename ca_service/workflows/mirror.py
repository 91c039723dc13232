"""What is published, once more in a place outside: always after the CA's own publication, never in its way."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from ca_service.domain.crls import CrlOutline
from ca_service.domain.errors import Unavailable
from ca_service.workflows.crl_lines import all_lines
from ca_service.workflows.ports import Mirror, Services

_AFTER_FAILURE = timedelta(seconds=10)


class Mirroring:
    """Keeps a mirror up to date. What it has put there it knows by heart; a new process puts everything once more."""

    def __init__(self, services: Services, mirror: Mirror) -> None:
        self._services = services
        self._mirror = mirror
        self._put: dict[str, int] = {}
        self._not_before: datetime | None = None

    def refresh(self) -> int:
        """Put what is new; return how many files. Raises Unavailable, and then waits a while before it tries again."""
        now = self._services.clock()
        if self._not_before is not None and now < self._not_before:
            return 0
        try:
            done = self._certificates() + sum(self._list(latest) for latest in self._latest().values())
        except Unavailable:
            self._not_before = now + _AFTER_FAILURE
            raise
        self._not_before = None
        return done

    def _latest(self) -> Mapping[str, CrlOutline]:
        with self._services.read() as uow:
            found = {line.name: uow.crls.outlines(line.name)[1] for line in all_lines(uow, self._services.clock())}
        return {name: latest for name, latest in found.items() if latest is not None}

    def _list(self, latest: CrlOutline) -> int:
        """A list and its delta; the list first, since the delta is of use to nobody without it."""
        name, number = latest.name, latest.number
        if self._put.get(name) == number:
            return 0
        with self._services.read() as uow:
            complete, delta = (uow.crls.octets(name, number, delta=delta) for delta in (False, True))
        self._mirror.put(f"crl/{name}.crl", complete or b"", number=number)
        if delta is not None:
            self._mirror.put(f"crl/delta/{name}.crl", delta, number=number)
        else:
            self._mirror.remove(f"crl/delta/{name}.crl")
        self._put[name] = number
        return 1 + (delta is not None)

    def _certificates(self) -> int:
        with self._services.read() as uow:
            certificates = {issuer.name: issuer.certificate for issuer in uow.issuers.find()}
        new = [name for name in certificates if f"ca/{name}" not in self._put]
        for name in new:
            self._mirror.put(f"ca/{name}.cer", certificates[name])
            self._put[f"ca/{name}"] = 0
        return len(new)
