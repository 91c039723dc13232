"""What the workflows need from the outside, as Protocols; each docstring is the contract the adapter keeps."""

from ca_service.workflows.ports.answers import AnswerSigner, KnownStatuses, OcspAnswers, SignedAhead
from ca_service.workflows.ports.audit_tree import AuditTree
from ca_service.workflows.ports.meter import Meter, Unmeasured
from ca_service.workflows.ports.outside import (
    Authority,
    Courier,
    Documents,
    Linted,
    ListRefused,
    Order,
    Postponed,
    Rejected,
    Services,
    SoPinCustody,
    Terms,
    Unsure,
)
from ca_service.workflows.ports.records import (
    AuditLog,
    Below,
    Crls,
    Drafts,
    ExpiredEntry,
    Issuers,
    Places,
    ProgressNumbers,
    Standing,
    Units,
)
from ca_service.workflows.ports.repository import Before, Repository, Since, Transient, Tries
from ca_service.workflows.ports.unit_of_work import UnitOfWork

__all__ = [
    "AnswerSigner",
    "AuditLog",
    "AuditTree",
    "Authority",
    "Before",
    "Below",
    "Courier",
    "Crls",
    "Documents",
    "Drafts",
    "ExpiredEntry",
    "Issuers",
    "KnownStatuses",
    "Linted",
    "ListRefused",
    "Meter",
    "OcspAnswers",
    "Order",
    "Places",
    "Postponed",
    "ProgressNumbers",
    "Rejected",
    "Repository",
    "Services",
    "SignedAhead",
    "Since",
    "SoPinCustody",
    "Standing",
    "Terms",
    "Transient",
    "Tries",
    "UnitOfWork",
    "Units",
    "Unmeasured",
    "Unsure",
]
