"""Which CRLs are believed, about whom, and how a source keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from teacher_registry.publications.crl_source import CrlSource
from teacher_registry.publications.fetch import Fetched, UnavailableError
from teacher_registry.verification.certificates import read_certificate
from teacher_registry.verification.crl_index import Listed, index_crl
from teacher_registry.verification.revocation import UntrustedAnswerError
from tests.teacher_registry.authority import NOW, Authority, Identity
from tests.teacher_registry.publication import Clock
from tests.teacher_registry.revocations import HOLD, REVOKED, CrlWish, sign_crl

URL = "http://ca.test/crl/issuing.crl"


def point(**deviation: Any) -> x509.IssuingDistributionPoint:
    """An issuing distribution point that names URL."""
    fields: dict[str, Any] = {
        "full_name": [x509.UniformResourceIdentifier(URL)],
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**{**fields, **deviation})


def judge(authority: Authority, leaf: Identity, wish: CrlWish, issuer: Identity | None = None) -> str:
    """The status, or "untrusted"."""
    crl = sign_crl(issuer or authority.issuing, wish)
    try:
        return index_crl(crl, read_certificate(authority.issuing.der), NOW).status(Listed.of(leaf.certificate))
    except UntrustedAnswerError:
        return "untrusted"


def test_each_status_is_read(authority: Authority, admin: Identity) -> None:
    serial = admin.certificate.serial_number
    assert judge(authority, admin, CrlWish()) == "good"
    assert judge(authority, admin, CrlWish({serial: HOLD})) == "frozen"
    assert judge(authority, admin, CrlWish({serial: REVOKED, 7: HOLD})) == "revoked"


@pytest.mark.parametrize(
    "wish",
    [
        CrlWish(number=None),
        CrlWish(next_update=NOW),
        CrlWish(this_update=NOW + timedelta(seconds=6)),
        CrlWish(extra=((x509.DeltaCRLIndicator(1), True),)),
        CrlWish(extra=((x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.1"), b"\5\0"), True),)),
        CrlWish({5: x509.ReasonFlags.remove_from_crl}),
        CrlWish({5: HOLD}, entry_extra=((x509.CertificateIssuer([x509.DNSName("x")]), True),)),
        CrlWish(extra=((point(full_name=None, indirect_crl=True), True),)),
        CrlWish(extra=((point(full_name=None, only_some_reasons=frozenset([x509.ReasonFlags.key_compromise])), True),)),
        CrlWish(extra=((point(full_name=None, only_contains_ca_certs=True), True),)),
        CrlWish(extra=((point(), True),)),
    ],
    ids=[
        "no-number",
        "next-update-reached",
        "from-the-future",
        "delta",
        "unknown-critical",
        "remove-from-crl",
        "entry-of-another-issuer",
        "indirect",
        "some-reasons",
        "authorities-only",
        "shard-of-others",
    ],
)
def test_silence_of_a_list_that_does_not_cover_us_is_not_good(
    authority: Authority, admin: Identity, wish: CrlWish
) -> None:
    assert judge(authority, admin, wish) == "untrusted"


def test_a_list_about_persons_or_about_our_distribution_point_covers_us(authority: Authority) -> None:
    leaf = authority.administrator(crl_url=URL)
    assert judge(authority, leaf, CrlWish(extra=((point(), True),))) == "good"
    persons = point(full_name=None, only_contains_user_certs=True)
    assert judge(authority, leaf, CrlWish(extra=((persons, True),))) == "good"


def test_a_list_signed_by_another_key_is_untrusted(authority: Authority, admin: Identity, stranger: Authority) -> None:
    assert judge(authority, admin, CrlWish(), issuer=stranger.issuing) == "untrusted"
    assert judge(authority, admin, CrlWish(), issuer=authority.root) == "untrusted"


def test_an_issuer_that_may_not_sign_lists_does_not(authority: Authority, admin: Identity) -> None:
    """RFC 5280 §6.3.3 (f): cRLSign must be asserted."""
    with pytest.raises(UntrustedAnswerError, match="signature"):
        index_crl(sign_crl(admin), read_certificate(admin.der), NOW)


@dataclass
class Wire:
    """`Fetch` from memory: what the CA, or someone between, sends now. None: nothing."""

    body: bytes | None
    etag: str | None = None
    asked_with: list[str | None] = field(default_factory=list)

    def get(self, url: str, etag: str | None) -> Fetched:
        """Unavailable when there is nothing; not modified when the validator fits."""
        self.asked_with.append(etag)
        if self.body is None:
            raise UnavailableError("nothing")
        return Fetched(None if etag is not None and etag == self.etag else self.body, self.etag)

    def post(self, url: str, content_type: str, body: bytes) -> bytes:
        """Not here."""
        raise AssertionError("a CRL is not posted")


@dataclass
class Kept:
    """A source over a wire, with a clock."""

    authority: Authority
    leaf: Identity
    wire: Wire
    clock: Clock
    source: CrlSource

    def publish(self, **wish: Any) -> None:
        """What the wire sends from now on."""
        defaults = CrlWish(this_update=self.clock(), next_update=self.clock() + timedelta(hours=1))
        self.wire.body = sign_crl(self.authority.issuing, replace(defaults, **wish))

    def status(self) -> str:
        """By the list that is believed now."""
        try:
            return self.source.status(self.leaf.certificate)
        except UnavailableError:
            return "unavailable"


@pytest.fixture
def kept(authority: Authority, admin: Identity) -> Kept:
    """Refreshes every 15 seconds."""
    clock = Clock()
    wire = Wire(None)
    issuer = authority.issuing.certificate
    source = CrlSource(URL, issuer, fetch=wire, clock=clock, refresh=timedelta(seconds=15))
    return Kept(authority, admin, wire, clock, source)


def test_without_a_list_there_is_no_status(kept: Kept) -> None:
    assert kept.status() == "unavailable"


def test_a_newer_list_is_taken_after_the_refresh_time(kept: Kept, admin: Identity) -> None:
    kept.publish(number=1)
    assert kept.status() == "good"
    kept.publish(number=2, entries={admin.certificate.serial_number: HOLD})
    kept.clock.pass_seconds(14)
    assert kept.status() == "good"
    kept.clock.pass_seconds(1)
    assert kept.status() == "frozen"
    assert len(kept.wire.asked_with) == 2


def test_an_older_list_never_brings_a_frozen_one_back(kept: Kept, admin: Identity) -> None:
    kept.publish(number=2, entries={admin.certificate.serial_number: HOLD})
    assert kept.status() == "frozen"
    kept.publish(number=1)
    kept.clock.pass_seconds(15)
    assert kept.status() == "frozen"


@pytest.mark.parametrize("body", [None, b"", b"<html>"])
def test_a_broken_wire_leaves_the_list_until_its_next_update(kept: Kept, body: bytes | None) -> None:
    kept.publish()
    assert kept.status() == "good"
    kept.wire.body = body
    kept.clock.pass_seconds(3599)
    assert kept.status() == "good"
    kept.clock.pass_seconds(1)
    assert kept.status() == "unavailable"


def test_an_unchanged_list_is_not_read_again(kept: Kept) -> None:
    kept.wire.etag = '"v1"'
    kept.publish()
    assert kept.status() == "good"
    kept.clock.pass_seconds(15)
    assert kept.status() == "good"
    assert kept.wire.asked_with == [None, '"v1"']


def test_a_clock_set_back_asks_again(kept: Kept, admin: Identity) -> None:
    kept.publish()
    assert kept.status() == "good"
    kept.clock.pass_seconds(-60)
    kept.publish(number=2, entries={admin.certificate.serial_number: HOLD})
    assert kept.status() == "frozen"
