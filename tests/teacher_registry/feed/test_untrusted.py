"""Whatever cannot be proven to be the CA's next word is not applied, and the log says why."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from teacher_registry.feed.page import UntrustedPageError, read_page
from teacher_registry.feed.puller import FeedPuller
from teacher_registry.feed.signer import FeedSigner
from teacher_registry.verification.revocation import Status
from teacher_registry.wiring import Registry
from tests.teacher_registry.authority import CLIENT, NOW, Authority, Identity
from tests.teacher_registry.conftest import Rows
from tests.teacher_registry.feed.conftest import Hearing
from tests.teacher_registry.feed.stand_in import FEED_POLICY, StandInFeed, feed_signer
from tests.teacher_registry.publication import Clock, Publication


@pytest.fixture
def page_of(authority: Authority) -> StandInFeed:
    """Pages of the stand-in with one stop in them, without a server."""
    feed = StandInFeed(authority, Clock(), feed_signer(authority))
    feed.add("stop")
    return feed


def reason(feed: StandInFeed) -> str:
    """Why the page cannot be believed; "" = it can."""
    root, issuing = feed.authority.root.certificate, feed.authority.issuing.certificate
    judge = FeedSigner(root, issuing, FEED_POLICY, feed.clock, status=lambda _: Status.GOOD)
    try:
        read_page(feed.page(0, 3), judge)
    except UntrustedPageError as error:
        return error.reason
    return ""


def test_an_untouched_page_is_believed(page_of: StandInFeed) -> None:
    assert reason(page_of) == ""


def _resigned(**member: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda payload: {**payload, **member}


def _event(**member: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda payload: {**payload, "events": [{**event, **member} for event in payload["events"]]}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_resigned(version=2), "content"),
        (_resigned(issuer="root"), "content"),
        (_resigned(after=1), "gap"),
        (_resigned(next=2), "gap"),
        (_resigned(head=0), "gap"),
        (_resigned(events={}), "content"),
        (_resigned(events=[7]), "content"),
        (_resigned(at="2026-03-02T01:00:00"), "content"),
        (_resigned(at=5), "content"),
        (_event(seq=2), "gap"),
        (_event(seq=True), "content"),
        (_event(kind="delete"), "content"),
        (_event(holder="H 1"), "content"),
        (_event(holder=None), "content"),
        (_event(certificates=["xyz"]), "content"),
        (_event(certificates="1001"), "content"),
        (_event(at=""), "content"),
        (lambda payload: [payload], "form"),
    ],
)
def test_a_signed_page_that_says_something_else_than_the_next_events_is_refused(
    page_of: StandInFeed, change: Callable[[dict[str, Any]], Any], expected: str
) -> None:
    page_of.change_payload = change
    assert reason(page_of) == expected


def test_an_empty_page_though_there_are_more_is_refused(hearing: Hearing) -> None:
    hearing.feed.change_payload = _resigned(next=0, events=[])
    assert hearing.refused() == "gap"


@pytest.mark.parametrize("seconds", [-61, 6])
def test_a_page_that_was_not_signed_just_now_is_refused(hearing: Hearing, seconds: int) -> None:
    hearing.feed.change_payload = _resigned(at=(NOW + timedelta(seconds=seconds)).isoformat())
    assert hearing.refused() == "replay"


def _header_of(jws: bytes) -> dict[str, Any]:
    head = jws.split(b".")[0]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(head + b"=" * (-len(head) % 4)))
    return found


def _with_header(jws: bytes, **member: Any) -> bytes:
    head = base64.urlsafe_b64encode(json.dumps({**_header_of(jws), **member}).encode()).rstrip(b"=")
    return b".".join([head, *jws.split(b".")[1:]])


def _flip(jws: bytes) -> bytes:
    head, payload, signature = jws.split(b".")
    damaged = bytearray(base64.urlsafe_b64decode(signature + b"=="))
    damaged[40] ^= 1
    return b".".join([head, payload, base64.urlsafe_b64encode(damaged).rstrip(b"=")])


def _other_payload(jws: bytes) -> bytes:
    head, payload, signature = jws.split(b".")
    content = base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)).replace(b'"stop"', b'"unlock"')
    return b".".join([head, base64.urlsafe_b64encode(content).rstrip(b"="), signature])


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (lambda _: b"", "form"),
        (lambda _: b"a.b", "form"),
        (lambda _: b"\xff.\xff.\xff", "form"),
        (lambda jws: jws + b".x", "form"),
        (lambda jws: jws + b"\n", "form"),
        (lambda jws: jws.rsplit(b".", 1)[0] + b".", "signature"),
        (_flip, "signature"),
        (_other_payload, "signature"),
        (lambda jws: _with_header(jws, alg="none"), "form"),
        (lambda jws: _with_header(jws, alg="HS256"), "form"),
        (lambda jws: _with_header(jws, typ="JWT"), "form"),
        (lambda jws: _with_header(jws, crit=["b64"], b64=False), "form"),
        (lambda jws: _with_header(jws, kid="x"), "signature"),
        (lambda jws: _with_header(jws, x5c=[]), "form"),
        (lambda jws: _with_header(jws, x5c="AAAA"), "form"),
        (lambda jws: _with_header(jws, x5c=["AAAA"]), "signer"),
        (lambda jws: _with_header(jws, x5c=[5]), "form"),
        (lambda jws: _with_header(jws, x5c=["é"]), "form"),
        (lambda jws: b"eyJhbGciOiJFUzI1NiIsImFsZyI6IkVTMjU2In0" + jws[jws.index(b".") :], "form"),  # alg twice
        (lambda jws: base64.urlsafe_b64encode(b"[" * 9000).rstrip(b"=") + jws[jws.index(b".") :], "form"),
    ],
)
def test_a_page_damaged_on_its_way_is_refused(
    page_of: StandInFeed, tamper: Callable[[bytes], bytes], expected: str
) -> None:
    page_of.tamper = tamper
    assert reason(page_of) == expected


def test_a_damaged_page_is_not_applied_and_stands_in_the_log(hearing: Hearing) -> None:
    hearing.feed.tamper = _flip
    assert hearing.refused() == "signature"


def _foreign(_authority: Authority, stranger: Authority) -> Identity:
    return feed_signer(stranger)


def _signer(**deviation: Any) -> Callable[[Authority, Authority], Identity]:
    return lambda authority, _stranger: feed_signer(authority, **deviation)


@pytest.mark.parametrize(
    "signer",
    [
        _foreign,
        _signer(usages=CLIENT),
        _signer(policies=("2.25.1.2",)),
        _signer(policies=()),
        _signer(not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(seconds=1)),
        _signer(digital_signature=False),
        lambda authority, _stranger: authority.administrator(),
        lambda authority, _stranger: authority.ocsp_signer,
    ],
)
def test_another_signer_is_refused(
    page_of: StandInFeed, stranger: Authority, signer: Callable[[Authority, Authority], Identity]
) -> None:
    page_of.signer = signer(page_of.authority, stranger)
    assert reason(page_of) == "signer"


def test_a_stranger_s_page_is_not_applied_and_stands_in_the_log(hearing: Hearing, stranger: Authority) -> None:
    hearing.feed.signer = feed_signer(stranger)
    assert hearing.refused() == "signer"


def test_a_revoked_signer_is_refused(hearing: Hearing, publication: Publication) -> None:
    publication.revoke(hearing.feed.signer)
    publication.clock.pass_seconds(16)
    assert hearing.refused() == "signer"


def test_a_signer_whose_status_nobody_tells_is_refused(
    feed: StandInFeed, registry: Registry, publication: Publication, rows: Rows
) -> None:
    publication.crl_up = False
    assert isinstance(registry.news, FeedPuller)
    assert Hearing(feed, registry.news, registry, rows).refused() == "signer"
