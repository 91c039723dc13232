"""What a backup and a restore mean for the CA: both are recorded, and no CRL number is given twice."""

from collections.abc import Mapping
from datetime import datetime

from ca_service.domain.audit import Tag
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.ports import Services
from ca_service.workflows.proposals import end_all
from ca_service.workflows.sweep_answers import SERVED, drop_runs

# The worker publishes at most twice a second; what people publish by hand between two of its rounds is in the rest.
_MOST_LISTS_PER_SECOND, _BY_HAND = 10, 1_000


def note_backup(services: Services, actor: Actor, *, recipients: int) -> None:
    """Record that a copy of everything leaves the machine; raise Forbidden."""
    with services.begin() as uow:
        authorise(actor, Action.BACKUP, lineage=uow.units.lineage(actor.unit_code))
        uow.audit.append(actor, Tag.BACKUP_TAKEN, "backup", unit=actor.unit_code, detail={"recipients": recipients})


def note_drill(services: Services, actor: Actor) -> None:
    """Record that a copy of the database is made to be drilled; raise Forbidden."""
    with services.begin() as uow:
        authorise(actor, Action.BACKUP, lineage=uow.units.lineage(actor.unit_code))
        uow.audit.append(actor, Tag.DRILL_COPIED, "database", unit=actor.unit_code)


def begin_anew(services: Services, actor: Actor, taken_at: datetime) -> Mapping[str, int]:
    """Let a database that was restored to `taken_at` go on beyond all that was published since; return the CRL numbers.

    RFC 5280 §5.2.3: CRL numbers increase. Lists published after the backup are in the world, and nothing here knows of
    them: each issuer's number, and those of its shards, move past every number that can have been given in that time. A
    shard that was opened since is opened again, and begins beyond the issuer's number (`publish_crl.open_lines`).
    What waits for a second person, or for a command with a release, does not wait any more: it may be decided since.
    """
    with services.begin() as uow:
        authorise(actor, Action.BACKUP, lineage=uow.units.lineage(actor.unit_code))
        since = max(0, int((services.clock() - taken_at).total_seconds())) + 1
        step = since * _MOST_LISTS_PER_SECOND + _BY_HAND
        numbers = {}
        for issuer in uow.issuers.find():
            moved = uow.issuers.change(issuer, guard=("crl_number",), crl_number=issuer.crl_number + step)
            numbers[issuer.name] = moved.crl_number
            uow.crls.skip_numbers(issuer.name, step)
            # OCSP answers of before: who revokes again what was revoked since shall not have to think of them.
            drop_runs(uow, uow.presign_runs.find(issuer=issuer.name, status=SERVED))
        end_all(services, uow, actor)
        detail: dict[str, str | int] = {"taken_at": taken_at.isoformat(timespec="seconds"), "step": step}
        uow.audit.append(actor, Tag.DATABASE_RESTORED, "database", unit=actor.unit_code, detail=detail)
        return numbers
