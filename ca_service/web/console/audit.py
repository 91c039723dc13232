"""The audit log, for the auditor."""

from flask import Blueprint, render_template

from ca_service.audit.verifier import Verdict, verify
from ca_service.domain.audit import GENESIS, AuditEntry
from ca_service.domain.roles import Action, authorise
from ca_service.web.console.context import actor, services

pages = Blueprint("audit", __name__, url_prefix="/audit")
_LATEST = 200


@pages.get("")
def index() -> str:
    """The latest entries, newest first, and whether they hold together; the whole chain is checked on demand."""
    with services().read() as uow:
        authorise(actor(), Action.AUDIT_READ, lineage=uow.units.lineage(actor().unit_code))
        seq, head = uow.audit.head()
        first = max(0, seq - _LATEST)
        shown = list(uow.audit.entries(after=max(0, first - 1)))
    before, latest = (shown[0], shown[1:]) if first else (None, shown)
    after = (before.seq, bytes(before.hash)) if before else (0, GENESIS)
    verdict = verify(latest, head_seq=seq, head_hash=bytes(head), after=after)
    return _page(verdict, latest, whole=not first)


@pages.post("/verify")
def verify_all() -> str:
    """Recompute the whole chain; takes seconds for a million entries."""
    with services().read() as uow:
        authorise(actor(), Action.AUDIT_READ, lineage=uow.units.lineage(actor().unit_code))
        seq, head = uow.audit.head()
        verdict = verify(uow.audit.entries(), head_seq=seq, head_hash=bytes(head))
        latest = list(uow.audit.entries(after=max(0, seq - _LATEST)))
    return _page(verdict, latest, whole=True)


def _page(verdict: Verdict, latest: list[AuditEntry], *, whole: bool) -> str:
    return render_template("console/audit.html", verdict=verdict, latest=latest[::-1], whole=whole)
