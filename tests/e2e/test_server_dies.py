"""The server dies by SIGKILL at every place of a download, a renewal and an unblock, starts again, and the helper is
run once more: one certificate on the token, in the database and in the CRL, and no key without one.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from ca_service.config import Config
from tests.e2e.deeds import Deed, Downloads, Renewals, Unblocks
from tests.e2e.holders import Holder, LiveCa, equip, office_of, own_config
from tests.e2e.struck_server import serving
from tests.e2e.three_sides import require_one_story_of_all
from tests.token_provisioning.soft_token import own_copy

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

_SIGNING = {f"certificate: {place}" for place in ("before signature", "after signature")}


@pytest.fixture(scope="module")
def config(founded: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    return own_config(founded, tmp_path_factory.mktemp("struck"))


@pytest.fixture(scope="module")
def ca(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCa]:
    with office_of(config, tmp_path_factory.mktemp("office")) as (_, ca):
        yield ca


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> str:
    return own_copy(tmp_path_factory.mktemp("module"))


def at_every_place(ca: LiveCa, config: Config, deed: Deed, *steps: str) -> set[str]:
    """Let the server die at each place of a deed, do it again, judge; until it passes without a death.

    Return the places, after a look whether each of the steps was asked, written, committed and answered in vain.
    """
    places: set[str] = set()
    for strike in count(1):
        deed.prepare()
        with serving(config, strike=strike, ahead=ca.clock.passed) as dying:
            first = deed.act(dying.address)
            place = dying.place_of_death()
        if not place:
            deed.judge("", first)
            break
        assert (first.code, "无法连接 CA 服务器" in first.err) == (1, True), (place, first)
        with serving(config, ahead=ca.clock.passed) as again:
            deed.judge(place, deed.act(again.address))
        places.add(place)
    for place in ("asked", "before commit", "after commit", "answered"):
        assert {f"{step}: {place}" for step in steps} <= places
    return places


def test_of_a_download(config: Config, ca: LiveCa, module: str, tmp_path: Path) -> None:
    downloads = Downloads(ca, module, tmp_path)
    assert at_every_place(ca, config, downloads, "begin", "certificate", "confirm") >= _SIGNING
    require_one_story_of_all(ca, downloads.holders)


def test_of_a_renewal(config: Config, ca: LiveCa, module: str, tmp_path: Path) -> None:
    holder, serial = enrolled(config, ca, module, tmp_path)
    renewals = Renewals(ca, holder, serial)
    assert at_every_place(ca, config, renewals, "begin", "certificate", "confirm") >= _SIGNING
    require_one_story_of_all(ca, [holder])


def test_of_an_unblock(config: Config, ca: LiveCa, module: str, tmp_path: Path) -> None:
    holder, serial = enrolled(config, ca, module, tmp_path)
    at_every_place(ca, config, Unblocks(ca, holder, serial), "begin", "release", "confirm")


def enrolled(config: Config, ca: LiveCa, module: str, folder: Path) -> tuple[Holder, str]:
    holder = replace(equip(ca, folder, module), here=True)
    with serving(config, ahead=ca.clock.passed) as server:
        return holder, holder.at(server.address).enrol().document["certificate_serial"]
