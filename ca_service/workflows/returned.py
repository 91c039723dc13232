"""A token that came back with its form: kept, its certificate on hold, until it is given back or initialised anew.

Custody and certificate move in one transaction: the stop that freezes takes the token in. The restore releases the hold
and leaves the token where it lies: whoever keeps it gives it back by hand, as a row of the dispatch record.
"""

from collections.abc import Sequence

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import LIVE, Certificate, CertificateStatus
from ca_service.domain.errors import Conflict, Forbidden
from ca_service.domain.holders import Holder
from ca_service.domain.media import WITH_PERSON, Medium, MediumEvent, MediumStatus
from ca_service.domain.notices import token_kept
from ca_service.domain.roles import Action, Actor, authorise
from ca_service.workflows.custody import move
from ca_service.workflows.messages import notify
from ca_service.workflows.ports import Services, UnitOfWork

_RELEASED = (CertificateStatus.ISSUED, CertificateStatus.ACTIVE)


def hand_in(services: Services, uow: UnitOfWork, actor: Actor, holder_id: str, *, unit_code: str, case: str) -> None:
    """Take in the token that came with the form, inside the transaction that ends or holds its certificate.

    Of one that is lost or broken nothing came, and its record stays as it is.
    """
    for medium in uow.media.find(holder_id=holder_id, status=WITH_PERSON):
        move(services, uow, actor, medium, MediumEvent.HAND_IN, at_unit=actor.unit_code, note=f"case {case}")
        uow.audit.append(actor, Tag.MEDIUM_HANDED_IN, medium.serial, unit=unit_code)


def releasable(uow: UnitOfWork, holder: Holder) -> Sequence[Certificate]:
    """The certificates on hold whose token is with the person, or kept for the person.

    One whose token was lost, broken, destroyed or found by others stays on hold: another token replaces it.
    """
    frozen = uow.certificates.find(holder_id=holder.id, status=CertificateStatus.FROZEN)
    media = uow.media.find(serial=[one.medium_serial for one in frozen if one.medium_serial])
    theirs = {one.serial for one in media if one.holder_id == holder.id and _is_whole(one)}
    return [one for one in frozen if one.medium_serial is None or one.medium_serial in theirs]


def _is_whole(medium: Medium) -> bool:
    return medium.status in (*WITH_PERSON, MediumStatus.RETURNED)


def give_back(services: Services, uow: UnitOfWork, actor: Actor, medium: Medium, holder: Holder) -> Medium:
    """Give a kept token back to its person inside a running transaction; raise Forbidden, Conflict.

    One whose certificate was confirmed is in use at once; else the download goes on with it.
    """
    authorise(actor, Action.MEDIA_MOVE, lineage=uow.units.lineage(medium.at_unit))
    if medium.at_unit != actor.unit_code:
        raise Forbidden("介质由保管单位的介质管理员发还。")
    released = uow.certificates.find(medium_serial=medium.serial, holder_id=holder.id, status=_RELEASED)
    if medium.holder_id != holder.id or not released:
        raise Conflict(
            f"介质 {medium.serial} 已交回，只能在证书恢复之后发还原持有人；"
            "交给他人的，须由自治区教育信息中心重新初始化。"
        )
    given = move(services, uow, actor, medium, MediumEvent.GIVE_BACK, at_unit=holder.unit_code)
    if any(one.status is CertificateStatus.ACTIVE for one in released):
        given = move(services, uow, actor, given, MediumEvent.ACTIVATE)
    detail = {"holder": holder.id}
    uow.audit.append(actor, Tag.MEDIUM_GIVEN_BACK, medium.serial, unit=holder.unit_code, detail=detail)
    return given


def tell_where_it_is(services: Services, uow: UnitOfWork, holder: Holder) -> None:
    """Tell a person whose certificate is good again where the token is, if it was kept."""
    good = uow.certificates.find(holder_id=holder.id, status=_RELEASED)
    serials = [one.medium_serial for one in good if one.medium_serial]
    for medium in uow.media.find(serial=serials, holder_id=holder.id, status=MediumStatus.RETURNED):
        letter = token_kept(holder.contact.email, uow.units.get(medium.at_unit).name)
        notify(services, uow, letter, unit=holder.unit_code)


def whereabouts(services: Services, actor: Actor, change_id: str) -> str:
    """Where the token of a case's person is now, and what to do; empty where it is with the person or there is none.

    Raises NotFound, Forbidden.
    """
    with services.read() as uow:
        change = uow.changes.get(change_id)
        authorise(actor, Action.CHANGE_READ, lineage=uow.units.lineage(change.unit_code))
        return what_to_do(uow, uow.holders.get(change.holder_id))


def what_to_do(uow: UnitOfWork, holder: Holder) -> str:
    """As `whereabouts`, inside a transaction."""
    live = [one for one in uow.certificates.find(holder_id=holder.id, status=LIVE) if one.medium_serial]
    media = {one.serial: one for one in uow.media.find(serial=[str(one.medium_serial) for one in live])}
    return "".join(_sentence(uow, holder, one, media[str(one.medium_serial)]) for one in live)


def _sentence(uow: UnitOfWork, holder: Holder, certificate: Certificate, medium: Medium) -> str:
    kept = medium.status is MediumStatus.RETURNED and medium.holder_id == holder.id
    frozen = certificate.status is CertificateStatus.FROZEN
    if kept and frozen:
        return f"介质 {medium.serial} 已随表交回，由{_name(uow, medium)}保管；证书冻结期间不发还。"
    if kept:
        return (
            f"介质 {medium.serial} 仍由{_name(uow, medium)}保管，尚未发还：请由该单位介质管理员在介质页办理“发还”，"
            "由本人签收。"
        )
    if frozen and not (medium.holder_id == holder.id and _is_whole(medium)):
        return (
            f"证书 {certificate.serial} 所在的介质 {medium.serial} 已遗失、损坏或另作他用，恢复账号时证书不解冻："
            "请另派发介质并发放下载码，原证书随即吊销。"
        )
    return ""


def _name(uow: UnitOfWork, medium: Medium) -> str:
    return f"“{uow.units.get(medium.at_unit).name}”"
