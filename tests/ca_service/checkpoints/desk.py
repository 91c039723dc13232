"""A log with its commands, and the attacker who can write the database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from asn1crypto import pem
from click.testing import CliRunner, Result
from sqlalchemy import delete, insert, update

from ca_service.cli.base import Call
from ca_service.cli.main import main
from ca_service.domain.audit import GENESIS, AuditEntry, Tag
from ca_service.domain.checkpoints import Checkpoint
from ca_service.domain.roles import Role
from ca_service.store.models import AuditCheckpointRow, AuditRow, AuditTileRow, HeadRow
from ca_service.wiring import Wiring
from ca_service.workflows.audit_checkpoints import make_checkpoint
from tests.ca_service.office import actor

AUDITOR = actor(Role.AUDITOR)
Change = Callable[[list[AuditEntry]], Sequence[AuditEntry]]


@dataclass(frozen=True)
class Desk:
    """The CA's own side, with a folder where others keep what they were given."""

    wiring: Wiring
    folder: Path

    def append(self, count: int, *, subject: str = "x") -> None:
        """So many more entries."""
        with self.wiring.services.begin() as uow:
            uow.audit.append_all(AUDITOR, Tag.STAFF_SIGNED_IN, [(f"{subject}{n}", "150000") for n in range(count)])

    def sign(self) -> Checkpoint:
        """A checkpoint of what the log is now."""
        wiring = self.wiring
        return make_checkpoint(wiring.services, AUDITOR, wiring.sign_tree_head, origin=wiring.audit_origin)

    def keep(self, name: str = "kept.txt") -> Path:
        """A checkpoint of now, kept by somebody else."""
        return self.write(name, self.sign().note)

    def write(self, name: str, text: str) -> Path:
        """A file of somebody else."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def entries(self) -> Sequence[AuditEntry]:
        """The log."""
        with self.wiring.services.read() as uow:
            return list(uow.audit.entries())

    def educa(self, *arguments: str | Path) -> Result:
        """Run `educa audit` on this machine."""
        call = Call()
        call.__dict__.update(wiring=self.wiring, config=self.wiring.config)
        return CliRunner().invoke(main, ["audit", *map(str, arguments)], obj=call)

    def export(self, name: str = "log.jsonl") -> Path:
        """The log as a file."""
        path = self.folder / name
        result = self.educa("export", path)
        assert result.exit_code == 0, result.output
        return path

    def rewrite(self, change: Change, *, checkpoints: bool = False) -> None:
        """What a thief of the database's password can do: another log with a fresh valid chain and its head; with
        `checkpoints` also without a trace of what was signed."""
        previous, rows = GENESIS, []
        for seq, entry in enumerate(change(list(self.entries())), 1):
            sealed = replace(entry, seq=seq, previous=previous).sealed()
            rows.append(vars(sealed))
            previous = sealed.hash
        with self.wiring.database.engine.begin() as connection:
            connection.execute(delete(AuditRow))
            connection.execute(insert(AuditRow), rows)
            connection.execute(update(HeadRow).where(HeadRow.name == "audit").values(seq=len(rows), hash=previous))
            if checkpoints:
                connection.execute(delete(AuditTileRow))
                connection.execute(delete(AuditCheckpointRow))

    @property
    def root(self) -> Path:
        """The root certificate as the keeper of checkpoints got it at the ceremony."""
        with self.wiring.services.read() as uow:
            der = uow.issuers.get("root").certificate
        path = self.folder / "root.pem"
        path.write_bytes(pem.armor("CERTIFICATE", der))
        return path
