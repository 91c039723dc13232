"""All that is on record about one person: whoever has one ID number, under whatever identifiers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ca_service.domain.applications import Application
from ca_service.domain.certificates import Certificate
from ca_service.domain.changes import Change
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.retention import kept_until
from ca_service.workflows.ports import UnitOfWork

_ADDRESSES = ("mobile", "email", "office_phone")


@dataclass(frozen=True)
class Person:
    """Everything that is on record about one person. `until`: kept until then; None while an account is in use.
    `moved_from`: units that were merged into another one, the person with them."""

    holders: Sequence[Holder]
    applications: Sequence[Application]
    changes: Sequence[Change]
    certificates: Sequence[Certificate]
    until: datetime | None
    moved_from: frozenset[str] = frozenset()

    @property
    def _entries(self) -> Sequence[Holder | Application]:
        return [*self.holders, *self.applications]

    @property
    def ids(self) -> list[str]:
        """A person registered several times has several holders; all of them go."""
        return [holder.id for holder in self.holders]

    @property
    def keys(self) -> list[str]:
        """Those of the person and of the applications."""
        return [*self.ids, *(application.id for application in self.applications)]

    @property
    def units(self) -> set[str]:
        """Every unit that the person was ever of, as far as records say."""
        named = {one.unit_code for one in (*self._entries, *self.changes)}
        return named | {certificate.unit_code for certificate in self.certificates} | self.moved_from

    @property
    def names(self) -> set[str]:
        """Every name that the person had."""
        papers = [paper for change in self.changes if (paper := change.paper)]
        texts = [text for paper in papers for facts in (paper.before, paper.after) if (text := facts.get("name"))]
        return {*(one.name for one in self._entries), *texts}

    @property
    def addresses(self) -> set[str]:
        """Every telephone number and e-mail address."""
        contacts = [vars(one.contact) for one in self._entries]
        papers = [paper for change in self.changes if (paper := change.paper)]
        facts = [*contacts, *(paper.before for paper in papers), *(paper.after for paper in papers)]
        return {text for one in facts for name in _ADDRESSES if (text := one.get(name))}


def person_of(uow: UnitOfWork, holder: Holder) -> Person:
    """All that is on record about the person behind an identifier."""
    holders = [holder]
    applications: dict[str, Application] = {}
    if holder.status is not HolderStatus.ERASED:
        holders = list(uow.holders.find(id_number_hash=holder.id_number_hash))
        applications |= {a.id: a for a in uow.applications.find(id_number_hash=holder.id_number_hash)}
        applications |= {a.id: a for a in uow.applications.find(id=[one.external_id for one in holders])}
    ids = [one.id for one in holders]
    certificates = uow.certificates.find(holder_id=ids)
    ends = [kept_until(one, [c for c in certificates if c.holder_id == one.id]) for one in holders]
    until = None if None in ends else max(end for end in ends if end)
    changes = uow.changes.find(holder_id=ids)
    return Person(holders, list(applications.values()), changes, certificates, until, _moved_from(uow, ids))


def _moved_from(uow: UnitOfWork, ids: Sequence[str]) -> frozenset[str]:
    cases = {step.case_id for step in uow.unit_steps.find(subject=ids)}
    return frozenset(case.unit_code for case in uow.unit_cases.find(id=sorted(cases)))
