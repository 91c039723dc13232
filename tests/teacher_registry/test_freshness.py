"""The table of `verification.policy`, row by row, on the gate: what opens when the CA's word is old or missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from cryptography import x509

from teacher_registry.gate import Gate, Trust
from teacher_registry.publications.crl_source import CrlSource
from teacher_registry.publications.fetch import Fetched, UnavailableError
from teacher_registry.publications.ocsp_source import OcspSource
from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification.policy import FRESHNESS, Operation
from teacher_registry.verification.subject import VerifiedAdministrator
from tests.teacher_registry.authority import POLICY, Authority, Identity
from tests.teacher_registry.publication import Clock, Publication
from tests.teacher_registry.revocations import OcspWish, sign_ocsp

GRACE = timedelta(hours=1)
LIFETIME = timedelta(hours=24)
LOOKS = [Operation.SIGN_IN, Operation.VIEW]
ACTS = [Operation.CHANGE, Operation.RESET_PASSWORD, Operation.EXPORT]


@dataclass
class Direct:
    """`Fetch` that asks the test's publication without HTTP. `connected` False: nothing comes through."""

    publication: Publication
    connected: bool = True
    asked: int = 0

    def get(self, url: str, etag: str | None) -> Fetched:
        """A list."""
        return Fetched(self._answer(lambda: self.publication.crl(url)), None)

    def post(self, url: str, content_type: str, body: bytes) -> bytes:
        """An OCSP answer."""
        self.asked += 1
        return self._answer(lambda: self.publication.answer_ocsp(body))

    def _answer(self, make: Callable[[], bytes | None]) -> bytes:
        answer = make() if self.connected else None
        if answer is None:
            raise UnavailableError("nothing")
        return answer


@dataclass
class House:
    """A gate over a publication, with a clock and a certificate."""

    publication: Publication
    clock: Clock
    wire: Direct
    leaf: Identity
    with_ocsp: bool = True
    gate: Gate = field(init=False)

    def __post_init__(self) -> None:
        authority = self.publication.authority
        root, issuing = authority.root.certificate, authority.issuing.certificate
        refresh = timedelta(seconds=15)
        self.gate = Gate(
            trust=Trust(root, issuing, POLICY),
            clock=self.clock,
            root_crl=CrlSource("/crl/root.crl", root, fetch=self.wire, clock=self.clock, refresh=refresh),
            issuing_crl=CrlSource("/crl/issuing.crl", issuing, fetch=self.wire, clock=self.clock, refresh=refresh),
            ocsp=self._ocsp(issuing) if self.with_ocsp else None,
            grace=GRACE,
        )

    def _ocsp(self, issuing: x509.Certificate) -> OcspSource:
        return OcspSource(
            "/ocsp",
            issuing,
            fetch=self.wire,
            clock=self.clock,
            random_bytes=lambda count: bytes(range(count)),
            max_age=timedelta(seconds=0.5),
            nonce_required=False,
        )

    def admit(self, operation: Operation, stapled: bytes | None = None) -> str:
        """ "open", or the kind of the refusal."""
        try:
            self.gate.admit(self.leaf.der, operation=operation, stapled=stapled)
        except RefusalError as refusal:
            return refusal.kind
        return "open"

    def all(self) -> dict[Operation, str]:
        """For every operation."""
        return {operation: self.admit(operation) for operation in Operation}

    def cut(self) -> None:
        """The CA cannot be reached."""
        self.wire.connected = False


def every(verdict: str) -> dict[Operation, str]:
    """The same for every operation."""
    return dict.fromkeys(Operation, verdict)


def looks_only(otherwise: str = "status-unknown") -> dict[Operation, str]:
    """Open for looking, closed for acting."""
    return {**dict.fromkeys(LOOKS, "open"), **dict.fromkeys(ACTS, otherwise)}


@pytest.fixture
def house(authority: Authority, admin: Identity) -> House:
    """With a responder."""
    clock = Clock()
    publication = Publication(authority, clock)
    return House(publication, clock, Direct(publication), admin)


@pytest.fixture
def house_of_lists(authority: Authority, admin: Identity) -> House:
    """Without a responder."""
    clock = Clock()
    publication = Publication(authority, clock)
    return House(publication, clock, Direct(publication), admin, with_ocsp=False)


def test_the_table_has_every_operation() -> None:
    assert FRESHNESS.keys() == set(Operation)
    assert {operation for operation, demand in FRESHNESS.items() if demand.has_grace} == set(LOOKS)
    assert {operation for operation, demand in FRESHNESS.items() if demand.asks_anew} == set(ACTS)


def test_with_a_current_word_everything_opens(house: House, house_of_lists: House) -> None:
    assert house.all() == every("open")
    assert house_of_lists.all() == every("open")


def test_a_disconnected_ca_is_known_by_its_current_list(house: House) -> None:
    """The list is the CA's word until its nextUpdate; RFC 5280 §5.1.2.5."""
    assert house.all() == every("open")  # the lists of the CA are there, the one of persons is not
    house.publication.ocsp_up = False
    house.clock.pass_seconds(1)
    assert house.all() == every("open")
    house.cut()
    house.clock.pass_seconds(60)
    assert house.all() == every("open")


def test_past_the_next_update_only_looking_opens_for_the_grace_and_then_nothing(house_of_lists: House) -> None:
    house = house_of_lists
    assert house.all() == every("open")
    house.cut()
    house.clock.now += LIFETIME - timedelta(seconds=1)
    assert house.all() == every("open")
    house.clock.pass_seconds(1)
    assert house.all() == looks_only()
    house.clock.now += GRACE - timedelta(seconds=1)
    assert house.all() == looks_only()
    house.clock.pass_seconds(1)
    assert house.all() == every("status-unknown")


def test_without_any_list_nothing_opens(house: House) -> None:
    house.cut()
    assert house.all() == every("status-unknown")


def test_a_frozen_one_stays_out_during_the_grace(house_of_lists: House) -> None:
    house = house_of_lists
    house.publication.freeze(house.leaf)
    assert house.all() == every("frozen")
    house.cut()
    house.clock.now += LIFETIME
    assert {operation: house.admit(operation) for operation in LOOKS} == dict.fromkeys(LOOKS, "frozen")


def test_an_act_asks_anew_and_a_look_does_not(house: House) -> None:
    assert house.admit(Operation.VIEW) == "open"
    house.publication.freeze(house.leaf)
    assert house.admit(Operation.VIEW) == "open"  # within max_status_age
    assert [house.admit(operation) for operation in ACTS] == ["frozen"] * 3
    assert house.wire.asked == 4
    house.clock.pass_seconds(0.5)
    assert house.admit(Operation.VIEW) == "frozen"


def test_another_signers_answer_closes_at_once_for_every_operation(house: House, stranger: Authority) -> None:
    house.publication.ocsp_signer = stranger.ocsp_signer
    assert house.all() == every("status-unknown")


def test_a_clock_two_days_ahead_has_the_grace_behind_it(house_of_lists: House) -> None:
    house = house_of_lists
    assert house.all() == every("open")
    # The CA's clock is right, and what it publishes is old for us.
    publication_clock = Clock(house.clock.now)
    house.publication.clock = publication_clock
    house.clock.now += timedelta(days=2)
    assert house.all() == every("status-unknown")


def test_a_clock_two_days_behind_sees_lists_and_answers_of_the_future(house: House, house_of_lists: House) -> None:
    for one in (house, house_of_lists):
        one.publication.clock = Clock(one.clock.now)
        one.clock.now -= timedelta(days=2)
        # The certificate itself is not valid yet for such a clock; one that is older meets the lists.
        assert one.all() == every("not-yet-valid")
        one.leaf = one.publication.authority.administrator(serial=7, not_before=one.clock.now - timedelta(days=3))
        assert one.all() == every("status-unknown")


def staple(house: House, **deviation: object) -> bytes:
    """An answer that the client brings along."""
    authority = house.publication.authority
    wish = OcspWish(authority.issuing, authority.ocsp_signer, house.leaf.certificate.serial_number, at=house.clock())
    return sign_ocsp(OcspWish(**{**vars(wish), **deviation}))


def test_a_stapled_answer_stands_in_for_a_silent_responder(house: House) -> None:
    house.publication.ocsp_up = house.publication.crl_up = False
    assert house.admit(Operation.EXPORT) == "status-unknown"
    assert house.admit(Operation.EXPORT, staple(house)) == "open"
    assert house.admit(Operation.EXPORT, staple(house, reason=x509.ReasonFlags.certificate_hold)) == "frozen"
    old = staple(house)
    house.clock.pass_seconds(600)
    assert house.admit(Operation.EXPORT, old) == "status-unknown"


def test_a_stapled_answer_hides_no_freeze_that_the_list_knows(house: House) -> None:
    kept_back = staple(house)
    house.publication.freeze(house.leaf)
    house.publication.ocsp_up = False
    assert house.admit(Operation.SIGN_IN, kept_back) == "frozen"


@pytest.mark.parametrize("stapled", [b"", b"\x30\x03\x0a\x01\x03", b"\xff" * 50])
def test_a_stapled_answer_that_is_none_closes(house: House, stapled: bytes) -> None:
    house.publication.ocsp_up = False
    assert house.admit(Operation.VIEW, stapled) == "status-unknown"


def test_a_stapled_answer_about_another_certificate_closes(house: House, neighbour: Identity) -> None:
    house.publication.ocsp_up = house.publication.crl_up = False
    assert house.admit(Operation.VIEW, staple(house, serial=neighbour.certificate.serial_number)) == "status-unknown"


def test_a_revoked_issuing_ca_closes_for_every_operation(house: House) -> None:
    house.publication.root_reasons = {2: x509.ReasonFlags.key_compromise}
    assert house.all() == every("revoked")


def test_the_state_of_the_account_is_asked_last(house: House) -> None:
    class Stopped:
        asked = 0

        def require(self, actor: VerifiedAdministrator) -> object:
            self.asked += 1
            raise RefusalError(RefusalKind.FOREIGN, f"stopped: {actor.holder_id}")

    accounts = Stopped()
    object.__setattr__(house.gate, "accounts", accounts)
    assert house.admit(Operation.VIEW) == "foreign"
    house.publication.freeze(house.leaf)
    house.clock.pass_seconds(1)
    assert house.admit(Operation.VIEW) == "frozen"
    assert accounts.asked == 1
