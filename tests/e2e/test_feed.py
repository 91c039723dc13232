"""The real registry's reader on the real CA's account feed, over TLS, with what `educa init` wrote."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ca_service.config import Config
from ca_service.domain.certificates import Certificate, CertificateEvent, RevocationReason
from ca_service.domain.changes import CertificateAct, ChangeKind
from ca_service.domain.unit_cases import Order, UnitAct
from ca_service.workflows import change
from ca_service.workflows.certificate_status import apply
from ca_service.workflows.infrastructure import signers
from ca_service.workflows.publish_crl import publish_crl
from teacher_registry.accounts.models import Act, LogEntry
from teacher_registry.feed.puller import FeedPolicy, FeedPuller
from teacher_registry.feed.signer import FeedSigner
from teacher_registry.publications.fetch import Fetch, Fetched
from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification.subject import VerifiedAdministrator
from teacher_registry.wiring import Registry
from tests.ca_service.conftest import TestClock
from tests.ca_service.desk import Desk
from tests.ca_service.office import Office
from tests.ca_service.units import acts as units
from tests.e2e.real_ca import RealCa, running

pytestmark = pytest.mark.e2e


@dataclass
class OnTheWay:
    """Somebody between registry and CA: keeps every page, and hands out an old one when told to."""

    inner: Fetch
    pages: list[bytes] = field(default_factory=list)
    instead: list[bytes] = field(default_factory=list)

    def get(self, url: str, etag: str | None) -> Fetched:
        if self.instead:
            return Fetched(self.instead.pop(0), None)
        fetched = self.inner.get(url, etag)
        self.pages.append(fetched.body or b"")
        return fetched

    def post(self, url: str, content_type: str, body: bytes) -> bytes:
        return self.inner.post(url, content_type, body)


@dataclass(frozen=True)
class Heard:
    """A person with a certificate whom the registry knows, and the registry's puller."""

    ca: RealCa
    registry: Registry
    puller: FeedPuller
    way: OnTheWay
    clock: TestClock
    certificate: Certificate
    person: VerifiedAdministrator

    def carry_out(self, kind: ChangeKind, act: CertificateAct | None = None) -> str:
        """A change form through all its hands."""
        return _carry_out(self.ca.office, str(self.certificate.holder_id), kind, act)

    def standing(self) -> RefusalKind | None:
        """Why the registry's account is closed, if it is."""
        try:
            self.registry.standings.require(self.person)
        except RefusalError as refusal:
            return refusal.kind
        return None

    def log(self) -> list[tuple[str, str]]:
        with self.registry.sessions() as session:
            entries = session.scalars(select(LogEntry).order_by(LogEntry.seq))
            return [(str(e.act), str(json.loads(e.detail or "{}").get("reason", ""))) for e in entries]


def _carry_out(office: Office, holder: str, kind: ChangeKind, act: CertificateAct | None) -> str:
    form = change.Form(kind, holder, "工作调整", "同意", False, office.scan, "form.pdf")
    case = change.submit(office.services, office.clerk, form)
    change.decide(office.services, office.reviewer, case.id, change.Decision(approve=True, certificate_act=act))
    change.execute(office.services, office.reviewer, case.id)
    return case.id


@pytest.fixture
def ca(founded: Config, tmp_path: Path) -> Iterator[RealCa]:
    with running(founded, tmp_path) as served:
        yield served


@pytest.fixture
def heard(ca: RealCa) -> Heard:
    certificate = ca.office.enrolled()
    config, registry = ca.registry()
    assert config.feed is not None
    assert isinstance(registry.news, FeedPuller)
    way, trust = OnTheWay(registry.news._fetch), registry.gate.trust
    status, clock = registry.gate.issuing_crl.status, TestClock()
    puller = FeedPuller(
        config.feed.url,
        fetch=way,
        judge=FeedSigner(trust.root, trust.issuing, config.feed.policy_oid, registry.clock, status=status),
        standings=registry.standings,
        journal=registry.journal,
        clock=clock,
        policy=FeedPolicy(config.feed.fresh, config.feed.grace),
    )
    assert puller.poll()
    return Heard(ca, registry, puller, way, clock, certificate, registry.gate.admit(certificate.der))


def test_a_stop_by_a_change_form_reaches_the_registry_and_a_restore_ends_it(heard: Heard) -> None:
    assert heard.standing() is None
    stop = heard.carry_out(ChangeKind.STOP, CertificateAct.FREEZE)
    assert heard.puller.poll()
    assert heard.standing() is RefusalKind.ACCOUNT_STOPPED
    restore = heard.carry_out(ChangeKind.RESTORE)
    assert heard.puller.poll()
    assert heard.standing() is None
    assert [act for act, _ in heard.log()] == [Act.FEED_STOP, Act.FEED_RESTORE]
    told = [event for page in heard.way.pages for event in _payload(page)["events"]]
    assert [(event["seq"], event["change"]) for event in told] == [(1, stop), (2, restore)]
    assert [event["certificates"] for event in told] == [[heard.certificate.serial]] * 2


def test_a_merged_unit_is_known_to_the_registry_before_the_new_certificate(heard: Heard) -> None:
    former = heard.person.unit_code
    survivor = next(code for code in Desk(heard.ca.office).schools() if code != former)
    units.carry_out(heard.ca.office, Order(UnitAct.MERGE, former, target_code=survivor))
    assert heard.puller.poll()
    assert heard.registry.standings.require(heard.person).unit_code == survivor
    (told,) = [event for page in heard.way.pages for event in _payload(page)["events"]]
    assert (told["kind"], told["from"], told["unit"]) == ("unit-change", former, survivor)


@pytest.mark.parametrize(("old", "later", "reason"), [(1, 0, "order"), (2, 0, "order"), (3, 61, "replay")])
def test_a_page_of_the_ca_that_comes_again_is_refused(heard: Heard, old: int, later: float, reason: str) -> None:
    for kind, act in ((ChangeKind.STOP, CertificateAct.FREEZE), (ChangeKind.RESTORE, None)):
        heard.carry_out(kind, act)
        assert heard.puller.poll()
    # The first page and the last are empty. An empty one that is kept back says what is true, but not for long.
    assert heard.puller.poll()
    heard.way.instead.append(heard.way.pages[old])
    heard.clock.pass_time(seconds=later)
    assert not heard.puller.poll()
    assert heard.log()[-1] == (Act.FEED_REFUSED, reason)
    assert heard.registry.standings.position().seq == 2
    assert heard.standing() is None
    heard.clock.pass_time(seconds=-later)
    assert heard.puller.poll()


def test_a_page_with_another_payload_under_the_same_signature_is_refused(heard: Heard) -> None:
    header, _, signature = heard.way.pages[0].split(b".")
    forged = {**_payload(heard.way.pages[0]), "head": 7}
    body = base64.urlsafe_b64encode(json.dumps(forged).encode()).rstrip(b"=")
    heard.way.instead.append(b".".join((header, body, signature)))
    assert not heard.puller.poll()
    assert heard.log() == [(Act.FEED_REFUSED, "signature")]


def test_a_revoked_signer_is_believed_no_more(heard: Heard) -> None:
    services = heard.ca.wiring.services
    (signer,) = signers(services, "feed-signer")
    with services.begin() as uow:
        apply(uow, heard.ca.office.operator, signer, CertificateEvent.REVOKE, at=services.clock(), reason="stolen",
              crl_reason=RevocationReason.KEY_COMPROMISE)  # fmt: skip
    publish_crl(services, heard.ca.office.operator, "issuing")
    page = heard.way.pages[0]
    heard.registry.gate.issuing_crl.refresh()
    heard.way.instead.append(page)
    assert not heard.puller.poll()
    assert heard.log() == [(Act.FEED_REFUSED, "signer")]


def _payload(page: bytes) -> dict[str, Any]:
    part = page.split(b".")[1]
    payload: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    return payload
