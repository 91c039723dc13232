"""What goes wrong with a token: lost, broken, locked, found again, destroyed. Custody and certificate move together."""

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import CertificateEvent, CertificateStatus
from ca_service.domain.enrolments import ENROLMENT, EnrolmentEvent, EnrolmentStatus
from ca_service.domain.errors import Conflict, Forbidden, Invalid
from ca_service.domain.media import Medium, MediumEvent, MediumStatus
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.certificate_status import apply
from ca_service.workflows.custody import move
from ca_service.workflows.parcels import take_off_the_list
from ca_service.workflows.ports import Services, UnitOfWork

_THAWED = [CertificateStatus.ISSUED, CertificateStatus.ACTIVE]


def report_lost(services: Services, actor: Actor, serial: str, *, reason: str) -> Medium:
    """A token is gone: its certificates are frozen in the same transaction, its download codes void.

    The form follows; then the certificate is revoked and another token handed over.
    """
    with services.begin() as uow:
        medium = _reported(uow, actor, serial, reason)
        take_off_the_list(uow, medium)
        lost = move(services, uow, actor, medium, MediumEvent.REPORT_LOST, parcel_id=None, note=reason[:200])
        _secure(services, uow, actor, lost, reason=f"token {serial} reported lost")
        uow.audit.append(actor, Tag.MEDIUM_LOST, serial, unit=medium.at_unit, detail={"reason": reason[:200]})
        return lost


def report_damaged(services: Services, actor: Actor, serial: str, *, reason: str) -> Medium:
    """A token does not work any more: its certificates are frozen until the replacement."""
    with services.begin() as uow:
        medium = _reported(uow, actor, serial, reason)
        if medium.status is MediumStatus.IN_TRANSIT:
            raise Conflict(f"介质 {serial} 正在寄送途中：是否损坏由收件单位签收时登记；确认丢失的请登记遗失。")
        broken = move(services, uow, actor, medium, MediumEvent.REPORT_DAMAGED, parcel_id=None, note=reason[:200])
        _secure(services, uow, actor, broken, reason=f"token {serial} reported damaged")
        uow.audit.append(actor, Tag.MEDIUM_DAMAGED, serial, unit=medium.at_unit, detail={"reason": reason[:200]})
        return broken


def report_locked(services: Services, actor: Actor, serial: str) -> Medium:
    """Too many wrong PINs: nobody can use the key, so the certificate stays as it is until the PIN is unblocked."""
    with services.begin() as uow:
        medium = _reported(uow, actor, serial, "locked")
        locked = move(services, uow, actor, medium, MediumEvent.LOCK)
        uow.audit.append(actor, Tag.MEDIUM_LOCKED, serial, unit=medium.at_unit)
        return locked


def report_found(services: Services, actor: Actor, serial: str) -> Medium:
    """A lost token has turned up and lies at the actor's unit. What was frozen or revoked stays so."""
    with services.begin() as uow:
        medium = uow.media.get(serial)
        authorise(actor, Action.MEDIA_MOVE, lineage=uow.units.lineage(medium.at_unit))
        found = move(services, uow, actor, medium, MediumEvent.FIND, at_unit=actor.unit_code, holder_id=None)
        uow.audit.append(actor, Tag.MEDIUM_FOUND, serial, unit=actor.unit_code)
        return found


def destroy(services: Services, actor: Actor, serial: str, *, witness: str) -> Medium:
    """Destroy a returned, broken or blank token at the own unit, before a witness who is named in the record."""
    if not witness.strip():
        raise Invalid("销毁介质须有监销人，请填写监销人姓名。")
    with services.begin() as uow:
        medium = uow.media.get(serial)
        authorise(actor, Action.MEDIA_MOVE, lineage=uow.units.lineage(medium.at_unit))
        if medium.at_unit != actor.unit_code:
            raise Forbidden("只能销毁本单位保管的介质。")
        if medium.holder_id and uow.certificates.count(medium_serial=serial, status=_THAWED):
            raise Conflict("此介质上的证书仍然有效，请先冻结或吊销。")
        gone = move(services, uow, actor, medium, MediumEvent.DESTROY, note=f"witness {witness.strip()[:60]}")
        uow.audit.append(actor, Tag.MEDIUM_DESTROYED, serial, unit=medium.at_unit)
        return gone


def _reported(uow: UnitOfWork, actor: Actor, serial: str, reason: str) -> Medium:
    if not reason.strip():
        raise Invalid("请填写情况：谁报告、何时何地、怎样发生。")
    medium = uow.media.get(serial)
    authorise(actor, Action.MEDIA_REPORT, lineage=uow.units.lineage(medium.at_unit))
    return medium


def _secure(services: Services, uow: UnitOfWork, actor: Actor, medium: Medium, *, reason: str) -> None:
    for certificate in uow.certificates.find(medium_serial=medium.serial, status=_THAWED):
        apply(
            uow, actor, certificate, CertificateEvent.FREEZE, at=services.clock(), reason=reason, ground=medium.serial
        )
    for enrolment in uow.enrolments.find(medium_serial=medium.serial, status=EnrolmentStatus.OPEN):
        status = ENROLMENT.after(enrolment.status, EnrolmentEvent.VOID)
        uow.enrolments.change(enrolment, status=status, session_hash=None)
