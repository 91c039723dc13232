"""Which issuing CA signs now. Issuers are rows: `issuing` is the first, `issuing-2` the one after a roll-over."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from cryptography import x509

from ca_service.domain.certificates import Issuer
from ca_service.domain.compromises import STANDING
from ca_service.workflows.ports import Services, UnitOfWork

ROOT = "root"
FIRST = "issuing"


def issuing(uow: UnitOfWork) -> Sequence[Issuer]:
    """Every issuing CA there ever was, the earliest first."""
    return sorted((issuer for issuer in uow.issuers.find() if issuer.name != ROOT), key=lambda one: number(one.name))


def living(uow: UnitOfWork, at: datetime) -> Sequence[Issuer]:
    """Those whose own certificate has not ended: each publishes lists and answers, also after a successor's coming."""
    return [issuer for issuer in issuing(uow) if end_of(issuer.certificate) > at]


@lru_cache(maxsize=64)
def end_of(certificate: bytes) -> datetime:
    """notAfter of a CA certificate (DER)."""
    return x509.load_der_x509_certificate(certificate).not_valid_after_utc


def current(uow: UnitOfWork) -> str:
    """The name of the CA that signs what is issued now. Whether it may, says `issue.py`."""
    return latest(uow.issuers.find())


def latest(issuers: Iterable[Issuer]) -> str:
    """Which of all CAs that is: the latest that is not waiting."""
    return max((issuer.name for issuer in issuers if issuer.name != ROOT and not issuer.waiting), key=number)


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
    """Names count on from `issuing`, which is the first: `issuing-2` follows."""
    return f"{FIRST}-{number(name) + 1}"
