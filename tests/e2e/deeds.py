"""Downloads, renewals and unblocks that are broken off and done again: what comes before one, it, and its judge."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import time_machine

from ca_service.domain.media import MediumStatus
from ca_service.workflows import incidents
from tests.e2e.apart import Apart
from tests.e2e.holders import NEW_PIN, Holder
from tests.e2e.three_sides import require_one_so_pin, require_one_story
from tests.token_provisioning.soft_token import PIN, Result


class Deed(Protocol):
    """Something a holder does with the helper."""

    def prepare(self) -> None:
        """Bring about what it begins with, once more."""

    def act(self, address: str) -> Result:
        """Do it, or do it again, at the server of this address."""

    def judge(self, place: str, ended: Result) -> None:
        """Look at all sides after `act` was repeated, having been broken off at this place (empty: nobody knows)."""


@dataclass
class Downloads:
    """Each by a person of its own, onto a new token."""

    apart: Apart
    folder: Path
    holders: list[Holder] = field(default_factory=list)

    def prepare(self) -> None:
        folder = self.folder / str(len(self.holders))
        folder.mkdir()
        self.holders.append(self.apart.equipped(folder))

    def act(self, address: str) -> Result:
        return self.holders[-1].at(address).enrol()

    def judge(self, place: str, ended: Result) -> None:
        assert (ended.code, ended.document["state"]) == (0, "confirmed"), (place, ended)
        require_one_story(self.apart.ca, self.holders[-1], ended.document["certificate_serial"])


@dataclass
class Renewals:
    """One after the other on the same token: each renews what the last one has brought."""

    apart: Apart
    holder: Holder
    serial: str

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


@dataclass
class Unblocks:
    """One after the other on the same token, each with another PIN."""

    apart: Apart
    holder: Holder
    serial: str
    code: str = ""

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
