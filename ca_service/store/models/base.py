"""What all tables share."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import LargeBinary
from sqlalchemy.orm import DeclarativeBase

from ca_service.domain.applications import ApplicationStatus
from ca_service.domain.certificates import CertificateStatus, RevocationReason
from ca_service.domain.changes import CertificateAct, ChangeKind, ChangeStatus
from ca_service.domain.enrolments import EnrolmentStatus
from ca_service.domain.holders import HolderStatus
from ca_service.domain.media import MediumEvent, MediumStatus, ParcelStatus
from ca_service.domain.messages import Channel, MessageStatus
from ca_service.domain.units import UnitKind
from ca_service.store.columns import EnumNumber, EnumText, UtcDateTime


class Base(DeclarativeBase):
    """All tables of the service."""

    type_annotation_map: ClassVar[dict[type, object]] = {
        datetime: UtcDateTime(),
        UnitKind: EnumText(UnitKind),
        ApplicationStatus: EnumText(ApplicationStatus),
        HolderStatus: EnumText(HolderStatus),
        MediumStatus: EnumText(MediumStatus),
        MediumEvent: EnumText(MediumEvent),
        ParcelStatus: EnumText(ParcelStatus),
        EnrolmentStatus: EnumText(EnrolmentStatus),
        CertificateStatus: EnumText(CertificateStatus),
        RevocationReason: EnumNumber(RevocationReason),
        ChangeKind: EnumText(ChangeKind),
        ChangeStatus: EnumText(ChangeStatus),
        CertificateAct: EnumText(CertificateAct),
        Channel: EnumText(Channel),
        MessageStatus: EnumText(MessageStatus),
        bytes: LargeBinary(),
    }
