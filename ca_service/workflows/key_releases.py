"""Releases of acts on keys: proposed at the machine or by the CA administrator, confirmed by somebody else.

The command uses a release up in the transaction that starts the act (`proposals.use_release`).
"""

from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.proposals import RELEASES, Proposal, ProposalKind
from ca_service.domain.roles import Actor, authorise
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.current_issuer import current
from ca_service.workflows.ports import Services, UnitOfWork
from ca_service.workflows.proposals import Draft, put

FIELD_KEY = "field-key"
"""The subject of a change of the field key: there is one at a time."""


def propose_release(services: Services, actor: Actor, kind: ProposalKind, subject: str, *, ground: str) -> Proposal:
    """Ask for a release; raise Invalid, Conflict, NotFound where the act would be refused anyway."""
    if kind not in RELEASES:
        raise Invalid("账号事项在人员页面提出（educa staff），不用准许。")
    with services.begin() as uow:
        authorise(actor, kind.proposing, lineage=uow.units.lineage(CENTRE_CODE))
        if not ground.strip():
            raise Invalid("请写明依据（批准文号、原因）。")
        subject = _checked(uow, kind, subject.strip())
        return put(services, uow, actor, Draft(kind, subject, CENTRE_CODE, ground))


def _checked(uow: UnitOfWork, kind: ProposalKind, subject: str) -> str:
    match kind:
        case ProposalKind.FIELD_KEY_CHANGE:
            if subject not in ("", FIELD_KEY):
                raise Invalid(f"更换加密密钥只有一件，对象写 {FIELD_KEY} 或不写。")
            return FIELD_KEY
        case ProposalKind.FIELD_KEY_REMOVAL:
            if not subject or len(subject) > 40 or not subject.isalnum():
                raise Invalid("请写要删除的密钥标识（educa secrets show 列出）。")
        case ProposalKind.CA_ROLL_OVER:
            present = current(uow)
            if subject != present:
                raise Conflict(f"当前的签发 CA 是 {present}，只能换发它。请运行 educa ca issuers。")
        case _:
            if not uow.issuers.get(subject).waiting:
                raise Conflict(f"{subject} 不是等待启用的签发 CA。请运行 educa ca issuers。")
    return subject
