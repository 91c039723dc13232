"""Applied once, in order, resumable; a stop ends what is open; replays take nothing back."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from teacher_registry.accounts.models import Act
from teacher_registry.accounts.standings import Standings
from teacher_registry.background import run
from teacher_registry.config import ConfigError, load_config
from teacher_registry.feed.puller import FeedPuller
from teacher_registry.wiring import Registry, build_registry
from tests.teacher_registry.authority import Authority, Identity
from tests.teacher_registry.conftest import CHEAP, Browser, Curl, Rows
from tests.teacher_registry.feed.conftest import Hearing, seq
from tests.teacher_registry.feed.stand_in import StandInFeed
from tests.teacher_registry.publication import Publication


def test_events_come_once_in_order_and_page_by_page(
    feed: StandInFeed, puller: FeedPuller, registry: Registry, rows: Rows
) -> None:
    for kind in ["register", "stop", "restore", "stop", "restore", "unlock", "stop"]:
        feed.add(kind)
    feed.asked.clear()
    assert puller.poll()
    assert feed.asked == [0, 3, 6]
    assert puller.poll()
    applied = [json.loads(entry.detail or "")["seq"] for entry in rows.log() if entry.act.startswith("feed:")]
    assert (applied, seq(registry)) == ([1, 2, 3, 4, 5, 6, 7], 7)
    assert {(entry.holder_id, entry.unit_code) for entry in rows.log()} == {("H000001", "150102001")}


def test_a_restart_goes_on_where_it_was(
    feed: StandInFeed, puller: FeedPuller, config_file: Path, publication: Publication
) -> None:
    feed.add("stop")
    assert puller.poll()
    feed.asked.clear()
    again = build_registry(load_config(config_file), publication.clock, CHEAP)
    feed.add("restore")
    assert isinstance(again.news, FeedPuller)
    assert again.news.poll()
    assert (feed.asked, seq(again)) == ([1], 2)


def test_two_processes_apply_each_event_once(
    feed: StandInFeed, puller: FeedPuller, config_file: Path, publication: Publication, rows: Rows
) -> None:
    second = build_registry(load_config(config_file), publication.clock, CHEAP).news
    assert isinstance(second, FeedPuller)
    for number in range(30):
        feed.add("stop" if number % 2 else "restore")
    threads = [threading.Thread(target=one.poll) for one in (puller, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([entry for entry in rows.log() if entry.act.startswith("feed:")]) == 30


def test_a_stop_ends_what_is_open_and_a_restore_brings_it_back(
    feed: StandInFeed, puller: FeedPuller, browser: Browser, neighbour: Identity, rows: Rows
) -> None:
    token = browser.token()
    feed.add("stop")
    puller.poll()
    for answer in (browser.get("/"), browser.post("/accounts", json={}, headers={"X-CSRF-Token": token})):
        assert (answer.status_code, "账号已停用" in answer.text) == (403, True)
    assert browser.as_(neighbour).get("/").status_code == 200
    feed.add("restore")
    puller.poll()
    assert browser.get("/").status_code == 200
    refused = [entry for entry in rows.log() if entry.act == Act.REFUSED]
    assert [entry.refusal for entry in refused] == ["account-stopped"]


def test_a_stop_is_seen_on_an_open_connection_while_the_registry_runs(
    hearing: Hearing, curl: Curl, admin: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The puller runs as `teacher-registry serve` runs it; the wait ends when the event is applied."""
    feed, registry = hearing.feed, hearing.registry
    stop, applied = threading.Event(), threading.Event()
    original = registry.standings.apply

    def apply(*args: Any) -> bool:
        done = original(*args)
        applied.set()
        return done

    monkeypatch.setattr(registry.standings, "apply", apply)
    puller = threading.Thread(target=run, args=([hearing.puller.poll], timedelta(seconds=0.1), stop))
    puller.start()
    try:
        assert curl(admin).status == 200
        feed.add("stop")
        assert applied.wait(1.0)
        assert "账号已停用" in curl(admin).body
    finally:
        stop.set()
        puller.join()


def test_a_change_of_unit_ends_the_old_certificate_and_not_the_new_one(
    feed: StandInFeed, puller: FeedPuller, browser: Browser, authority: Authority
) -> None:
    feed.add("information-change", unit="150102001")
    puller.poll()
    assert browser.get("/").status_code == 200
    feed.add("information-change", unit="150102002")
    puller.poll()
    assert "单位信息已变更" in browser.get("/").text
    moved = authority.administrator(serial=0x3003, unit_code="150102002", unit_name="第二试验小学")
    assert browser.as_(moved).get("/").status_code == 200


def test_a_reset_by_the_ca_voids_the_pages_that_are_open(
    feed: StandInFeed, puller: FeedPuller, browser: Browser, publication: Publication
) -> None:
    token = browser.token()
    publication.clock.pass_seconds(2)
    feed.add("reset-password")
    puller.poll()
    wish = {"login": "wangfang", "name": "王芳", "kind": "viewer"}
    assert browser.post("/accounts", json=wish, headers={"X-CSRF-Token": token}).status_code == 403
    assert browser.create().status_code == 201


def test_too_many_resets_lock_the_administrator_until_the_ca_unlocks(hearing: Hearing, browser: Browser) -> None:
    account = browser.create().get_json()["account"]["id"]
    hearing.registry.book._resets_per_hour = 2
    answers = [browser.send(f"/accounts/{account}/reset").status_code for _ in range(3)]
    before = hearing.rows.accounts()["wangfang"].password_hash
    assert answers == [200, 200, 403]
    assert "账号已锁定" in browser.get("/").text
    assert hearing.rows.accounts()["wangfang"].password_hash == before
    acts = [entry.act for entry in hearing.rows.log()]
    assert (acts.count(Act.RESET), acts.count(Act.LOCKED)) == (2, 1)
    hearing.feed.add("unlock")
    hearing.puller.poll()
    assert browser.get("/").status_code == 200


def test_without_news_changes_close_first_and_the_sign_in_after_the_grace(
    feed: StandInFeed, puller: FeedPuller, browser: Browser, publication: Publication
) -> None:
    feed.up = False
    wish = {"login": "wangfang", "name": "王芳", "kind": "viewer"}

    def tried() -> tuple[int, int]:
        token = {
            "X-CSRF-Token": str(
                browser.get("/accounts", headers={"Accept": "application/json"}).get_json().get("csrf_token")
            )
        }
        return browser.get("/").status_code, browser.post("/accounts", json=wish, headers=token).status_code

    assert not puller.poll()
    assert tried() == (200, 201)
    publication.clock.pass_seconds(31)
    assert tried() == (200, 403)
    assert "暂时无法确认账号状态" in browser.post("/export").text
    publication.clock.pass_seconds(24 * 3600)
    assert tried() == (403, 403)
    feed.up = True
    assert puller.poll()
    assert browser.get("/").status_code == 200


def test_a_registry_that_never_heard_the_feed_lets_nobody_in(feed: StandInFeed, browser: Browser) -> None:
    answer = browser.get("/")
    assert (answer.status_code, "暂时无法确认账号状态" in answer.text) == (403, True)


def _always(kept: bytes) -> Callable[[bytes], bytes]:
    return lambda _: kept


def test_replayed_and_reordered_pages_take_nothing_back(
    feed: StandInFeed, puller: FeedPuller, registry: Registry, browser: Browser, publication: Publication
) -> None:
    """The wire holds back the stop and shows what was true before."""
    feed.add("restore")
    old = feed.page(0, 3)
    empty = feed.page(1, 3)
    puller.poll()
    feed.add("stop")
    publication.clock.pass_seconds(1)
    for kept in (old, empty):
        feed.tamper = _always(kept)
        puller.poll()
        assert seq(registry) == 1
    feed.tamper = lambda jws: jws
    assert puller.poll()
    # Now that the stop is known, its absence is a page from before: refused, and nobody comes back.
    feed.tamper = lambda _: empty
    assert not puller.poll()
    assert "账号已停用" in browser.get("/").text


def test_a_page_that_is_kept_back_makes_no_news_fresh(
    feed: StandInFeed, puller: FeedPuller, browser: Browser, publication: Publication
) -> None:
    empty = feed.page(0, 3)
    feed.tamper = lambda _: empty
    publication.clock.pass_seconds(40)
    assert puller.poll()
    assert "暂时无法确认账号状态" in browser.post("/export").text
    publication.clock.pass_seconds(21)
    assert not puller.poll()


def test_a_death_in_the_middle_of_a_page_applies_nothing_of_it(
    feed: StandInFeed, puller: FeedPuller, registry: Registry, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed.add("register")
    feed.add("stop")

    def dies(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("teacher_registry.accounts.standings.append", dies)
        with pytest.raises(RuntimeError):
            puller.poll()
    assert (seq(registry), rows.log()) == (0, [])
    assert puller.poll()
    assert (seq(registry), len(rows.log())) == (2, 2)


def test_a_feed_that_stays_untrusted_is_logged_once(feed: StandInFeed, puller: FeedPuller, rows: Rows) -> None:
    feed.tamper = lambda jws: jws + b"x"
    for _ in range(3):
        puller.poll()
    assert len(rows.log()) == 1


@pytest.mark.parametrize("token", ["wrong", ""])
def test_a_wrong_token_gets_no_page(feed: StandInFeed, config_file: Path, publication: Publication, token: str) -> None:
    (config_file.parent / "feed.token").write_text(token)
    news = build_registry(load_config(config_file), publication.clock, CHEAP).news
    assert isinstance(news, FeedPuller)
    assert not news.poll()


def test_a_token_that_others_can_read_does_not_start(feed: StandInFeed, config_file: Path) -> None:
    (config_file.parent / "feed.token").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_config(config_file)


def test_a_holder_that_the_feed_never_named_is_good(registry: Registry, rows: Rows) -> None:
    """The certificate is the CA's word that there is such a holder; the feed says what changed since."""
    assert isinstance(registry.standings, Standings)
    assert registry.standings.position().seq == 0


def test_a_unit_that_became_another_one_takes_its_certificates_along(
    feed: StandInFeed, puller: FeedPuller, browser: Browser
) -> None:
    feed.add("unit-change", unit="150102009", **{"from": "150102001"})
    assert puller.poll()
    page = browser.get("/")
    assert (page.status_code, "150102009" in page.text) == (200, True)
    feed.add("unit-change", unit="150102010", **{"from": "150102009"})
    puller.poll()
    assert "150102010" in browser.get("/").text


def test_who_left_the_unit_before_it_became_another_one_is_not_brought_back(
    feed: StandInFeed, puller: FeedPuller, browser: Browser
) -> None:
    feed.add("information-change", unit="150102008")
    feed.add("unit-change", unit="150102009", **{"from": "150102008"})
    puller.poll()
    assert browser.get("/").status_code == 403
    feed.add("unit-change", unit="150102010", **{"from": "150102001"})
    feed.add("information-change", unit="150102011")
    puller.poll()
    assert browser.get("/").status_code == 403


def test_a_unit_change_that_does_not_say_from_where_is_no_page_of_the_ca(hearing: Hearing) -> None:
    hearing.feed.add("unit-change")
    assert hearing.refused() == "content"


def test_a_change_of_a_unit_where_the_holder_was_not_known_to_be_starts_anew(
    feed: StandInFeed, puller: FeedPuller, browser: Browser
) -> None:
    feed.add("unit-change", unit="150102009", **{"from": "150102001"})
    feed.add("unit-change", unit="150102012", **{"from": "150102011"})
    puller.poll()
    assert browser.get("/").status_code == 403
