"""Downloads, renewals and unblocks that are broken off and done again: what comes before one, it, and its judge."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import time_machine

from ca_service.domain.certificates import CertificateStatus
from ca_service.domain.media import MediumStatus
from ca_service.domain.unblocks import MAX_SO_PINS, ReleaseStatus
from ca_service.workflows import incidents
from tests.e2e.apart import Apart
from tests.e2e.holders import NEW_PIN, Holder
from tests.e2e.three_sides import require_no_second, require_one_so_pin, require_one_story
from tests.token_provisioning.soft_token import PIN, Result


class Deed(Protocol):
    """Something a holder does with the helper."""

    @property
    def holders(self) -> list[Holder]:
        """Who has done it."""

    def prepare(self) -> None:
        """Bring about what it begins with, once more."""

    def act(self, address: str) -> Result:
        """Do it, or do it again, at the server of this address."""

    def judge(self, place: str, ended: Result) -> None:
        """Look at all sides after `act` was repeated, having been broken off at this place (empty: nobody knows)."""

    def look(self) -> bool:
        """Broken off, nobody has two of anything; tell whether the CA has noted the end: nothing is left to cut."""


@dataclass
class Downloads:
    """Each by a person of the university's, onto a new token."""

    apart: Apart
    folder: Path
    holders: list[Holder] = field(default_factory=list)

    def prepare(self) -> None:
        folder = self.folder / str(len(self.holders))
        folder.mkdir()
        person = self.apart.ca.office.colleague(f"{self.folder}-{len(self.holders)}")
        self.holders.append(self.apart.equipped(folder, person=person))

    def act(self, address: str) -> Result:
        return self.holders[-1].at(address).enrol()

    def judge(self, place: str, ended: Result) -> None:
        assert (ended.code, ended.document["state"]) == (0, "confirmed"), (place, ended)
        require_one_story(self.apart.ca, self.holders[-1], ended.document["certificate_serial"])

    def look(self) -> bool:
        holder = self.holders[-1]
        require_no_second(self.apart.ca, holder, besides=0)
        return bool(self.apart.ca.live(holder.serial, confirmed=True))


@dataclass
class Renewals:
    """One after the other on the same token: each renews what the last one has brought."""

    apart: Apart
    holder: Holder
    serial: str

    @property
    def holders(self) -> list[Holder]:
        return [self.holder]

    def prepare(self) -> None:
        self.apart.ca.nearly_expired(self.serial)

    def act(self, address: str) -> Result:
        # The server's clock is ahead: what is renewed one after the other must not begin in the same second.
        with time_machine.travel(self.apart.ca.clock()):
            return self.holder.at(address).renew()

    def judge(self, place: str, ended: Result) -> None:
        done = ended.document
        # Where only the tidying was left to do, the serial number of the old one is told from the journal.
        assert (done["state"], done["superseded"]) == ("confirmed", self.serial), place
        self.serial = done["certificate_serial"]
        require_one_story(self.apart.ca, self.holder, self.serial)

    def look(self) -> bool:
        require_no_second(self.apart.ca, self.holder, besides=1)
        with self.apart.ca.office.services.read() as uow:
            return uow.certificates.get(self.serial).status is CertificateStatus.SUPERSEDED


@dataclass
class Unblocks:
    """One after the other on the same token, each with another PIN."""

    apart: Apart
    holder: Holder
    serial: str
    code: str = ""

    @property
    def holders(self) -> list[Holder]:
        return [self.holder]

    def prepare(self) -> None:
        office = self.apart.ca.office
        incidents.report_locked(office.services, office.custodian, self.holder.serial)
        self.code = office.released(self.holder.person)
        self.holder = replace(self.holder, pin=PIN if self.holder.pin == NEW_PIN else NEW_PIN)

    def act(self, address: str) -> Result:
        return self.holder.at(address).unblock(self.code, new_pin=self.holder.pin)

    def judge(self, place: str, ended: Result) -> None:
        # The CA has noted the end: the new PIN works, and the code is used.
        used = (ended.code, "解锁码已使用" in ended.err) == (1, True)
        if place:
            assert used == (place in ("confirm: after commit", "confirm: answered")), (place, ended)
        assert used or ended.document == {"unblocked": True, "token_serial": self.holder.serial}, place
        with self.apart.ca.office.services.read() as uow:
            assert uow.media.get(self.holder.serial).status is MediumStatus.IN_USE
        require_one_story(self.apart.ca, self.holder, self.serial)
        require_one_so_pin(self.apart.ca, self.holder)

    def look(self) -> bool:
        require_no_second(self.apart.ca, self.holder, besides=0)
        with self.apart.ca.office.services.read() as uow:
            (release,) = uow.releases.find(serial=self.holder.serial, order="-released_at", limit=1)
            kept = len(uow.so_pins.find(serial=self.holder.serial))
        return release.status is ReleaseStatus.CONFIRMED or kept >= MAX_SO_PINS
