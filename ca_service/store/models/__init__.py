"""The tables, one module an aggregate. Columns are named like the fields of the domain records.

`sealed` holds encrypted personal fields.
"""

from ca_service.store.models.base import Base
from ca_service.store.models.certification import CertificateRow, CrlRow, IssuerRow, StatusLogRow
from ca_service.store.models.custody import CustodyRow, EnrolmentRow, MediumRow, ParcelRow
from ca_service.store.models.people import HolderRow, LineageRow, StaffRow, UnitRow
from ca_service.store.models.records import AuditRow, HeadRow, MessageRow
from ca_service.store.models.registration import AccountEventRow, ApplicationRow, BatchRow, ChangeRow
from ca_service.store.models.units import ResponsibleRow, UnitCaseRow, UnitEventRow, UnitStepRow

__all__ = [
    "AccountEventRow",
    "ApplicationRow",
    "AuditRow",
    "Base",
    "BatchRow",
    "CertificateRow",
    "ChangeRow",
    "CrlRow",
    "CustodyRow",
    "EnrolmentRow",
    "HeadRow",
    "HolderRow",
    "IssuerRow",
    "LineageRow",
    "MediumRow",
    "MessageRow",
    "ParcelRow",
    "ResponsibleRow",
    "StaffRow",
    "StatusLogRow",
    "UnitCaseRow",
    "UnitEventRow",
    "UnitRow",
    "UnitStepRow",
]
