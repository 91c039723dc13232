"""One thing changed by hand behind the service's back: the auditor finds it, names it, and accuses nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

import crl
from ca_service.audit.status import Check
from tests.ca_service.status_audit.scene import Scene

Plant = Callable[[Scene], None]


def test_where_nothing_was_touched_all_agree(scene: Scene) -> None:
    assert scene.found() == []


@dataclass(frozen=True)
class Case:
    """What is done by hand, to whom of the cast (empty: to a list as a whole), and what must be reported."""

    name: str
    plant: Plant
    who: str
    reported: frozenset[Check]
    of_many: bool

    def __str__(self) -> str:
        return self.name


_CASES: list[Case] = []


def plants(who: str, *reported: Check, of_many: bool = False) -> Callable[[Plant], Plant]:
    """Register a planted disagreement, called by the name of the function.

    `of_many`: everything else is compared with what is changed (the history), and so is reported too.
    """

    def register(plant: Plant) -> Plant:
        name = plant.__name__.strip("_").replace("_", "-")
        _CASES.append(Case(name, plant, who, frozenset(reported), of_many))
        return plant

    return register


# The certificate's row


def _row(scene: Scene, serial: str, changes: str) -> None:
    scene.sql(f"UPDATE certificate SET {changes} WHERE serial = :serial", serial=serial)


@plants("frozen", Check.TABLE, Check.STORED_ENTRY)
def _a_hold_taken_off_the_row(scene: Scene) -> None:
    _row(scene, scene.cast.frozen, "status = 'active', revoked_at = NULL, reason = NULL, crl_entry = NULL")


@plants("untouched", Check.TABLE)
def _a_revocation_put_on_the_row(scene: Scene) -> None:
    _row(scene, scene.cast.untouched, "status = 'revoked', revoked_at = '2026-01-01 00:00:00', reason = 1")


@plants("frozen", Check.TABLE)
def _only_the_status_of_the_row(scene: Scene) -> None:
    _row(scene, scene.cast.frozen, "status = 'revoked'")


@plants("released", Check.TABLE)
def _a_released_one_called_unconfirmed(scene: Scene) -> None:
    _row(scene, scene.cast.released, "status = 'issued'")


@plants("revoked", Check.TABLE)
def _another_reason_on_the_row(scene: Scene) -> None:
    _row(scene, scene.cast.revoked, "reason = 5")


@plants("revoked", Check.TABLE)
def _another_date_on_the_row(scene: Scene) -> None:
    _row(scene, scene.cast.revoked, "revoked_at = '2026-01-01 00:00:00'")


@plants("revoked", Check.STORED_ENTRY)
def _another_reason_in_the_stored_entry(scene: Scene) -> None:
    serial = scene.cast.revoked
    entry = crl.encode_entry(int(serial, 16), scene.entries()[serial].revoked_at, crl.Reason.SUPERSEDED)
    scene.sql("UPDATE certificate SET crl_entry = :entry WHERE serial = :serial", entry=entry, serial=serial)


@plants("revoked", Check.STORED_ENTRY)
def _another_serial_in_the_stored_entry(scene: Scene) -> None:
    entry = crl.encode_entry(5, *scene.entries()[scene.cast.revoked])
    scene.sql(
        "UPDATE certificate SET crl_entry = :entry WHERE serial = :serial", entry=entry, serial=scene.cast.revoked
    )


@plants("frozen", Check.STORED_ENTRY)
def _a_stored_entry_of_rubbish(scene: Scene) -> None:
    _row(scene, scene.cast.frozen, "crl_entry = x'3003020101ff'")


@plants("untouched", Check.STORED_ENTRY)
def _a_stored_entry_for_a_good_one(scene: Scene) -> None:
    _row(scene, scene.cast.untouched, "crl_entry = x'3003020101'")


@plants("revoked", Check.TABLE)
def _an_end_in_the_past_that_takes_it_off_a_later_list(scene: Scene) -> None:
    _row(scene, scene.cast.revoked, "not_after = '2026-01-01 00:00:00'")


# The change log


@plants("revoked", Check.CHANGE_LOG)
def _a_change_missing_from_the_log(scene: Scene) -> None:
    scene.sql("DELETE FROM status_log WHERE serial = :serial", serial=scene.cast.revoked)


@plants("revoked", Check.CHANGE_LOG)
def _a_change_logged_for_another(scene: Scene) -> None:
    cast = scene.cast
    scene.sql("UPDATE status_log SET serial = :other WHERE serial = :was", other=cast.untouched, was=cast.revoked)


@plants("", Check.CHANGE_LOG)
def _a_version_that_was_never_logged(scene: Scene) -> None:
    scene.sql("UPDATE issuer SET status_version = status_version + 1 WHERE name = 'issuing'")


# The history


@plants(
    "frozen", Check.CHANGE_LOG, Check.AUDIT_LOG, Check.TABLE, Check.STORED_ENTRY, Check.LIST, Check.GROUND, of_many=True
)
def _a_step_taken_out_of_the_history(scene: Scene) -> None:
    scene.sql("DELETE FROM certificate_event WHERE serial = :s AND event = 'freeze'", s=scene.cast.frozen)


@plants("released", Check.STEP, Check.CHANGE_LOG, Check.AUDIT_LOG, Check.GROUND, of_many=True)
def _a_step_taken_out_of_the_middle(scene: Scene) -> None:
    scene.sql("DELETE FROM certificate_event WHERE serial = :s AND event = 'freeze'", s=scene.cast.released)


@plants("revoked", Check.RELEASE, Check.AUDIT_LOG, Check.CHANGE_LOG, Check.GROUND, Check.TABLE, of_many=True)
def _a_release_after_the_revocation(scene: Scene) -> None:
    scene.sql(
        'INSERT INTO certificate_event (serial, seq, event, status, at, "by", ground, reason, version)'
        " SELECT serial, seq + 1, 'unfreeze', 'active', at, \"by\", '', 'x', version + 100"
        " FROM certificate_event WHERE serial = :s AND event = 'revoke'",
        s=scene.cast.revoked,
    )
    _row(scene, scene.cast.revoked, "status = 'active', revoked_at = NULL, reason = NULL, crl_entry = NULL")


@plants("revoked", Check.STEP, Check.TABLE, Check.LIST, Check.STORED_ENTRY, of_many=True)
def _a_step_that_leads_elsewhere(scene: Scene) -> None:
    scene.sql("UPDATE certificate_event SET status = 'superseded' WHERE event = 'revoke' AND serial = :s",
              s=scene.cast.revoked)  # fmt: skip


@plants("revoked", Check.TABLE, Check.LIST, Check.STORED_ENTRY, of_many=True)
def _another_reason_in_the_history(scene: Scene) -> None:
    scene.sql("UPDATE certificate_event SET crl_reason = 5 WHERE event = 'revoke' AND serial = :s",
              s=scene.cast.revoked)  # fmt: skip


@plants("revoked", Check.STEP, Check.TABLE, Check.LIST, Check.STORED_ENTRY, of_many=True)
def _a_revocation_for_the_reason_of_a_hold(scene: Scene) -> None:
    scene.sql("UPDATE certificate_event SET crl_reason = 6 WHERE event = 'revoke' AND serial = :s",
              s=scene.cast.revoked)  # fmt: skip


@plants("frozen", Check.STEP_TIME, Check.TABLE, Check.LIST, Check.STORED_ENTRY, of_many=True)
def _a_step_dated_before_the_one_before(scene: Scene) -> None:
    scene.sql("UPDATE certificate_event SET at = '2026-01-01 00:00:00.000000' WHERE event = 'freeze' AND serial = :s",
              s=scene.cast.frozen)  # fmt: skip


@plants(
    "released",
    Check.CHANGE_LOG,
    Check.AUDIT_LOG,
    Check.TABLE,
    Check.LIST,
    Check.STORED_ENTRY,
    Check.DELTA,
    of_many=True,
)
def _a_step_that_no_version_counts(scene: Scene) -> None:
    scene.sql("UPDATE certificate_event SET version = 0 WHERE event = 'unfreeze' AND serial = :s",
              s=scene.cast.released)  # fmt: skip


# Grounds


def _ground(scene: Scene, serial: str, ground: str) -> None:
    scene.sql("UPDATE certificate_event SET ground = :g WHERE serial = :s AND version > 0", g=ground, s=serial)


@plants("frozen", Check.GROUND, Check.AUDIT_LOG)
def _a_change_without_a_ground(scene: Scene) -> None:
    _ground(scene, scene.cast.frozen, "")


@plants("frozen", Check.GROUND, Check.AUDIT_LOG)
def _a_ground_that_does_not_exist(scene: Scene) -> None:
    _ground(scene, scene.cast.frozen, "X0000000000000000")


@plants("frozen", Check.GROUND)
def _an_order_for_something_else(scene: Scene) -> None:
    scene.sql("UPDATE status_order SET act = 'revoke' WHERE serial = :s", s=scene.cast.frozen)


@plants("untouched", Check.GROUND)
def _an_order_that_was_never_carried_out(scene: Scene) -> None:
    scene.sql(
        "INSERT INTO status_order (id, serial, unit_code, act, reason, ordered_by, ordered_at, confirm_by, status)"
        " SELECT 'X1', :s, unit_code, act, reason, ordered_by, ordered_at, confirm_by, status"
        " FROM status_order LIMIT 1",
        s=scene.cast.untouched,
    )


# The audit log


def _audit(scene: Scene, serial: str, changes: str) -> None:
    scene.sql(f"UPDATE audit_entry SET {changes} WHERE subject = :s AND detail LIKE '%version%'", s=serial)


@plants("frozen", Check.AUDIT_LOG)
def _an_audit_entry_of_another_kind(scene: Scene) -> None:
    _audit(scene, scene.cast.frozen, "tag = 'ca:certificate:revoked'")


@plants("frozen", Check.AUDIT_LOG)
def _an_audit_entry_without_its_version(scene: Scene) -> None:
    _audit(scene, scene.cast.frozen, "detail = '{}'")


@plants("frozen", Check.AUDIT_LOG)
def _an_audit_entry_that_is_no_json(scene: Scene) -> None:
    _audit(scene, scene.cast.frozen, "detail = '{'")


@plants("frozen", Check.AUDIT_LOG)
def _a_change_missing_from_the_audit_log(scene: Scene) -> None:
    _audit(scene, scene.cast.frozen, "tag = 'ra:unit:moved'")


# The lists


@plants("frozen", Check.LIST, Check.DELTA)
def _a_list_without_an_entry(scene: Scene) -> None:
    scene.rebuild((s, said) for s, said in scene.entries().items() if s != scene.cast.frozen)


@plants("untouched", Check.LIST, Check.DELTA)
def _a_list_with_an_entry_too_many(scene: Scene) -> None:
    invented = crl.Revocation(scene.list(3).this_update, crl.Reason.KEY_COMPROMISE)
    scene.rebuild([*scene.entries().items(), (scene.cast.untouched, invented)])


@plants("revoked", Check.LIST, Check.DELTA)
def _another_reason_on_the_list(scene: Scene) -> None:
    said = scene.entries()
    scene.rebuild({**said, scene.cast.revoked: crl.Revocation(said[scene.cast.revoked].revoked_at, None)}.items())


@plants("frozen", Check.LIST, Check.DELTA, Check.DATE_MOVED)
def _a_hold_that_changed_its_date(scene: Scene) -> None:
    said = scene.entries()
    later = said[scene.cast.frozen].revoked_at + timedelta(seconds=1)
    scene.rebuild({**said, scene.cast.frozen: said[scene.cast.frozen]._replace(revoked_at=later)}.items())


@plants("revoked", Check.LIST, Check.DELTA, Check.DATE_MOVED)
def _a_revocation_dated_before_the_list_that_lacks_it(scene: Scene) -> None:
    said = scene.entries()
    earlier = scene.list(2).this_update - timedelta(seconds=5)
    scene.rebuild({**said, scene.cast.revoked: said[scene.cast.revoked]._replace(revoked_at=earlier)}.items())


@plants("held_then_revoked", Check.LIST, Check.RELEASE, Check.DELTA)
def _a_final_entry_on_the_earlier_list(scene: Scene) -> None:
    said = scene.entries(2)
    final = said[scene.cast.held_then_revoked]._replace(reason=crl.Reason.KEY_COMPROMISE)
    scene.rebuild({**said, scene.cast.held_then_revoked: final}.items(), number=2)


@plants("", Check.LIST_FORM)
def _an_entry_listed_twice(scene: Scene) -> None:
    said = scene.entries()
    scene.rebuild([*said.items(), (scene.cast.frozen, said[scene.cast.frozen])])


@plants("", Check.LIST_FORM)
def _a_list_signed_by_another_key(scene: Scene) -> None:
    scene.rebuild(scene.entries().items(), forged=True)


@plants("", Check.LIST_FORM, of_many=True)
def _a_list_under_another_number(scene: Scene) -> None:
    scene.sql("UPDATE crl SET der = (SELECT der FROM crl WHERE number = 3 AND issuer = 'issuing')"
              " WHERE number = 2 AND issuer = 'issuing'")  # fmt: skip


@plants("", Check.UNREADABLE)
def _a_list_that_is_none(scene: Scene) -> None:
    scene.sql("UPDATE crl SET der = x'30030201' WHERE number = 3 AND issuer = 'issuing'")


@plants("", Check.LIST_FORM, Check.LIST_ORDER, Check.DELTA_FORM)
def _a_list_dated_before_the_one_before(scene: Scene) -> None:
    scene.sql("UPDATE crl SET this_update = '2026-01-01 00:00:00.000000' WHERE number = 3 AND issuer = 'issuing'")


@plants("", Check.LIST_ORDER)
def _a_list_of_a_version_never_reached(scene: Scene) -> None:
    scene.sql("UPDATE crl SET status_version = 99 WHERE number = 3 AND issuer = 'issuing'")


@plants("", Check.LIST_ORDER)
def _a_list_that_may_leave_out_what_no_list_has_told_after_its_end(scene: Scene) -> None:
    scene.sql("UPDATE crl SET settled = this_update WHERE number = 3 AND issuer = 'issuing'")


@plants("released", Check.DELTA)
def _a_delta_that_forgets_a_release(scene: Scene) -> None:
    said = scene.entries(delta=True)
    del said[scene.cast.released]
    scene.rebuild(said.items(), base=1)


@plants("frozen", Check.DELTA)
def _a_delta_that_removes_what_is_on_hold(scene: Scene) -> None:
    said = scene.entries(delta=True)
    gone = said[scene.cast.frozen]._replace(reason=crl.Reason.REMOVE_FROM_CRL)
    scene.rebuild({**said, scene.cast.frozen: gone}.items(), base=1)


@plants("untouched", Check.DELTA)
def _a_delta_that_removes_what_was_never_listed(scene: Scene) -> None:
    said = scene.entries(delta=True)
    gone = said[scene.cast.frozen]._replace(reason=crl.Reason.REMOVE_FROM_CRL)
    scene.rebuild({**said, scene.cast.untouched: gone}.items(), base=1)


@plants("", Check.DELTA_FORM)
def _a_delta_to_a_list_that_is_not_there(scene: Scene) -> None:
    scene.sql("DELETE FROM crl WHERE number = 1 AND issuer = 'issuing'")


@plants("", Check.DELTA_FORM)
def _a_complete_list_in_place_of_the_delta(scene: Scene) -> None:
    scene.sql("UPDATE crl SET delta = der WHERE number = 3 AND issuer = 'issuing'")


@plants("", Check.UNREADABLE)
def _a_delta_that_is_none(scene: Scene) -> None:
    scene.sql("UPDATE crl SET delta = x'00' WHERE number = 3 AND issuer = 'issuing'")


@pytest.mark.parametrize("case", _CASES, ids=str)
def test_what_was_changed_by_hand_is_found_and_named(scene: Scene, case: Case) -> None:
    case.plant(scene)
    found = scene.found()
    checks = {one.check for one in found}
    assert case.reported <= checks if case.of_many else case.reported == checks, sorted(
        f"{one.check.name} {one.serial[:4]} {dict(one.said)}" for one in found
    )
    serial = getattr(scene.cast, case.who) if case.who else ""
    # The log's gaps are the issuer's; a change logged for another accuses that one too.
    named = {one.serial for one in found if one.check is not Check.CHANGE_LOG}
    assert named <= {serial} or (case.of_many and not serial)
    assert serial in {one.serial for one in found}
    assert all(one.said for one in found)
