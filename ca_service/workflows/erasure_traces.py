"""The keys of a person's rows, and what has to stay for the sake of others: papers and addresses that they share."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence

from ca_service.domain.applications import ApplicationStatus
from ca_service.domain.certificates import Certificate
from ca_service.domain.erasures import Remainder, Remains, Traces
from ca_service.domain.holders import Holder, HolderStatus
from ca_service.domain.responsible import ResponsiblePerson
from ca_service.domain.retention import kept_until
from ca_service.workflows.erasure_person import Person
from ca_service.workflows.ports import UnitOfWork

AT_WORK = (ApplicationStatus.SUBMITTED, ApplicationStatus.APPROVED)
"""An application in one of these is under way."""
_PEOPLE = (HolderStatus.ACTIVE, HolderStatus.STOPPED)


class Around:
    """What lies around the persons of one plan, read once for all of them. `going` are the keys of the persons."""

    def __init__(self, uow: UnitOfWork, going: frozenset[str]) -> None:
        self.uow, self._going = uow, going
        self._messages: dict[str, list[tuple[str, str]]] = {}
        self._addresses: dict[str, set[str]] = {}
        self._batches: dict[str, Remainder | None] = {}
        self._sheets: dict[str, Remainder | None] = {}

    def messages(self, unit_code: str) -> list[tuple[str, str]]:
        """Identifier and receiver of the messages about a unit."""
        if unit_code not in self._messages:
            found = self.uow.messages.find(unit_code=unit_code)
            self._messages[unit_code] = [(message.id, message.letter.to) for message in found]
        return self._messages[unit_code]

    def addresses(self, unit_code: str) -> set[str]:
        """Where others of the unit are reached, who are not going."""
        if unit_code not in self._addresses:
            holders = self.uow.holders.find(unit_code=unit_code, status=_PEOPLE)
            applications = self.uow.applications.find(unit_code=unit_code, status=AT_WORK)
            contacts = [one.contact for one in holders if one.id not in self._going]
            contacts += [one.contact for one in applications if one.id not in self._going]
            self._addresses[unit_code] = {text for one in contacts for text in (one.mobile, one.email)}
        return self._addresses[unit_code]

    def batch(self, batch_id: str) -> Remainder | None:
        """Why the papers of a batch stay; None where all of its persons go or are gone."""
        if batch_id not in self._batches:
            found = self.uow.applications.find(batch_id=batch_id)
            others = [a for a in found if a.id not in self._going and a.id_number_hash != a.id]
            holders = self._holders_of({application.id_number_hash for application in others})
            self._batches[batch_id] = self._stays(Remains.SHARED_BATCH, batch_id, holders) if others else None
        return self._batches[batch_id]

    def _holders_of(self, hashes: set[str]) -> list[Holder]:
        """Those behind the applications; none, where one of them never became a person here."""
        found = [h for piece in _pieces(sorted(hashes)) for h in self.uow.holders.find(id_number_hash=piece)]
        return found if {holder.id_number_hash for holder in found} == hashes else []

    def sheet(self, sheet_id: str) -> Remainder | None:
        """The same of a signed dispatch sheet."""
        if sheet_id not in self._sheets:
            ids = {row.holder_id for row in self.uow.hand_overs.find(sheet_id=sheet_id)} - self._going
            others = list(self.uow.holders.find(id=sorted(ids), status=_PEOPLE))
            self._sheets[sheet_id] = self._stays(Remains.SHARED_SHEET, sheet_id, others) if others else None
        return self._sheets[sheet_id]

    def _stays(self, why: Remains, what: str, others: Sequence[Holder]) -> Remainder:
        """Until the last of the others may go; not known while one of them is in use, or was never registered."""
        ids = [holder.id for holder in others]
        certificates: dict[str | None, list[Certificate]] = defaultdict(list)
        for piece in _pieces(ids):
            for found in self.uow.certificates.find(holder_id=piece):
                certificates[found.holder_id].append(found)
        ends = [kept_until(holder, certificates[holder.id]) for holder in others]
        return Remainder(why, what, None if None in ends else max((end for end in ends if end), default=None))


class Collected:
    """The keys of a person's rows that go, and what cannot go yet."""

    def __init__(self, around: Around, person: Person) -> None:
        self._around, self._uow, self._person = around, around.uow, person
        self._remainders: list[Remainder] = []

    def all(self) -> tuple[Traces, list[Remainder]]:
        """Keys in order, so that the same person gives the same traces; the remainders say until when they stay."""
        person = self._person
        traces = Traces(
            holders=tuple(sorted(person.ids)),
            applications=tuple(sorted(application.id for application in person.applications)),
            batches=tuple(self._batches()),
            changes=tuple(sorted(change.id for change in person.changes)),
            media=tuple(self._media()),
            certificates=tuple(sorted(certificate.serial for certificate in person.certificates)),
            sheets=tuple(self._sheets()),
            messages=tuple(self._messages()),
            roster=tuple(self._roster()),
        )
        self._staff()
        self._audit_texts(traces)
        return traces, self._remainders

    def _batches(self) -> Iterator[str]:
        """Papers about several persons go with the last of them."""
        yield from self._free({one.batch_id for one in self._person.applications}, self._around.batch)

    def _sheets(self) -> Iterator[str]:
        rows = self._uow.hand_overs.find(holder_id=self._person.ids)
        yield from self._free({row.sheet_id for row in rows if row.sheet_id}, self._around.sheet)

    def _free(self, papers: set[str], stays: Callable[[str], Remainder | None]) -> Iterator[str]:
        for paper in sorted(papers):
            remainder = stays(paper)
            if remainder is None:
                yield paper
            else:
                self._remainders.append(remainder)

    def _media(self) -> list[str]:
        """Every token that the person ever had, or was promised."""
        rows = self._uow.hand_overs.find(holder_id=self._person.ids)
        return sorted({row.serial for row in rows})

    def _messages(self) -> list[str]:
        """Messages to the person, found by where they went: they are sealed, and name nobody."""
        units, addresses = sorted(self._person.units), self._person.addresses
        shared = addresses & set().union(*map(self._around.addresses, units))
        messages = [message for code in units for message in self._around.messages(code)]
        kept = sum(to in shared for _, to in messages)
        if kept:
            self._remainders.append(Remainder(Remains.SHARED_ADDRESS, str(kept)))
        return sorted(key for key, to in messages if to in addresses - shared)

    def _roster(self) -> Iterator[str]:
        """Lines of the roster of responsible persons that have ended; one that stands is a matter of its own."""
        for line in self._uow.responsible.find(unit_code=sorted(self._person.units)):
            if not self._is_of(line):
                continue
            if line.ended_at is None:
                self._remainders.append(Remainder(Remains.ROSTER, line.id))
            else:
                yield line.id

    def _is_of(self, line: ResponsiblePerson) -> bool:
        reached = {line.contact.mobile, line.contact.email}
        return line.name in self._person.names and bool(reached & self._person.addresses)

    def _staff(self) -> None:
        hashes = {holder.id_number_hash for holder in self._person.holders}
        for account in self._uow.staff.find(person_hash=sorted(hashes)):
            self._remainders.append(Remainder(Remains.STAFF_ACCOUNT, account.login))

    def _audit_texts(self, traces: Traces) -> None:
        subjects = [key for keys in traces.named().values() for key in keys]
        found = self._uow.erasing.rows.mentions(subjects, self._person.names)
        self._remainders += [Remainder(Remains.AUDIT_TEXT, str(seq)) for seq in found]


def _pieces(keys: Collection[str], size: int = 500) -> Iterator[list[str]]:
    ordered = list(keys)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]
