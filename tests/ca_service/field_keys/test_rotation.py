"""A change of the field key while people work: everything reads as before, nothing is left under the old key."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ca_service.config import Config
from ca_service.domain.audit import Tag
from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.proposals import ProposalKind, ProposalStatus
from ca_service.domain.roles import Role
from ca_service.store.key_ring import Ring
from ca_service.store.models import Base
from ca_service.wiring import Wiring
from ca_service.workflows import drafts, field_keys
from tests.ca_service.conftest import TestClock
from tests.ca_service.field_keys.killed import STEPS
from tests.ca_service.office import CONTACT, Office, actor
from tests.ca_service.second_person import release
from tests.ca_service.sheets import person, upload

_OPERATOR = actor(Role.OPERATOR)


def _announce(wiring: Wiring) -> None:
    release(wiring.services, ProposalKind.FIELD_KEY_CHANGE)
    field_keys.announce(wiring.services, _OPERATOR, wiring.field_keys)


def _rotate(wiring: Wiring) -> field_keys.Resealed:
    return field_keys.rotate(wiring.services, _OPERATOR, wiring.field_keys, wiring.sealed_data, told=lambda _: None)


def _remove(wiring: Wiring, key_id: str) -> None:
    field_keys.remove(wiring.services, _OPERATOR, wiring.field_keys, wiring.sealed_data, key_id)


def _names_of_keys(wiring: Wiring) -> set[str]:
    """Of every sealed value of every table, and of every document, read past the store."""
    found = set()
    with wiring.database.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            if "sealed" in table.c and table.name != "so_pin":
                found |= {
                    bytes(v)[:8].hex()
                    for (v,) in connection.execute(table.select().with_only_columns(table.c.sealed))
                    if v
                }
    folder = wiring.config.path(wiring.config.service.documents)
    return found | {path.read_bytes()[:8].hex() for path in folder.glob("??/*") if "." not in path.name}


def _worked(office: Office) -> tuple[str, str, str]:
    """Something in every kind of place: holder, message, change case, draft, documents. Holder, case, draft."""
    holder, _ = office.handed_over()
    case = office.unlock_asked(holder)
    draft = drafts.examine(office.services, office.clerk, upload(office, person(3))).draft.id
    return holder, case, draft


def _reads_as_before(wiring: Wiring, holder: str, case: str, draft: str) -> None:
    with wiring.services.read() as uow:
        assert uow.holders.get(holder).contact == CONTACT
        change = uow.changes.get(case)
        assert change.paper is not None
    assert wiring.services.documents.get(change.scan_sha256)[:4] == b"%PDF"
    assert drafts.view_draft(wiring.services, Office(wiring.services).clerk, draft).findings.fit == 1


def test_all_rows_and_documents_change_keys_and_read_as_before_without_the_old_one(
    wiring: Wiring, office: Office, clock: TestClock, config: Config
) -> None:
    made = _worked(office)
    old = wiring.field_keys.state().current
    assert _names_of_keys(wiring) == {old}
    _announce(wiring)
    done = _rotate(wiring)
    assert done.ring.current != old
    assert _names_of_keys(wiring) == {done.ring.current}
    clock.pass_time(minutes=11)
    release(wiring.services, ProposalKind.FIELD_KEY_REMOVAL, old)
    _remove(wiring, old)
    assert wiring.field_keys.state().retired == ()
    anew = Wiring(config)
    _reads_as_before(anew, *made)
    anew.database.engine.dispose()
    with wiring.services.read() as uow:
        tags = [entry.tag for entry in uow.audit.entries() if entry.tag.startswith("ca:field-key")]
    wanted = [Tag.FIELD_KEY_ANNOUNCED, Tag.FIELD_KEY_SWITCHED, Tag.FIELD_KEY_RESEALED, Tag.FIELD_KEY_REMOVED]
    assert tags == wanted


def test_look_ups_and_codes_from_before_are_found_after(wiring: Wiring, office: Office, config: Config) -> None:
    holder, token = office.handed_over()
    codes, before = office.codes(holder), wiring.services.keyed_hash(CONTACT.id_number)
    _announce(wiring)
    _rotate(wiring)
    anew = Wiring(config)
    assert anew.services.keyed_hash(CONTACT.id_number) == before
    begun = Office(anew.services).begin(token, codes)
    assert begun.session
    with anew.services.read() as uow:
        assert [found.id for found in uow.holders.find(id_number_hash=before)] == [holder]
    anew.database.engine.dispose()


def test_a_process_that_runs_reads_what_another_sealed_and_seals_with_the_new_key_itself(
    wiring: Wiring, office: Office, config: Config
) -> None:
    running = Wiring(config)
    assert running.sealer.keyed_hash("x")
    _announce(wiring)
    new = wiring.field_keys.state().announced
    assert not running.sealer.is_current(bytes.fromhex(str(new)))
    _rotate(wiring)
    holder = office.holder()
    with running.services.read() as uow:
        assert uow.holders.get(holder).contact == CONTACT
    assert running.sealer.seal(b"x", context="y")[:8].hex() == new
    running.database.engine.dispose()


def test_while_a_key_is_only_announced_the_old_one_seals_and_both_open(wiring: Wiring) -> None:
    old = wiring.field_keys.state().current
    _announce(wiring)
    assert wiring.sealer.seal(b"x", context="y")[:8].hex() == old
    with pytest.raises(Conflict, match="已有一个公布"):
        _announce(wiring)


@contextmanager
def _people_at_work(config: Config) -> Iterator[list[str]]:
    """A service of its own that registers a person and reads all again, over and over; what went wrong is raised."""
    service, stop, holders = Wiring(config), threading.Event(), list[str]()
    wrong: list[Exception] = []

    def work() -> None:
        office = Office(service.services)
        while not stop.is_set() and len(holders) < 40:
            try:
                holders.append(office.holder(f"W{len(holders)}"))
                with service.services.read() as uow:
                    assert all(found.contact == CONTACT for found in uow.holders.find())
                service.services.documents.put(f"document {len(holders)}".encode())
            except Exception as error:
                wrong.append(error)
                return

    assert Office(service.services).school
    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield holders
    finally:
        stop.set()
        worker.join()
        service.database.engine.dispose()
    assert wrong == []


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_with_writers_running_it_goes_on_and_leaves_nothing(
    wiring: Wiring, office: Office, config: Config, tmp_path: Path, step: str
) -> None:
    made = _worked(office)
    old = wiring.field_keys.state().current
    file = tmp_path / "config.json"
    file.write_text(config.model_dump_json())
    program = [sys.executable, "-m", "tests.ca_service.field_keys.killed", str(file), str(config.folder), step]
    with _people_at_work(config) as holders:
        killed = subprocess.run(program, capture_output=True, text=True, check=False)
        assert killed.returncode == -9, killed.stderr
        _reads_as_before(wiring, *made)
        done = _rotate(wiring)
    assert holders
    _rotate(wiring)
    assert done.ring.current != old
    assert _names_of_keys(wiring) == {done.ring.current}
    _reads_as_before(wiring, *made)
    # The release of this change is no release of another.
    with wiring.services.read() as uow:
        assert [one.status for one in uow.proposals.find()] == [ProposalStatus.DONE]


def test_while_a_backup_reads_files_the_ring_stays_as_it_is_and_values_are_sealed_anew(
    wiring: Wiring, office: Office
) -> None:
    office.holder()
    _announce(wiring)
    wiring.field_keys.switch(wiring.clock())
    before = wiring.field_keys.state()
    with wiring.field_keys.held():
        for change in (lambda: _announce(wiring), lambda: wiring.field_keys.remove(before.retired[0])):
            with pytest.raises(Conflict, match="正被备份"):
                change()
        assert _rotate(wiring).values > 0  # the switch is over: what is left needs no change of the ring
    assert wiring.field_keys.state() == before


def test_a_key_is_not_thrown_away_while_anything_may_need_it(wiring: Wiring, office: Office, clock: TestClock) -> None:
    office.holder()
    old = wiring.field_keys.state().current
    with pytest.raises(Conflict, match="不在已停用"):
        _remove(wiring, old)
    _announce(wiring)
    wiring.field_keys.switch(clock())
    with pytest.raises(Conflict, match=r"仍有 [1-9]"):
        _remove(wiring, old)
    _rotate(wiring)
    with pytest.raises(Conflict, match="10 分钟"):
        _remove(wiring, old)
    assert wiring.field_keys.state().retired == (old,)


@pytest.mark.parametrize(
    "text", ["", "zz", "ab", "current " + "0" * 64, "look-up x\ncurrent y", "0" * 64 + "\n" + "1" * 64]
)
def test_a_file_that_is_no_ring_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        Ring.parse(text)
    assert "0" * 16 not in str(refused.value)


def test_the_ring_is_written_for_its_owner_only_and_read_back(wiring: Wiring, config: Config) -> None:
    path = config.path(config.secrets.field_key)
    first = Ring.parse(path.read_text())
    _announce(wiring)
    _rotate(wiring)
    assert path.stat().st_mode & 0o777 == 0o600
    ring = Ring.parse(path.read_text())
    assert ring.retired == (first.current,)
    assert ring.look_up == first.look_up
    assert first.current.secret.hex() not in repr(ring)


def test_a_service_at_work_goes_on_with_the_keys_that_it_has_when_the_file_is_spoilt(wiring: Wiring) -> None:
    sealed = wiring.sealer.seal(b"x", context="y")
    path = wiring.config.path(wiring.config.secrets.field_key)
    path.write_text("spoilt")
    assert wiring.sealer.open(sealed, context="y") == b"x"
