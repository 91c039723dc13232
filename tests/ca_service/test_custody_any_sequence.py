"""Whatever happens to tokens, in whatever order: each is in one place, now and at any date, and every paper fits.

Hypothesis plays `custody_play` on SQLite in memory.
"""

from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from ca_service.domain.media import WITH_PERSON, Arrival, MediumStatus, ParcelStatus
from ca_service.workflows import parcels, reconciliation
from ca_service.workflows.parcels import Receipt
from tests.ca_service.custody_play import KEEPERS, OPEN, Custodians
from tests.ca_service.test_no_sequence import CENTRE


@seed(20261124)
class Store(Custodians):
    """What holds after each act, and in the end."""

    def teardown(self) -> None:
        try:
            self._every_parcel_can_be_ended()
            self.every_date_is_as_it_was()
        finally:
            self.database.engine.dispose()

    def _every_parcel_can_be_ended(self) -> None:
        with self.services.read() as uow:
            sent = uow.parcels.find(status=ParcelStatus.SENT)
        for parcel in sent:
            missing = self._open_items(parcel.id)
            parcels.receive(self.services, KEEPERS[parcel.to_unit], parcel.id, Receipt(missing=missing, note="空的"))
        with self.services.read() as uow:
            disputed = uow.parcels.find(status=ParcelStatus.DISPUTED)
        for parcel in disputed:
            for serial in self._open_items(parcel.id):
                keeper = KEEPERS[parcel.from_unit]
                parcels.settle(self.services, keeper, parcel.id, serial, Arrival.LOST, note="找不到")

    def _open_items(self, parcel: str) -> list[str]:
        with self.services.read() as uow:
            return [item.serial for item in uow.parcel_items.find(parcel_id=parcel, arrival=list(OPEN))]

    @invariant()
    def each_is_where_it_would_be_found(self) -> None:
        """One place, the ledger's; and each step began where the one before had ended."""
        with self.services.read() as uow:
            media, steps = uow.media.find(), uow.custody.find(order="seq")
        found = {one.serial: one.place for one in media}
        assert found == self.ledger, found.items() ^ self.ledger.items()
        place: dict[str, str] = {}
        for step in steps:
            assert place.get(step.serial, CENTRE) == step.from_place
            place[step.serial] = step.to_place
        assert place.items() <= self.ledger.items()

    @invariant()
    def nobody_and_no_parcel_has_what_another_has(self) -> None:
        """A token under way is open in one parcel's list, its own; a person has one or is promised one."""
        with self.services.read() as uow:
            media = uow.media.find()
            items = [(item.serial, item.parcel_id) for item in uow.parcel_items.find(arrival=list(OPEN))]
        assert sorted(items) == sorted((m.serial, m.parcel_id) for m in media if m.status is MediumStatus.IN_TRANSIT)
        theirs = (*WITH_PERSON, MediumStatus.ALLOCATED, MediumStatus.IN_TRANSIT)
        assert all(n == 1 for n in Counter(m.holder_id for m in media if m.holder_id and m.status in theirs).values())

    @invariant()
    def the_dispatch_record_names_who_has_it(self) -> None:
        """An open row is a promise that stands, and the last one that is closed names the person."""
        with self.services.read() as uow:
            media, rows = uow.media.find(), uow.hand_overs.find(cancelled=False, order="handed_over_at")
        promised = (MediumStatus.ALLOCATED, MediumStatus.IN_TRANSIT)
        stands = sorted((m.serial, m.holder_id) for m in media if m.holder_id and m.status in promised)
        assert sorted((row.serial, row.holder_id) for row in rows if row.handed_over_at is None) == stands
        last = {row.serial: row.holder_id for row in rows if row.handed_over_at is not None}
        assert {m.serial: m.holder_id for m in media if m.status in WITH_PERSON}.items() <= last.items()

    @invariant()
    def none_is_unaccounted_for(self) -> None:
        """Now."""
        found = reconciliation.reconcile(self.services, KEEPERS[CENTRE], CENTRE)
        assert (found.total, found.unaccounted) == (len(self.ledger), 0)

    def every_date_is_as_it_was(self) -> None:
        """Asked later what was where, the answer is the one of then."""
        for at, by_unit in self.seen:
            then = reconciliation.reconcile(self.services, KEEPERS[CENTRE], CENTRE, at=at)
            assert (then.by_unit, then.unaccounted) == (by_unit, 0)


@pytest.mark.timeout(400)  # a failure is cut down to the few acts that it takes
def test_each_token_is_in_one_place_whatever_happens() -> None:
    Store.done.clear()
    run_state_machine_as_test(
        Store,
        settings=settings(
            max_examples=16,
            stateful_step_count=40,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    happened = {what.partition(" ")[0] for what, times in Store.done.items() if times}
    assert happened >= {"promise", "release", "send", "take", "differs", "settle", "hand", "signed", "stopped"}
    assert happened >= {"initialise", "lost", "found", "damaged", "destroyed"}
