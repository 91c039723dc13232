"""PIN unblock: who is released, what a code is worth, and that the CA knows every SO PIN that the token can have."""

import base64
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from ca_service.cli.main import main
from ca_service.config import Config
from ca_service.domain import errors
from ca_service.domain.audit import Tag
from ca_service.domain.media import MediumStatus
from ca_service.domain.messages import Channel
from ca_service.domain.roles import Role
from ca_service.domain.unblocks import UNBLOCK_CONTEXT, ReleaseStatus
from ca_service.domain.units import CENTRE_CODE
from ca_service.wiring import Wiring
from ca_service.workflows import change, custody, handovers, incidents, so_pins, unblock
from ca_service.workflows.staff_proposals import NewStaff
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office, SoftwareKeyInPlaceOfToken
from tests.ca_service.second_person import appoint

_SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_FIRST = "11112222"


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass
class Locked:
    """A person whose token is locked and reported; `run` is the key of one run of the helper."""

    office: Office
    holder: str
    token: SoftwareKeyInPlaceOfToken
    run: ec.EllipticCurvePrivateKey
    code: str = ""

    def begin(self, code: str = "", serial: str = "") -> unblock.Begun:
        return unblock.begin(self.office.services, serial=serial or self.token.serial, code=code or self.code)

    def seal(self, so_pin: str, serial: str = "") -> bytes:
        return seal(self.office, serial or self.token.serial, so_pin)

    def hand_out(self, begun: unblock.Begun, sealed: bytes, *, binding: bytes = b"") -> list[str]:
        found = unblock.hand_out(
            self.office.services, session=begun.session, binding_key=binding or spki(self.token.binding),
            reader=spki(self.run), next_sealed=sealed,
        )  # fmt: skip
        info = b"educa-unblock-so-pin-v1\0" + begun.nonce + self.token.serial.encode()
        return [_SUITE.decrypt(one, self.run, info).decode() for one in found]

    def confirm(self, begun: unblock.Begun, *, by: ec.EllipticCurvePrivateKey | None = None) -> ReleaseStatus:
        key = by or self.token.binding
        signature = key.sign(UNBLOCK_CONTEXT + begun.nonce, ec.ECDSA(hashes.SHA256()))
        return unblock.confirm(self.office.services, session=begun.session, signature=signature).status

    def kept(self) -> int:
        with self.office.services.read() as uow:
            return uow.so_pins.count(serial=self.token.serial)

    def refusals(self) -> list[str]:
        with self.office.services.read() as uow:
            return [entry.detail for entry in uow.audit.entries() if entry.tag == Tag.UNBLOCK_REFUSED]


def seal(office: Office, serial: str, so_pin: str) -> bytes:
    reader = load_der_public_key(so_pins.custody_key(office.services, office.custodian))
    assert isinstance(reader, ec.EllipticCurvePublicKey)
    return _SUITE.encrypt(so_pin.encode(), reader, b"educa-so-pin-v1\0" + serial.encode())


def locked(office: Office, number: str) -> Locked:
    holder, token = office.handed_over(number)
    with office.services.begin() as uow:
        so_pins.begin_list(office.services, uow, token.serial, seal(office, token.serial, _FIRST))
    incidents.report_locked(office.services, office.custodian, token.serial)
    return Locked(office, holder, token, ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def mine(office: Office) -> Locked:
    person = locked(office, "1")
    person.code = office.released(person.holder)
    return person


def test_a_released_token_gets_its_so_pin_and_a_new_one_takes_its_place(mine: Locked) -> None:
    begun = mine.begin()
    assert mine.hand_out(begun, mine.seal("33334444")) == [_FIRST]
    assert mine.kept() == 2
    for _ in range(2):
        assert mine.confirm(begun) is ReleaseStatus.CONFIRMED

    assert mine.kept() == 1
    with mine.office.services.read() as uow:
        assert uow.media.get(mine.token.serial).status is MediumStatus.IN_USE
    with pytest.raises(errors.CodeUsed):
        mine.begin()


def test_broken_off_and_repeated_every_so_pin_that_can_be_in_force_comes_back_newest_first(mine: Locked) -> None:
    mine.hand_out(mine.begin(), mine.seal("33334444"))
    begun = mine.begin()
    sealed = mine.seal("55556666")
    for _ in range(2):
        assert mine.hand_out(begun, sealed) == ["33334444", _FIRST]
    with pytest.raises(errors.Conflict, match="重新运行"):
        mine.hand_out(begun, mine.seal("77778888"))


def test_after_eight_that_were_never_confirmed_the_token_has_to_come_back(mine: Locked) -> None:
    for number in range(8):
        mine.hand_out(mine.begin(), mine.seal(f"next-{number}"))
    with pytest.raises(errors.Conflict, match="交回"):
        mine.hand_out(mine.begin(), mine.seal("one-more"))
    assert mine.kept() == 9


def test_without_a_locked_token_an_unlock_releases_nothing(office: Office) -> None:
    holder, _ = office.handed_over()
    office.unlock(holder)
    with office.services.read() as uow:
        assert uow.releases.count() == 0


def test_what_is_not_approved_opens_nothing(office: Office) -> None:
    person = locked(office, "1")
    with pytest.raises(errors.NotReleased):
        person.begin("ABCDEFGHJK")
    with pytest.raises(errors.NotReleased):
        person.begin("ABCDEFGHJK", serial="no-such-token")


def test_five_wrong_codes_block_the_release(mine: Locked) -> None:
    left = []
    for _ in range(4):
        with pytest.raises(errors.CodeWrong) as refused:
            mine.begin("AAAAAAAAAA")
        left.append(refused.value.facts["tries_left"])
    for code in ("AAAAAAAAAA", mine.code):
        with pytest.raises(errors.CodeBlocked):
            mine.begin(code)
    assert left == [4, 3, 2, 1]
    assert len(mine.refusals()) == 6


def test_a_code_runs_out_after_a_day_and_a_session_after_a_quarter_of_an_hour(mine: Locked, clock: TestClock) -> None:
    begun = mine.begin()
    clock.pass_time(minutes=16)
    with pytest.raises(errors.SessionUnknown):
        mine.hand_out(begun, mine.seal("33334444"))
    clock.pass_time(hours=24)
    with pytest.raises(errors.CodeExpired):
        mine.begin()


def test_a_code_opens_its_own_token_only(mine: Locked) -> None:
    other = locked(mine.office, "2")
    mine.office.released(other.holder)
    with pytest.raises(errors.CodeWrong):
        mine.begin(serial=other.token.serial)


def test_a_token_that_only_claims_the_serial_number_gets_no_so_pin(mine: Locked) -> None:
    forged = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(errors.BindingInvalid):
        mine.hand_out(mine.begin(), mine.seal("33334444"), binding=spki(forged))
    assert mine.kept() == 1
    assert "binding-invalid" in mine.refusals()[-1]
    for channel in Channel:
        assert len(mine.office.told(channel, "解锁介质，但所用的不是派发给您的介质")) == 1


def test_only_the_binding_key_confirms_and_only_for_this_session(mine: Locked) -> None:
    earlier = mine.begin()
    begun = mine.begin()
    with pytest.raises(errors.Conflict):
        mine.confirm(begun)  # nothing was handed out
    mine.hand_out(begun, mine.seal("33334444"))
    with pytest.raises(errors.ProofInvalid):
        mine.confirm(begun, by=ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(errors.ProofInvalid):
        mine.confirm(replace(earlier, session=begun.session))
    with pytest.raises(errors.SessionUnknown):
        mine.confirm(earlier)
    assert mine.kept() == 2


def test_a_token_reported_lost_after_the_release_gets_nothing(mine: Locked) -> None:
    begun = mine.begin()
    incidents.report_lost(mine.office.services, mine.office.custodian, mine.token.serial, reason="x")
    with pytest.raises(errors.WrongToken):
        mine.hand_out(begun, mine.seal("33334444"))
    with pytest.raises(errors.WrongToken):
        mine.begin()


def test_a_second_release_voids_the_first(mine: Locked) -> None:
    first, mine.code = mine.code, mine.office.released(mine.holder)
    with pytest.raises(errors.CodeWrong):
        mine.begin(first)
    assert mine.begin().nonce


@pytest.mark.parametrize("sealed", [b"", b"x" * 100, None])
def test_a_next_so_pin_that_the_ca_could_not_open_is_refused_and_changes_nothing(
    mine: Locked, sealed: bytes | None
) -> None:
    begun = mine.begin()
    with pytest.raises(errors.Invalid):
        mine.hand_out(begun, mine.seal("3333", serial="another") if sealed is None else sealed)
    assert mine.kept() == 1


@pytest.mark.parametrize("reader", [b"", spki(ec.generate_private_key(ec.SECP384R1()))])
def test_a_reader_that_cannot_be_sealed_for_is_refused_and_changes_nothing(mine: Locked, reader: bytes) -> None:
    begun = mine.begin()
    with pytest.raises(errors.Invalid):
        unblock.hand_out(
            mine.office.services, session=begun.session, binding_key=spki(mine.token.binding),
            reader=reader, next_sealed=mine.seal("33334444"),
        )  # fmt: skip
    assert mine.kept() == 1


def test_no_so_pin_stands_in_the_log_and_none_opens_for_another_run(mine: Locked) -> None:
    begun = mine.begin()
    sealed = unblock.hand_out(
        mine.office.services, session=begun.session, binding_key=spki(mine.token.binding),
        reader=spki(mine.run), next_sealed=mine.seal("33334444"),
    )  # fmt: skip
    with pytest.raises(InvalidTag):
        _SUITE.decrypt(sealed[0], ec.generate_private_key(ec.SECP256R1()), b"")
    with mine.office.services.read() as uow:
        entries = list(uow.audit.entries())
    written, tags = "".join(entry.detail + entry.subject for entry in entries), [entry.tag for entry in entries]
    assert Tag.SO_PIN_HANDED_OUT in tags
    assert not [secret for secret in (_FIRST, "33334444", mine.code) if secret in written]


def test_the_centre_is_told_at_once_of_a_so_pin_sealed_for_somebody_else(office: Office) -> None:
    custody.register(office.services, office.custodian, [custody.NewMedium("T9", "test")])
    key = spki(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(errors.Invalid, match="托管公钥"):
        custody.initialise(office.services, office.custodian, "T9", binding_key=key, so_pin_sealed=b"x" * 90)


def test_the_custodian_exports_the_key_registers_a_sealed_so_pin_and_sees_the_releases(
    founded: Config, tmp_path: Path
) -> None:
    shutil.copy(founded.path(Path("educa.db")), tmp_path / "educa.db")
    shutil.copytree(founded.folder / "secrets", tmp_path / "secrets")
    shutil.copy(founded.folder / "config.toml", tmp_path / "config.toml")
    services = Wiring(founded.model_copy(update={"folder": tmp_path})).services
    office = Office(services)
    new = NewStaff("keeper", "示范人员", CENTRE_CODE, frozenset({Role.CUSTODIAN}))
    appoint(services, new, hasher=lambda _: "x")

    def run(*arguments: str) -> str:
        given = [*arguments, "--config", str(tmp_path / "config.toml"), "--as", "keeper"]
        result = CliRunner().invoke(main, given)
        assert result.exit_code == 0, result.output
        return result.stdout

    reader = load_pem_public_key(run("media", "custody-key").encode())
    assert isinstance(reader, ec.EllipticCurvePublicKey)
    sealed = _SUITE.encrypt(b"11112222", reader, b"educa-so-pin-v1\0T1")
    key = spki(ec.generate_private_key(ec.SECP256R1()))
    record = {"serial": "T1", "binding_public_key": encode(key), "so_pin_sealed": encode(sealed)}
    (tmp_path / "T1.json").write_text(json.dumps(record), encoding="utf-8")
    run("media", "register", "T1")
    assert "不能解锁" not in run("media", "initialise", str(tmp_path / "T1.json"))
    holder = office.holder()
    handovers.hand_over(services, office.custodian, "T1", holder_id=holder)
    incidents.report_locked(services, office.custodian, "T1")
    office.unlock(holder)

    (listed,) = json.loads(run("media", "unblocks", "--json"))
    assert (listed["token"], listed["status"], listed["overdue"]) == ("T1", "open", False)


def encode(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def test_who_asks_for_the_release_does_not_decide_it(office: Office) -> None:
    person = locked(office, "1")
    case = office.unlock_asked(person.holder)
    both = replace(office.reviewer, login=office.clerk.login)
    with pytest.raises(errors.Forbidden):
        change.decide(office.services, both, case, change.Decision(approve=True))
    with pytest.raises(errors.IllegalTransition):
        change.execute(office.services, office.reviewer, case)
    with office.services.read() as uow:
        assert uow.releases.count() == 0
