"""Two at once with one token: it goes one way only; and a box that is split on its way down the tree."""

from collections.abc import Sequence
from functools import partial

from ca_service.domain.media import MediumStatus, ParcelStatus
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows import handovers, incidents, parcels, reconciliation
from ca_service.workflows.parcels import Shipment
from tests.ca_service.office import LEAGUE, Office, actor
from tests.ca_service.test_two_at_once import _at_once

_OTHER_LEAGUE, _S = "150400", MediumStatus


def _require_one_step_a_number(office: Office) -> None:
    """Its history has no fork: every step has a number of its own and begins where the one before ended."""
    with office.services.read() as uow:
        steps, media = uow.custody.find(order="seq"), {one.serial: one for one in uow.media.find()}
    for serial, medium in media.items():
        own = [step for step in steps if step.serial == serial]
        assert [step.seq for step in own] == list(range(1, len(own) + 1))
        assert [step.from_place for step in own[1:]] == [step.to_place for step in own[:-1]]
        assert own[-1].to_place == medium.place


def test_a_token_packed_into_two_parcels_at_once_is_in_one(office: Office) -> None:
    assert office.school
    office.token("T1")
    ways = [
        partial(parcels.dispatch, office.services, office.custodian, Shipment(["T1"], to, "SF1"))
        for to in (LEAGUE, _OTHER_LEAGUE) * 2
    ]
    assert len(_at_once(*ways)) == 3
    (parcel,) = parcels.list_parcels(office.services, office.custodian).rows
    items = parcels.show_parcel(office.services, office.custodian, parcel.id).items
    assert [item.serial for item in items] == ["T1"]
    with office.services.read() as uow:
        assert uow.media.get("T1").place == parcel.id
        assert uow.parcel_items.count() == 1
    _require_one_step_a_number(office)


def test_a_token_handed_to_two_sent_away_and_reported_lost_at_once_goes_one_way(office: Office) -> None:
    first, second = office.holder("A1"), office.holder("A2")
    office.token("T1")
    told = _at_once(
        partial(handovers.hand_over, office.services, office.custodian, "T1", holder_id=first),
        partial(handovers.hand_over, office.services, office.custodian, "T1", holder_id=second),
        partial(parcels.dispatch, office.services, office.custodian, Shipment(["T1"], LEAGUE, "SF1")),
    )
    assert len(told) == 2
    with office.services.read() as uow:
        given, sent = uow.hand_overs.count(cancelled=False), uow.parcels.count()
    assert given + sent == 1
    incidents.report_lost(office.services, office.custodian, "T1", reason="遗失")
    _require_one_step_a_number(office)


def _banner_of(office: Office, holder: str) -> str:
    with office.services.read() as uow:
        return uow.units.lineage(uow.holders.get(holder).unit_code)[1]


def test_a_box_is_split_at_the_league_among_its_banners_and_there_among_the_persons(office: Office) -> None:
    people = {f"T{number}": office.holder(f"A{number}") for number in (1, 2, 3)}
    serials = [f"T{number}" for number in range(1, 7)]
    for serial in serials:
        office.token(serial)
    at = {serial: _banner_of(office, holder) for serial, holder in people.items()}
    assert len(set(at.values())) > 1
    _send(office, CENTRE_CODE, LEAGUE, serials)
    for banner in set(at.values()):
        _send(office, LEAGUE, banner, [serial for serial in people if at[serial] == banner])
    for serial, holder in people.items():
        handovers.hand_over(office.services, _keeper(at[serial]), serial, holder_id=holder)
    with office.services.read() as uow:
        record = {row.serial: (row.holder_id, row.from_unit) for row in uow.hand_overs.find()}
        schools = {uow.holders.get(holder).unit_code for holder in people.values()}
    assert record == {serial: (holder, at[serial]) for serial, holder in people.items()}
    found = reconciliation.reconcile(office.services, office.custodian, CENTRE_CODE)
    assert found.by_unit == {LEAGUE: {_S.AT_UNIT: 3}, **{school: {_S.HANDED_OVER: 1} for school in schools}}
    assert found.unaccounted == 0
    _require_one_step_a_number(office)


def _keeper(unit: str) -> Actor:
    return actor(Role.CUSTODIAN, unit)


def _send(office: Office, sender: str, to: str, serials: Sequence[str]) -> None:
    parcel = parcels.dispatch(office.services, _keeper(sender), Shipment(serials, to, "SF1", "F1"))
    done = parcels.receive(office.services, _keeper(to), parcel.id)
    assert (done.status, done.seal_number, done.from_unit, done.to_unit) == (ParcelStatus.RECEIVED, "F1", sender, to)
