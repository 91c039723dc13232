"""After an erasure nothing on disk tells who the person was, and what the CA did can still be verified."""

import hashlib
import subprocess
from pathlib import Path

from sqlalchemy import event, select

from ca_service.app import create_console
from ca_service.audit.status import Auditor, Reader
from ca_service.audit.verifier import verify
from ca_service.domain.erasures import NO_CONTACT
from ca_service.domain.holders import HolderStatus
from ca_service.domain.roles import Role
from ca_service.store.models import Base
from ca_service.wiring import Wiring
from ca_service.workflows.erasure_check import check_erased
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service.erasure.scene import FIRST, OPERATOR, Scene
from tests.ca_service.web.test_console import _client, _sign_in, _staff


def _opened(wiring: Wiring) -> bytes:
    """Every value of every row with what is sealed opened, and every document: what a thief with the key would read."""
    found = []
    with wiring.database.connected(writing=False) as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                values = dict(row)
                sealed = values.get("sealed")
                if sealed and table.name != "so_pin":
                    key = "/".join(str(values[column.name]) for column in table.primary_key)
                    values["sealed"] = wiring.sealer.open(sealed, context=f"{table.name}/{key}")
                found += [v if isinstance(v, bytes) else str(v).encode() for v in values.values() if v is not None]
    found += [wiring.services.documents.get(name) for name in wiring.services.documents.names()]
    return b"\0".join(found)


def _files(wiring: Wiring, folder: Path) -> bytes:
    """Every octet that lies on disk, whatever wrote it; of PostgreSQL what a dump has."""
    found = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    if wiring.database.engine.dialect.name == "postgresql":
        url = wiring.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        found.append(subprocess.run(["pg_dump", url], check=True, capture_output=True).stdout)
    return b"\0".join(found)


def _found(needles: frozenset[str], octets: bytes) -> list[str]:
    return sorted(needle for needle in needles if needle.encode() in octets)


def _careless(wiring: Wiring) -> None:
    """Debian's SQLite overwrites what is deleted by itself; others do not, and compacting must not rely on it."""
    if wiring.database.engine.dialect.name == "sqlite":
        event.listen(wiring.database.engine, "connect", lambda c, _: c.execute("PRAGMA secure_delete=OFF"))
        wiring.database.engine.dispose()


def test_a_person_who_went_the_whole_road_is_nowhere_any_more(scene: Scene, tmp_path: Path) -> None:
    wiring, services = scene.wiring, scene.wiring.services
    _careless(wiring)
    scene.registered(FIRST)
    certificate = scene.whole_road(FIRST)
    publish_crl(services, OPERATOR, "issuing")
    assert _found(FIRST.needles, _opened(wiring)) == sorted(FIRST.needles)
    assert FIRST.name in _found(FIRST.needles, _files(wiring, tmp_path))
    scene.years_later()
    scene.erased(FIRST)
    assert _found(FIRST.needles, _opened(wiring)) == []
    assert _found(FIRST.needles, _files(wiring, tmp_path)) == []
    (checked,) = check_erased(services, OPERATOR)
    assert (checked.clean, checked.remains) == (True, [])
    # What had been returned for mending cannot come back without its content.
    assert scene.withdrawn() == 1
    # Reasons that people typed with the name are in the log without it.
    assert f"{FIRST.name[0]}*已在原学校登记".encode() in _opened(wiring)
    with services.read() as uow:
        holder = uow.holders.get(scene.holders[FIRST])
        kept = uow.certificates.get(certificate.serial)
    assert (holder.status, holder.contact) == (HolderStatus.ERASED, NO_CONTACT)
    assert kept.der_sha256 == hashlib.sha256(certificate.der or b"").hexdigest()
    _still_holds(scene)
    if wiring.database.engine.dialect.name == "sqlite":
        _pages_open(scene, certificate.serial)


def _pages_open(scene: Scene, serial: str) -> None:
    """Where the person was shown there is an identifier now; what is gone is said to be gone."""
    office, client = scene.office, _client(create_console(scene.wiring))
    _staff(office, Role.REVIEWER)
    _sign_in(client, "t-reviewer")
    with scene.wiring.services.read() as uow:
        applications, changes = uow.applications.find(), uow.changes.find()
        batches = uow.batches.find()
    pages = [
        f"/certificates/{serial}", "/applications", "/changes", "/certificates", "/dispatch-record", "/media",
        "/media/T-0", "/batches", *(f"/applications/{one.id}" for one in applications),
        *(f"/changes/{one.id}" for one in changes), *(f"/batches/{one.id}" for one in batches),
    ]  # fmt: skip
    answers = {page: client.get(page).status_code for page in pages}
    assert {page: status for page, status in answers.items() if status != 200} == {}
    gone = (f"/applications/{applications[0].id}/scan", f"/changes/{changes[0].id}/scan")
    assert [client.get(page).status_code for page in gone] == [404, 404]


def _still_holds(scene: Scene) -> None:
    """What the CA did can be verified as before: the audit chain, and each list, row and step against each other."""
    services = scene.wiring.services
    publish_crl(services, OPERATOR, "issuing")
    with services.read() as uow:
        seq, head = uow.audit.head()
        assert verify(uow.audit.entries(), head_seq=seq, head_hash=head).broken_at is None
    auditor = Auditor(Reader(scene.wiring.database.reading), "issuing", scene.clock)
    assert auditor.everything().disagreements == []
