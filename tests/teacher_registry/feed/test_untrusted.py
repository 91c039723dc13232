"""Whatever cannot be proven to be the CA's next word is not applied, and the log says why."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from teacher_registry.feed.puller import FeedPuller
from teacher_registry.wiring import Registry
from tests.teacher_registry.authority import CLIENT, NOW, Authority, Identity
from tests.teacher_registry.conftest import Rows
from tests.teacher_registry.feed.conftest import Hearing
from tests.teacher_registry.feed.stand_in import StandInFeed, feed_signer
from tests.teacher_registry.publication import Publication


def _resigned(**member: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda payload: {**payload, **member}


def _event(**member: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda payload: {**payload, "events": [{**event, **member} for event in payload["events"]]}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_resigned(version=2), "content"),
        (_resigned(issuer="root"), "content"),
        (_resigned(after=1), "gap"),
        (_resigned(next=2), "gap"),
        (_resigned(head=0), "gap"),
        (_resigned(next=0, events=[]), "gap"),
        (_resigned(events={}), "content"),
        (_resigned(events=[7]), "content"),
        (_resigned(at="2026-03-02T01:00:00"), "content"),
        (_resigned(at=5), "content"),
        (_resigned(at=(NOW - timedelta(seconds=61)).isoformat()), "replay"),
        (_resigned(at=(NOW + timedelta(seconds=6)).isoformat()), "replay"),
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
    hearing: Hearing, change: Callable[[dict[str, Any]], Any], reason: str
) -> None:
    hearing.feed.change_payload = change
    assert hearing.refused() == reason


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
    ("tamper", "reason"),
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
def test_a_page_damaged_on_its_way_is_refused(hearing: Hearing, tamper: Callable[[bytes], bytes], reason: str) -> None:
    hearing.feed.tamper = tamper
    assert hearing.refused() == reason


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
    hearing: Hearing, authority: Authority, stranger: Authority, signer: Callable[[Authority, Authority], Identity]
) -> None:
    hearing.feed.signer = signer(authority, stranger)
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
