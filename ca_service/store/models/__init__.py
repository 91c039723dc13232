"""The tables, one module an aggregate. Columns are named like the fields of the domain records.

`sealed` holds encrypted personal fields.
"""

from ca_service.store.models.audit_tree import AuditCheckpointRow, AuditTileRow
from ca_service.store.models.base import Base
from ca_service.store.models.campaign import CampaignRow, SignInRow
from ca_service.store.models.certification import (
    CertificateRow,
    IssuerRow,
    StatusEventRow,
    StatusLogRow,
    StatusOrderRow,
)
from ca_service.store.models.compromises import CompromiseRow
from ca_service.store.models.crls import CrlAlarmRow, CrlOverrideRow, CrlRow, CrlShardRow
from ca_service.store.models.custody import (
    CustodyRow,
    DispatchSheetRow,
    EnrolmentRow,
    HandOverRow,
    MediumRow,
    ParcelItemRow,
    ParcelRow,
)
from ca_service.store.models.drafts import DraftPartRow, DraftRow
from ca_service.store.models.erasures import ErasureChoreRow, ErasureLineRow, ErasureRow, RecordsHoldRow
from ca_service.store.models.measured import LagRow, LeaseRow, PulseRow
from ca_service.store.models.people import HolderRow, LineageRow, StaffRow, UnitRow
from ca_service.store.models.presigned import OcspAnswerRow, PresignRunRow
from ca_service.store.models.proposals import ProposalRow
from ca_service.store.models.records import AuditRow, HeadRow, MessageRow
from ca_service.store.models.registration import AccountEventRow, ApplicationRow, BatchRow, ChangeRow, ReceiptRow
from ca_service.store.models.review import ConflictRow, StepRow
from ca_service.store.models.sign_in import PasskeyRow, RecoveryCodeRow, SessionRow, TotpKeyRow, TryRow
from ca_service.store.models.transfers import TransferRow
from ca_service.store.models.unblocks import ReleaseRow, SoPinRow
from ca_service.store.models.units import ResponsibleRow, UnitCaseRow, UnitEventRow, UnitStepRow

__all__ = [
    "AccountEventRow",
    "ApplicationRow",
    "AuditCheckpointRow",
    "AuditRow",
    "AuditTileRow",
    "Base",
    "BatchRow",
    "CampaignRow",
    "CertificateRow",
    "ChangeRow",
    "CompromiseRow",
    "ConflictRow",
    "CrlAlarmRow",
    "CrlOverrideRow",
    "CrlRow",
    "CrlShardRow",
    "CustodyRow",
    "DispatchSheetRow",
    "DraftPartRow",
    "DraftRow",
    "EnrolmentRow",
    "ErasureChoreRow",
    "ErasureLineRow",
    "ErasureRow",
    "HandOverRow",
    "HeadRow",
    "HolderRow",
    "IssuerRow",
    "LagRow",
    "LeaseRow",
    "LineageRow",
    "MediumRow",
    "MessageRow",
    "OcspAnswerRow",
    "ParcelItemRow",
    "ParcelRow",
    "PasskeyRow",
    "PresignRunRow",
    "ProposalRow",
    "PulseRow",
    "ReceiptRow",
    "RecordsHoldRow",
    "RecoveryCodeRow",
    "ReleaseRow",
    "ResponsibleRow",
    "SessionRow",
    "SignInRow",
    "SoPinRow",
    "StaffRow",
    "StatusEventRow",
    "StatusLogRow",
    "StatusOrderRow",
    "StepRow",
    "TotpKeyRow",
    "TransferRow",
    "TryRow",
    "UnitCaseRow",
    "UnitEventRow",
    "UnitRow",
    "UnitStepRow",
]
