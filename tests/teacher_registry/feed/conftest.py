"""A registry that hears the stand-in feed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from teacher_registry.accounts.models import Act
from teacher_registry.feed.puller import FeedPuller
from teacher_registry.wiring import Registry
from tests.teacher_registry.authority import Authority
from tests.teacher_registry.conftest import Rows
from tests.teacher_registry.feed.stand_in import FEED_POLICY, TOKEN, StandInFeed, feed_signer, serving_feed
from tests.teacher_registry.publication import Publication


@pytest.fixture
def feed(authority: Authority, publication: Publication, config_file: Path, tmp_path: Path) -> Iterator[StandInFeed]:
    """The stand-in, and a configuration that names it: this fixture comes before `registry`."""
    token = tmp_path / "feed.token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    with serving_feed(StandInFeed(authority, publication.clock, feed_signer(authority)), tmp_path) as stand_in:
        config_file.write_text(
            f'{config_file.read_text()}\nfeed_url = "{stand_in.url}"\nfeed_token = "feed.token"\n'
            f'feed_policy_oid = "{FEED_POLICY}"\n'
        )
        yield stand_in


@pytest.fixture
def puller(feed: StandInFeed, registry: Registry) -> FeedPuller:
    """The registry's own puller, after one good poll."""
    assert isinstance(registry.news, FeedPuller)
    assert registry.news.poll()
    return registry.news


@dataclass
class Hearing:
    """The stand-in and everything that hears it."""

    feed: StandInFeed
    puller: FeedPuller
    registry: Registry
    rows: Rows

    def refused(self) -> str:
        """The reason in the log; nothing was applied, whatever the page said."""
        self.feed.add("stop")
        assert not self.puller.poll()
        assert seq(self.registry) == 0
        assert [entry.act for entry in self.rows.log()] == [Act.FEED_REFUSED]
        return str(json.loads(self.rows.log()[0].detail or "")["reason"])


@pytest.fixture
def hearing(feed: StandInFeed, puller: FeedPuller, registry: Registry, rows: Rows) -> Hearing:
    """All of it."""
    return Hearing(feed, puller, registry, rows)


def seq(registry: Registry) -> int:
    """The last event that was applied."""
    return registry.standings.position().seq
