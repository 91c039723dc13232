"""One token, sealed and put back: its keys sign as before, and nobody does it alone."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509

from ca_service import config as configuration
from ca_service.config import Config
from ca_service.domain import shares
from ca_service.domain.crls import CrlLine
from ca_service.wiring import Wiring
from tests.ca_service.signing.commands import Done
from tests.ca_service.signing.test_custodians import Place, placed


@dataclass(frozen=True)
class Kept:
    """A CA whose root's token was backed up: its custodians' shares, the file, the key that opens it."""

    place: Place
    shares: list[str]
    file: Path
    identity: Path

    @property
    def typed(self) -> str:
        return "\n".join(self.shares)

    @property
    def token(self) -> Path:
        """The folder of the root's token."""
        found = (one for one in (self.place.folder / "tokens").iterdir() if _label(one) == "educa-root")
        return next(found)

    def restore(self, file: Path, *, typed: str) -> Done:
        identity = ["--identity", str(self.identity)]
        return self.place.educa("ca", "key-restore", str(file), "--token", "root", *identity, "--json", typed=typed)


def _label(folder: Path) -> str:
    return "educa-root" if b"educa-root" in (folder / "token.object").read_bytes() else ""


@pytest.fixture
def kept(founded: Config, tmp_path: Path) -> Iterator[Kept]:
    with placed(founded, tmp_path) as place:
        refused = place.educa("ca", "key-backup", str(tmp_path / "no.age"), "--token", "root", "--recipient", "age1x")
        assert "一人即可使用" in refused.err
        given = place.split("root", 2, 2)
        identity, file = tmp_path / "identity", tmp_path / "root.age"
        subprocess.run(["age-keygen", "-o", str(identity)], check=True, capture_output=True)
        made = subprocess.run(["age-keygen", "-y", str(identity)], check=True, capture_output=True, text=True)
        to = ["--token", "root", "--recipient", made.stdout.strip()]
        done = place.educa("ca", "key-backup", str(file), *to, typed="\n".join(given))
        assert done.code == 0, done.err
        yield Kept(place, given, file, identity)


def test_a_lost_token_is_put_back_and_signs_with_the_same_key(kept: Kept) -> None:
    assert "还在" in kept.restore(kept.file, typed=kept.typed).err
    shutil.rmtree(kept.token)
    lost = kept.place.educa("crl", "publish", "--issuer", "root", typed=kept.typed)
    assert (lost.code, "暂时无法使用" in lost.err) == (1, True)
    strangers = shares.split(os.urandom(16), threshold=2, shares=2, random_bytes=os.urandom)
    typed = "\n".join(shares.text_of(share) for share in strangers)
    assert "打不开" in kept.restore(kept.file, typed=typed).err
    done = kept.restore(kept.file, typed=kept.typed)
    assert done.code == 0, done.err
    assert json.loads(done.out) == {"keys": ["root"]}
    published = kept.place.educa("crl", "publish", "--issuer", "root", typed=kept.typed)
    assert published.code == 0, published.err
    wiring = Wiring(configuration.load(kept.place.config))
    with wiring.database.read() as uow:
        latest = uow.crls.latest(CrlLine("root").name)
    assert latest is not None
    root = x509.load_der_x509_certificate(wiring.ca_certificates()["root"]).public_key()
    assert x509.load_der_x509_crl(latest.der or b"").is_signature_valid(root)  # type: ignore[arg-type]


def test_a_damaged_backup_leaves_nothing_behind(kept: Kept) -> None:
    shutil.rmtree(kept.token)
    before = {path.name for path in kept.place.folder.rglob("*")}
    damaged = kept.file.with_name("damaged.age")
    octets = bytearray(kept.file.read_bytes())
    octets[len(octets) // 2] ^= 1
    damaged.write_bytes(octets)
    assert kept.restore(damaged, typed=kept.typed).code == 1
    assert {path.name for path in kept.place.folder.rglob("*")} - before <= {"educa.db-wal", "educa.db-shm"}
