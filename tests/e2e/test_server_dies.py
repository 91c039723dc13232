"""The server dies by SIGKILL at every place of a download, a renewal and an unblock, starts again, and the helper is
run once more: one certificate on the token, in the database and in the CRL, and no key without one.
"""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.ca_service import postgres
from tests.e2e.apart import Apart, ca_apart
from tests.e2e.deeds import Deed, Downloads, Renewals, Unblocks
from tests.e2e.three_sides import require_one_story_of_all
from tests.token_provisioning.so_tries import counting

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def apart(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    folder = tmp_path_factory.mktemp("struck")
    if request.param == "sqlite":
        with ca_apart(request.getfixturevalue("founded"), folder) as made:
            yield made
        return
    server = request.getfixturevalue("postgres_server")
    founded = request.getfixturevalue("founded_on_postgres")
    url = postgres.create(server, "struck", template="founded")
    with ca_apart(founded, folder, url=url) as made:
        yield made


_SIGNING = {f"certificate: {place}" for place in ("before signature", "after signature")}


def at_every_place(apart: Apart, deed: Deed, *steps: str) -> set[str]:
    """Let the server die at each place of a deed, do it again, judge; until it passes without a death.

    Return the places, after a look whether each of the steps was asked, written, committed and answered in vain.
    """
    places: set[str] = set()
    for strike in count(1):
        deed.prepare()
        with apart.serving(strike=strike) as dying:
            first = deed.act(dying.address)
            place = dying.place_of_death()
        if not place:
            deed.judge("", first)
            break
        assert (first.code, "无法连接 CA 服务器" in first.err) == (1, True), (place, first)
        with apart.serving() as again:
            deed.judge(place, deed.act(again.address))
        places.add(place)
    for place in ("asked", "before commit", "after commit", "answered"):
        assert {f"{step}: {place}" for step in steps} <= places
    return places


def test_of_a_download(apart: Apart, tmp_path: Path) -> None:
    downloads = Downloads(apart, tmp_path)
    assert at_every_place(apart, downloads, "begin", "certificate", "confirm") >= _SIGNING
    require_one_story_of_all(apart.ca, downloads.holders)


def test_of_a_renewal(apart: Apart, tmp_path: Path) -> None:
    renewals = Renewals(apart, *apart.enrolled(tmp_path))
    assert at_every_place(apart, renewals, "begin", "certificate", "confirm") >= _SIGNING
    require_one_story_of_all(apart.ca, [renewals.holder])


def test_of_an_unblock(apart: Apart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = counting(monkeypatch)
    at_every_place(apart, Unblocks(apart, *apart.enrolled(tmp_path)), "begin", "release", "confirm")
    assert (tried.wrong, tried.right > 5) == (0, True)
