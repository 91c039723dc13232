"""What one administrator proposed and another one has to confirm: what waits, from whom, until when; the decision."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ca_service.domain.errors import Invalid
from ca_service.domain.proposals import RELEASES, ProposalKind
from ca_service.web.console.context import actor, field, may, services, window
from ca_service.workflows import confirm_proposal, key_releases, proposals
from ca_service.workflows import staff as accounts

pages = Blueprint("proposals", __name__, url_prefix="/proposals")


@pages.get("")
def index() -> str:
    """What waits, newest first, or everything with `all`."""
    everything = bool(request.args.get("all"))
    found = proposals.list_proposals(services(), actor(), window(), waiting=not everything)
    return render_template(
        "console/proposals.html", found=found, everything=everything, kinds=RELEASES, now=services().clock()
    )


@pages.post("")
def release() -> ResponseReturnValue:
    """Ask for the release of an act on keys."""
    kind = field("kind")
    if kind not in set(ProposalKind):
        raise Invalid("没有这种事项。")
    made = key_releases.propose_release(
        services(), actor(), ProposalKind(kind), field("subject"), ground=field("ground")
    )
    return redirect(url_for("console.proposals.show", proposal_id=made.id))


@pages.get("/<proposal_id>")
def show(proposal_id: str) -> str:
    """One of them, with what may be done."""
    return page(proposal_id)


@pages.post("/<proposal_id>")
def decide(proposal_id: str) -> ResponseReturnValue:
    """Confirm, refuse or withdraw."""
    match field("act"):
        case "confirm":
            confirm_proposal.confirm(services(), actor(), proposal_id)
        case "refuse":
            proposals.refuse(services(), actor(), proposal_id, reason=field("reason"))
        case "withdraw":
            proposals.withdraw(services(), actor(), proposal_id)
        case _:
            raise Invalid("没有这种操作。")
    return redirect(url_for("console.proposals.show", proposal_id=proposal_id))


def page(proposal_id: str, *, password: str = "") -> str:
    """The page of a proposal; a first password is shown to who just proposed it, and never again."""
    one = proposals.view(services(), actor(), proposal_id)
    units = accounts.unit_names(services(), [one.unit_code])
    confirming = any(mine.id == one.id for mine in confirm_proposal.waiting_for(services(), actor()))
    return render_template(
        "console/proposal.html", one=one, password=password, now=services().clock(), units=units,
        confirming=confirming, proposing=may(one.kind.proposing),
    )  # fmt: skip
