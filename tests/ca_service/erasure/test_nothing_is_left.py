"""After an erasure nothing on disk tells who the person was, and what the CA did can still be verified."""

from pathlib import Path

from sqlalchemy import select

from ca_service.audit.verifier import verify
from ca_service.domain.erasures import NO_CONTACT
from ca_service.domain.holders import HolderStatus
from ca_service.store.models import Base
from ca_service.wiring import Wiring
from ca_service.workflows.erasure_check import check_erased
from tests.ca_service.erasure.scene import FIRST, OPERATOR, Scene


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


def _files(wiring: Wiring, tmp_path: Path) -> bytes:
    del wiring
    return b"\0".join(path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file())


def _found(needles: frozenset[str], octets: bytes) -> list[str]:
    return sorted(needle for needle in needles if needle.encode() in octets)


def test_a_person_who_went_the_whole_road_is_nowhere_any_more(scene: Scene, tmp_path: Path) -> None:
    scene.registered(FIRST)
    certificate = scene.whole_road(FIRST)
    assert _found(FIRST.needles, _opened(scene.wiring)) == sorted(FIRST.needles)
    assert FIRST.name.encode() in _files(scene.wiring, tmp_path) or "educa.db" not in str(scene.wiring.config.database)
    scene.years_later()
    scene.erased(FIRST)
    assert _found(FIRST.needles, _opened(scene.wiring)) == []
    assert _found(FIRST.needles, _files(scene.wiring, tmp_path)) == []
    (checked,) = check_erased(scene.wiring.services, OPERATOR)
    assert (checked.clean, checked.remains) == (True, [])
    # Reasons that people typed with the name are in the log without it.
    assert FIRST.name[0] + "*已在原学校登记" in _opened(scene.wiring).decode(errors="replace")
    with scene.wiring.services.read() as uow:
        holder = uow.holders.get(scene.holders[FIRST])
        kept = uow.certificates.get(certificate.serial)
        seq, head = uow.audit.head()
        verdict = verify(uow.audit.entries(), head_seq=seq, head_hash=head)
    assert (holder.status, holder.contact) == (HolderStatus.ERASED, NO_CONTACT)
    assert kept.der_sha256
    assert verdict.broken_at is None
