"""Reading change cases, and finding the person whom a new form is about: masked for most, unmasked looks recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import Certificate
from ca_service.domain.changes import CertificateAct, Change, ChangeKind, ChangeStatus, Paper, Particular, acts_for
from ca_service.domain.holders import Holder
from ca_service.domain.person_text import mask_email, mask_id, mask_name, mask_phone
from ca_service.domain.review import Step, path_above, place_on
from ca_service.domain.roles import POLICY, Action, Actor, authorise
from ca_service.workflows.applications import mask_contact
from ca_service.workflows.change_form import LIVE_CERTIFICATE
from ca_service.workflows.listing import ALL, Listing, Window, listing
from ca_service.workflows.ports import Services
from ca_service.workflows.shown import unit_paths
from ca_service.workflows.steps import resubmitters, steps_of
from ca_service.workflows.succession import open_transfer

_FOUND = 20
_MASKS = {
    Particular.NAME: mask_name,
    Particular.OFFICE_PHONE: mask_phone,
    Particular.MOBILE: mask_phone,
    Particular.EMAIL: mask_email,
    "id_number": mask_id,
}


@dataclass(frozen=True)
class Sought:
    """What a list of cases is narrowed to; empty means any. `here`: only what waits for the actor's own unit."""

    status: ChangeStatus | None = None
    kind: ChangeKind | None = None
    unit_code: str = ""
    here: bool = False


ANY = Sought()


@dataclass(frozen=True)
class CaseView:
    """What the actor may see of a case.

    `sha256` is of the whole content, masked or not: a decision is bound to it. `acts` are what may be decided for
    `certificates`, the live ones. `own`: the actor entered it, so somebody else reviews it. `transfer_id`: the open
    hand-over that it belongs to, with which it is carried out.
    """

    change: Change
    holder: Holder
    unmasked: bool
    sha256: str
    unit_names: Sequence[str]
    place: str
    steps: Sequence[Step]
    certificates: Sequence[Certificate]
    acts: frozenset[CertificateAct]
    own: bool
    transfer_id: str


def cases(services: Services, actor: Actor, window: Window = ALL, *, sought: Sought = ANY) -> Listing[Change]:
    """The cases of the actor's subtree that fit, newest first; raise NotFound, Forbidden for the unit named."""
    given = {"status": sought.status, "kind": sought.kind}
    equal = {name: value for name, value in given.items() if value}
    with services.read() as uow:
        top = sought.unit_code or actor.unit_code
        authorise(actor, Action.CHANGE_READ, lineage=uow.units.lineage(top))
        here = {"at_unit": actor.unit_code, "status": ChangeStatus.SUBMITTED} if sought.here else {}
        return listing(uow.changes, window, order="-submitted_at", within=top, **{**equal, **here})


def case(services: Services, actor: Actor, change_id: str) -> Change:
    """One case as it is kept, for programs; raise NotFound, Forbidden."""
    with services.read() as uow:
        change = uow.changes.get(change_id)
        authorise(actor, Action.CHANGE_READ, lineage=uow.units.lineage(change.unit_code))
        return change


def show(services: Services, actor: Actor, change_id: str) -> CaseView:
    """One case for a page, masked unless the role may see it; raise NotFound, Forbidden."""
    with services.begin() as uow:
        change = uow.changes.get(change_id)
        lineage = uow.units.lineage(change.unit_code)
        authorise(actor, Action.CHANGE_READ, lineage=lineage)
        holder = uow.holders.get(change.holder_id)
        unmasked = bool(actor.roles & POLICY[Action.REGISTRATION_UNMASK])
        if unmasked:
            uow.audit.append(actor, Tag.CHANGE_UNMASKED, change.id, unit=change.unit_code)
        again = resubmitters(uow, [change.id]).get(change.id, frozenset())
        certificates = uow.certificates.find(holder_id=holder.id, status=LIVE_CERTIFICATE)
        transfer = open_transfer(uow, change_id=change.id)
        return CaseView(
            change=change if unmasked else replace(change, paper=_masked(change.paper)),
            holder=holder if unmasked else masked_holder(holder),
            unmasked=unmasked,
            sha256=change.shown_sha256(),
            unit_names=[name for _, name in unit_paths(uow, [change.unit_code])[change.unit_code]],
            place=place_on(path_above(lineage), change.at_unit),
            steps=steps_of(uow, change.id),
            certificates=certificates,
            acts=acts_for(change.kind, change.paper, handed_over=transfer is not None) if certificates else frozenset(),
            own=actor.login in again | {change.submitted_by},
            transfer_id=transfer.id if transfer else "",
        )


def scan_of(services: Services, actor: Actor, change_id: str) -> bytes:
    """The stamped form; it shows personal data, so the look is recorded; raise NotFound, Forbidden."""
    with services.begin() as uow:
        change = uow.changes.get(change_id)
        authorise(actor, Action.REGISTRATION_UNMASK, lineage=uow.units.lineage(change.unit_code))
        detail = {"scan": change.scan_sha256}
        uow.audit.append(actor, Tag.CHANGE_UNMASKED, change.id, unit=change.unit_code, detail=detail)
    return services.documents.get(change.scan_sha256)


def people(services: Services, actor: Actor, words: str, *, unit_code: str = "") -> Sequence[Holder]:
    """The persons of the actor's subtree, or of one unit in it, with this whole name, ID number or holder number.

    Masked, at most twenty; none for empty words.
    """
    words = "".join(words.split()).upper() if words[:1].isdigit() else words.strip()
    keyed = services.keyed_hash(words)
    with services.read() as uow:
        top = unit_code or actor.unit_code
        authorise(actor, Action.CHANGE_SUBMIT, lineage=uow.units.lineage(top))
        named = uow.holders.find(limit=_FOUND, within=top, name=words) if words else []
        numbered = uow.holders.find(limit=_FOUND, within=top, id_number_hash=keyed) if words else []
        known = uow.holders.find(limit=1, within=top, id=words) if words else []
    found = {holder.id: holder for holder in (*known, *numbered, *named)}
    return [masked_holder(holder) for holder in list(found.values())[:_FOUND]]


def start(services: Services, actor: Actor, holder_id: str) -> tuple[Holder, Sequence[str]]:
    """The person whom a new form is about, masked, and the names of the units above; raise NotFound, Forbidden."""
    with services.read() as uow:
        holder = uow.holders.get(holder_id)
        authorise(actor, Action.CHANGE_SUBMIT, lineage=uow.units.lineage(holder.unit_code))
        path = unit_paths(uow, [holder.unit_code])[holder.unit_code]
    return masked_holder(holder), [name for _, name in path]


def masked_holder(holder: Holder) -> Holder:
    """The same with every personal field hidden but what tells two people apart."""
    return replace(holder, name=mask_name(holder.name), contact=mask_contact(holder.contact))


def _masked(paper: Paper | None) -> Paper | None:
    if paper is None:
        return None
    return replace(paper, before=_hidden(paper.before), after=_hidden(paper.after), login_account="*")


def _hidden(values: Mapping[str, str]) -> Mapping[str, str]:
    return {name: _MASKS[name](value) if name in _MASKS else value for name, value in values.items()}
