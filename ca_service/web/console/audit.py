"""The audit log, for the auditor."""

from flask import Blueprint, render_template

from ca_service.audit.verifier import verify
from ca_service.domain.roles import Action, authorise
from ca_service.web.console.context import actor, services

pages = Blueprint("audit", __name__, url_prefix="/audit")
_LATEST = 200


@pages.get("")
def index() -> str:
    """Whether the chain holds, and its latest entries, newest first."""
    with services().read() as uow:
        authorise(actor(), Action.AUDIT_READ, lineage=uow.units.lineage(actor().unit_code))
        seq, head = uow.audit.head()
        verdict = verify(uow.audit.entries(), head_seq=seq, head_hash=bytes(head))
        latest = list(uow.audit.entries(after=max(0, seq - _LATEST)))[::-1]
    return render_template("console/audit.html", verdict=verdict, latest=latest)
