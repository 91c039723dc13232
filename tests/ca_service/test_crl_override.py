"""A list that the gate refused, published all the same: two people, the very differences, and nothing beside them."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509
from sqlalchemy import update

import crl
from ca_service.cli.main import main
from ca_service.config import Config
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import Certificate, CertificateStatus
from ca_service.domain.crl_overrides import OverrideStatus
from ca_service.domain.crls import PublishedCrl
from ca_service.domain.errors import Conflict, Forbidden, IllegalTransition, Invalid, StateUnknown
from ca_service.domain.roles import Role
from ca_service.store.models import CertificateRow
from ca_service.wiring import Wiring
from ca_service.workflows import crl_override
from ca_service.workflows.certificate_status import freeze, unfreeze
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office, actor

ADMIN, SECURITY = actor(Role.CA_ADMIN), actor(Role.SECURITY_ADMIN)
_WHY = "数据库从备份恢复，履历缺失，纸质记录已核对"


def _publish(office: Office) -> PublishedCrl:
    return publish_crl(office.services, office.operator, "issuing")


def _freeze(office: Office, certificate: Certificate) -> None:
    freeze(office.services, office.reviewer, certificate.serial, reason="遗失")


def _freed(wiring: Wiring, certificate: Certificate) -> None:
    """Somebody sets a frozen certificate free, past the service."""
    _write(wiring, certificate, status=CertificateStatus.ACTIVE, crl_entry=None, revoked_at=None, reason=None)


def _write(wiring: Wiring, certificate: Certificate, **values: object) -> None:
    with wiring.database.engine.begin() as connection:
        row = CertificateRow
        connection.execute(update(row).where(row.serial == certificate.serial).values(**values))


def _serials(published: PublishedCrl) -> set[str]:
    return {f"{entry.serial_number:x}" for entry in x509.load_der_x509_crl(published.der or b"")}


@pytest.fixture
def frozen(office: Office) -> Certificate:
    """A frozen certificate, on the last good list."""
    certificate = office.enrolled("1")
    _freeze(office, certificate)
    _publish(office)
    return certificate


def _proposed(office: Office) -> tuple[str, str]:
    """The number of a proposal and the hash of what was seen."""
    seen = crl_override.examine(office.services, ADMIN, "issuing").seen
    return crl_override.propose(office.services, ADMIN, "issuing", reason=_WHY, seen=seen).id, seen


def test_what_differs_without_a_cause_is_shown_serial_by_serial(
    office: Office, wiring: Wiring, frozen: Certificate
) -> None:
    listed, released = office.enrolled("2"), office.enrolled("3")
    _freeze(office, released)
    unfreeze(office.services, office.reviewer, released.serial, reason="找到")
    _freed(wiring, frozen)
    at = datetime(2026, 1, 2, tzinfo=UTC)
    entry = crl.encode_entry(int(listed.serial, 16), at, crl.Reason.KEY_COMPROMISE)
    _write(wiring, listed, status=CertificateStatus.REVOKED, crl_entry=entry, revoked_at=at)
    found = crl_override.examine(office.services, SECURITY, "issuing").differences
    assert set(found) == {frozen.serial, listed.serial}
    assert found[frozen.serial].now == ""
    assert found[frozen.serial].before == found[frozen.serial].due
    assert found[frozen.serial].due.endswith(" 6")
    assert vars(found[listed.serial]) == {"before": "", "due": "", "now": "2026-01-02T00:00:00+00:00 1"}


def test_two_people_let_the_differences_pass_and_everything_goes_on_from_there(
    office: Office, wiring: Wiring, frozen: Certificate, clock: TestClock
) -> None:
    _freed(wiring, frozen)
    with pytest.raises(StateUnknown):
        _publish(office)
    proposal, seen = _proposed(office)
    with pytest.raises(StateUnknown):
        _publish(office)
    other = office.enrolled("2")
    _freeze(office, other)
    published = crl_override.confirm(office.services, SECURITY, proposal, seen=seen)
    assert _serials(published) == {other.serial}
    with office.services.read() as uow:
        override = uow.crl_overrides.get(proposal)
        entries = {entry.tag: entry for entry in uow.audit.entries()}
    assert (override.status, override.decided_by, override.number) == (
        OverrideStatus.PUBLISHED,
        SECURITY.login,
        published.number,
    )
    assert _WHY in entries[Tag.CRL_OVERRIDE_PROPOSED].detail
    assert frozen.serial in entries[Tag.CRL_OVERRIDE_PROPOSED].detail
    assert ADMIN.login in entries[Tag.CRL_OVERRIDDEN].detail
    clock.pass_time(minutes=1)
    following = _publish(office)
    assert _serials(following) == {other.serial}
    # The delta's base is older than what was let pass: it tells that too, until the certificate changes again.
    for each in (published, following):
        delta = crl.parse(each.delta or b"")
        assert delta.entries[int(frozen.serial, 16)].reason is crl.Reason.REMOVE_FROM_CRL
    _freeze(office, frozen)
    last = _publish(office)
    assert _serials(last) == {frozen.serial, other.serial}
    assert crl.parse(last.delta or b"").entries[int(frozen.serial, 16)].reason is crl.Reason.CERTIFICATE_HOLD


def test_nothing_is_published_with_a_difference_that_was_not_seen(
    office: Office, wiring: Wiring, frozen: Certificate
) -> None:
    second = office.enrolled("2")
    _freeze(office, second)
    before = _publish(office)
    _freed(wiring, frozen)
    proposal, seen = _proposed(office)
    _freed(wiring, second)
    with pytest.raises(Conflict, match="不同"):
        crl_override.confirm(office.services, SECURITY, proposal, seen=seen)
    fresh = crl_override.examine(office.services, SECURITY, "issuing").seen
    with pytest.raises(Conflict, match="提出时"):
        crl_override.confirm(office.services, SECURITY, proposal, seen=fresh)
    with office.services.read() as uow:
        latest = uow.crls.latest("issuing")
    assert latest is not None
    assert latest.der == before.der


def test_one_person_is_not_enough(office: Office, wiring: Wiring, frozen: Certificate) -> None:
    _freed(wiring, frozen)
    proposal, seen = _proposed(office)
    for alone in (ADMIN, office.operator, actor(Role.SECURITY_ADMIN, login=ADMIN.login)):
        with pytest.raises(Forbidden):
            crl_override.confirm(office.services, alone, proposal, seen=seen)
    with pytest.raises(Forbidden):
        crl_override.propose(office.services, SECURITY, "issuing", reason=_WHY, seen=seen)


def test_a_proposal_needs_a_reason_and_what_was_seen(office: Office, wiring: Wiring, frozen: Certificate) -> None:
    with pytest.raises(Conflict, match="没有无故的差异"):
        crl_override.propose(office.services, ADMIN, "issuing", reason=_WHY, seen="x")
    _freed(wiring, frozen)
    seen = crl_override.examine(office.services, ADMIN, "issuing").seen
    with pytest.raises(Invalid):
        crl_override.propose(office.services, ADMIN, "issuing", reason=" ", seen=seen)
    with pytest.raises(Conflict):
        crl_override.propose(office.services, ADMIN, "issuing", reason=_WHY, seen="0" * 16)


def test_a_proposal_that_was_taken_back_or_carried_out_is_not_confirmed(
    office: Office, wiring: Wiring, frozen: Certificate
) -> None:
    _freed(wiring, frozen)
    withdrawn, seen = _proposed(office)
    crl_override.withdraw(office.services, ADMIN, withdrawn)
    done, seen = _proposed(office)
    crl_override.confirm(office.services, SECURITY, done, seen=seen)
    for proposal in (withdrawn, done):
        with pytest.raises(IllegalTransition):
            crl_override.confirm(office.services, SECURITY, proposal, seen=seen)


def test_an_entry_that_cannot_be_read_is_never_let_pass(office: Office, wiring: Wiring, frozen: Certificate) -> None:
    _write(wiring, frozen, crl_entry=b"\x30\x03\x02\x01")
    with pytest.raises(StateUnknown):
        _publish(office)
    with pytest.raises(StateUnknown):
        crl_override.examine(office.services, ADMIN, "issuing")


def test_by_command_from_the_difference_that_is_shown_to_the_list_that_is_published(
    founded: Config, tmp_path: Path
) -> None:
    shutil.copy(founded.path(Path("educa.db")), tmp_path / "educa.db")
    shutil.copy(founded.folder / "config.toml", tmp_path / "config.toml")
    shutil.copytree(founded.folder / "secrets", tmp_path / "secrets")
    (tmp_path / "softhsm2.conf").symlink_to(founded.folder / "softhsm2.conf")
    wiring = Wiring(founded.model_copy(update={"folder": tmp_path}))
    office = Office(wiring.services)
    certificate = office.enrolled()
    _freeze(office, certificate)
    _publish(office)
    _freed(wiring, certificate)

    def educa(*arguments: str) -> Any:
        done = CliRunner().invoke(main, [*arguments, "--json", "--config", str(tmp_path / "config.toml")])
        return json.loads(done.stdout) if done.exit_code == 0 else done.stderr

    assert "educa crl refused" in educa("crl", "publish")
    shown = educa("crl", "refused")
    assert shown["differences"][certificate.serial]["now"] == ""
    assert certificate.serial in shown["refusal"]
    seen = ("--seen", shown["seen"])
    made = educa("crl", "override", "--reason", _WHY, *seen, "--as", "ca-admin")
    assert [waiting["id"] for waiting in educa("crl", "refused")["proposals"]] == [made["id"]]
    assert "角色" in educa("crl", "confirm", made["id"], *seen, "--as", "ca-admin")
    assert educa("crl", "confirm", made["id"], *seen, "--as", "security-admin")["list"] == "issuing"
    assert educa("crl", "refused")["differences"] == {}
    assert educa("crl", "show") == []
    assert "分片" in educa("crl", "show", "--shard", "3")
    assert "没有名为" in educa("crl", "refused", "--list", "nothing")
    wiring.database.engine.dispose()
