"""Which issuing CA signs now. Issuers are rows: `issuing` is the first, `issuing-2` the one after a roll-over."""

from collections.abc import Iterable, Sequence

from ca_service.domain.certificates import Issuer
from ca_service.domain.compromises import STANDING
from ca_service.workflows.ports import Services, UnitOfWork

ROOT = "root"
FIRST = "issuing"


def issuing(uow: UnitOfWork) -> Sequence[Issuer]:
    """Every issuing CA, the earliest first: each publishes its lists as long as it has certificates."""
    return sorted((issuer for issuer in uow.issuers.find() if issuer.name != ROOT), key=lambda one: number(one.name))


def current(uow: UnitOfWork) -> str:
    """The name of the CA that signs what is issued now: the latest. Whether it may is asked in `issue.py`."""
    return latest(issuer.name for issuer in uow.issuers.find())


def latest(names: Iterable[str]) -> str:
    """Which of all CAs it is."""
    return max((name for name in names if name != ROOT), key=number)


def current_issuer(services: Services) -> str:
    """`current` in a transaction of its own."""
    with services.read() as uow:
        return current(uow)


def compromised(uow: UnitOfWork) -> frozenset[str]:
    """The CAs whose key somebody has said to be in wrong hands."""
    return frozenset(case.issuer for case in uow.compromises.find(status=STANDING))


def number(name: str) -> int:
    """Which one it is: 1 for `issuing`, 2 for `issuing-2`."""
    return int(name.removeprefix(f"{FIRST}-")) if name != FIRST else 1


def next_name(name: str) -> str:
    """The name of the one after it."""
    return f"{FIRST}-{number(name) + 1}"
