"""Which lists there are in all."""

from collections.abc import Sequence
from datetime import datetime

from ca_service.domain.crls import CrlLine
from ca_service.workflows.current_issuer import ROOT, living
from ca_service.workflows.ports import UnitOfWork


def all_lines(uow: UnitOfWork, at: datetime) -> Sequence[CrlLine]:
    """The lines of every issuing CA that has not ended, the earliest first, then those of the root; none before the
    ceremony.
    """
    names = [issuer.name for issuer in living(uow, at)]
    return [line for issuer in (*names, ROOT) for line in uow.crls.lines(issuer)] if names else []
