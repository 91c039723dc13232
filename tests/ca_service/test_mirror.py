"""The publication's files in a folder, for others to serve: whole, newest, and never in the way of the CA's own."""

import os
import resource
import threading
from pathlib import Path

import pytest

import crl
from ca_service.app import publication_pages
from ca_service.cli import doctor
from ca_service.config import Config, MirrorTable
from ca_service.delivery.web_folder import WebFolder
from ca_service.domain.errors import Unavailable
from ca_service.periodic import WORKER, mirror_tasks, run
from ca_service.wiring import Wiring
from ca_service.workflows.certificate_status import freeze
from ca_service.workflows.mirror import Mirroring
from ca_service.workflows.publish_crl import publish_crl, publish_if_due
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office


@pytest.fixture
def mirrored(config: Config, clock: TestClock, tmp_path: Path) -> Wiring:
    table = MirrorTable(directory=str(tmp_path / "www"))
    ca = config.ca.model_copy(update={"crl_shards": 2})
    return Wiring(config.model_copy(update={"mirror": table, "ca": ca}), clock=clock)


def _files(folder: Path) -> dict[str, bytes]:
    found = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_the_folder_holds_what_the_publication_answers(mirrored: Wiring, tmp_path: Path) -> None:
    office, mirror = Office(mirrored.services), mirrored.mirror()
    assert mirror is not None
    mirroring = Mirroring(mirrored.services, mirror)
    freeze(office.services, office.reviewer, office.enrolled().serial, reason="遗失")
    for _ in range(2):
        publish_crl(office.services, office.operator, "issuing")
        assert mirroring.refresh() > 0
        files, pages = _files(tmp_path / "www"), publication_pages(mirrored).test_client()
        assert {"crl/issuing.crl", "crl/issuing-s0.crl", "crl/delta/issuing.crl", "crl/root.crl", "ca/root.cer"} <= set(
            files
        )
        assert {path: pages.get(f"/{path}").data for path in files} == files
    assert mirroring.refresh() == 0
    assert (tmp_path / "www/crl/issuing.crl").stat().st_mode & 0o777 == 0o644


def test_whoever_serves_the_folder_can_read_it_though_the_service_hides_its_own_files(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        WebFolder(tmp_path / "srv" / "www").put("crl/delta/issuing.crl", b"list")
    finally:
        os.umask(before)
    made = [tmp_path / "srv", tmp_path / "srv/www", tmp_path / "srv/www/crl", tmp_path / "srv/www/crl/delta"]
    assert [folder.stat().st_mode & 0o777 for folder in made] == [0o755] * 4


def test_a_folder_that_cannot_be_written_leaves_the_cas_own_publication_alone_and_is_tried_again(
    mirrored: Wiring, tmp_path: Path, clock: TestClock
) -> None:
    office, folder, mirror = Office(mirrored.services), tmp_path / "www", mirrored.mirror()
    folder.write_text("a file in its place")
    assert mirror is not None
    mirroring = Mirroring(mirrored.services, mirror)
    with pytest.raises(Unavailable, match="发布目录"):
        mirroring.refresh()
    assert mirroring.refresh() == 0
    clock.pass_time(hours=2)
    assert publish_if_due(office.services, WORKER, "issuing")
    folder.unlink()
    assert mirroring.refresh() > 0
    assert "crl/issuing.crl" in _files(folder)


def test_the_doctor_says_which_list_is_behind(mirrored: Wiring) -> None:
    office, mirror = Office(mirrored.services), mirrored.mirror()
    assert mirror is not None
    publish_crl(office.services, office.operator, "issuing")
    assert doctor._mirror(mirrored).mend
    Mirroring(mirrored.services, mirror).refresh()
    assert not doctor._mirror(mirrored).mend
    publish_crl(office.services, office.operator, "issuing")
    assert "issuing-s1" in doctor._mirror(mirrored).found


def test_an_older_list_never_replaces_a_newer_one(office: Office, tmp_path: Path) -> None:
    older, newer = (publish_crl(office.services, office.operator, "issuing") for _ in range(2))
    folder = WebFolder(tmp_path / "www")
    for each in (newer, older):
        folder.put("crl/issuing.crl", each.der or b"", number=each.number)
    assert (tmp_path / "www/crl/issuing.crl").read_bytes() == newer.der
    (tmp_path / "www/crl/issuing.crl").write_bytes(b"damaged")
    folder.put("crl/issuing.crl", older.der or b"", number=older.number)
    assert (tmp_path / "www/crl/issuing.crl").read_bytes() == older.der


def test_a_reader_never_meets_a_part_of_a_list(office: Office, tmp_path: Path) -> None:
    lists = [publish_crl(office.services, office.operator, "issuing") for _ in range(2)]
    folder, target, stop = WebFolder(tmp_path), tmp_path / "crl/issuing.crl", threading.Event()
    folder.put("crl/issuing.crl", lists[0].der or b"")
    read: list[int] = []

    def look() -> None:
        while not stop.is_set():
            read.append(crl.read_outline(target.read_bytes()).number)

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(50):
        folder.put("crl/issuing.crl", lists[number % 2].der or b"")
    stop.set()
    reader.join()
    assert set(read) <= {one.number for one in lists}
    assert len(read) > 10


def test_a_write_that_breaks_off_leaves_the_list_of_before(office: Office, tmp_path: Path) -> None:
    published = publish_crl(office.services, office.operator, "issuing")
    folder = WebFolder(tmp_path / "www")
    folder.put("crl/issuing.crl", published.der or b"")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # As on a full disk: the kernel takes the first octets of the file and then no more.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(Unavailable):
            folder.put("crl/issuing.crl", b"x" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert _files(tmp_path / "www") == {"crl/issuing.crl": published.der}


def test_the_worker_fills_the_folder_beside_its_rounds_and_ends_when_told(mirrored: Wiring, tmp_path: Path) -> None:
    stop, target = threading.Event(), tmp_path / "www/crl/issuing-s1.crl"
    worker = threading.Thread(target=run, args=(mirrored, stop))
    worker.start()
    try:
        for _ in range(200):
            if target.exists() or stop.wait(0.1):
                break
        assert target.exists()
    finally:
        stop.set()
        worker.join(20)
    assert not worker.is_alive()


def test_without_a_folder_nothing_is_mirrored(wiring: Wiring) -> None:
    assert mirror_tasks(wiring) == {}
