"""The certificate of a download: issued once, for one key, while what was approved still holds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import ENDED, Certificate, CertificateStatus
from ca_service.domain.enrolments import ENROLMENT, Enrolment, EnrolmentEvent, EnrolmentStatus
from ca_service.domain.errors import (
    BindingInvalid,
    CertificateNotLive,
    CodeUsed,
    Conflict,
    DomainError,
    KeyInUse,
    NotApproved,
)
from ca_service.domain.holders import Holder
from ca_service.domain.roles import Actor
from ca_service.domain.units import CENTRE_CODE, Unit
from ca_service.workflows.approvals import certifiable, evidence
from ca_service.workflows.current_issuer import current_issuer
from ca_service.workflows.issue import Issuing, Wish, key_sha256, new_serial, start_of_validity
from ca_service.workflows.misuse import warn_of_misuse
from ca_service.workflows.open_units import require_open
from ca_service.workflows.ports import Order, Services, UnitOfWork
from ca_service.workflows.together import each

HELPER = Actor("helper", CENTRE_CODE, frozenset(), "api")
PROFILE = "information-administrator"
# What is done, in the words that its person is told.
DOWNLOAD, RENEWAL = "下载证书", "更新证书"


@dataclass(frozen=True)
class Asked:
    """A download that is open, and the key (SPKI DER) that is to be certified for it."""

    enrolment: Enrolment
    public_key: bytes

    @property
    def key_sha256(self) -> str:
        """Of the SPKI, as lower-case hex: what an enrolment is bound to."""
        return key_sha256(self.public_key)


@dataclass(frozen=True)
class _Plan:
    """What is to be certified, as it was found; it must be found the same when the intent is committed."""

    asked: Asked
    enrolment: Enrolment
    holder: Holder
    unit: Unit
    wish: Wish


def issue_all(services: Services, asked: Sequence[Asked], *, issuer: str = "") -> Sequence[Certificate | DomainError]:
    """For each the certificate or why there is none: NotApproved and CodeUsed (both recorded), KeyInUse,
    CertificateNotLive, Conflict, Unavailable.

    By the CA named, or the present one.
    A repeat is answered with what was issued for this key. One round after the other where some ask for the same
    download or key: the later meet what the earlier left.
    """
    issuer = issuer or current_issuer(services)
    answers: dict[int, Certificate | DomainError] = {}
    waiting = sorted(range(len(asked)), key=lambda place: asked[place].enrolment.id)
    while waiting:
        places = _distinct(asked, waiting)
        answers |= zip(places, _issue_distinct(services, issuer, [asked[place] for place in places]), strict=True)
        waiting = [place for place in waiting if place not in answers]
    for place, answer in answers.items():
        if isinstance(answer, NotApproved | CodeUsed):
            note_refusal(services, asked[place].enrolment, answer)
    return [answers[place] for place in range(len(asked))]


def _distinct(asked: Sequence[Asked], waiting: Sequence[int]) -> Sequence[int]:
    """The places of those whose download and key no one before them asks for."""
    taken, places = set[str](), list[int]()
    for place in waiting:
        names = {asked[place].enrolment.id, asked[place].key_sha256}
        if taken.isdisjoint(names):
            places.append(place)
        taken |= names
    return places


def _issue_distinct(services: Services, issuer: str, asked: Sequence[Asked]) -> Sequence[Certificate | DomainError]:
    planned = _planned(services, asked)
    plans = [plan for plan in planned if isinstance(plan, _Plan)]
    issued = iter(_carry_out(services, issuer, plans) if plans else ())
    return [next(issued) if isinstance(plan, _Plan) else plan for plan in planned]


def _planned(services: Services, asked: Sequence[Asked]) -> Sequence[_Plan | Certificate | DomainError]:
    """For each a plan; the certificate, where it was issued before; or why there is none."""
    with services.read() as uow:
        # An abandoned serial (never signed into a record) does not use up its key: it was never handed out.
        found = uow.certificates.find(key_sha256=[one.key_sha256 for one in asked])
        used = {one.key_sha256: one for one in found if one.was_signed}
        enrolments = {e.id: e for e in uow.enrolments.find(id=[one.enrolment.id for one in asked])}
        holders = {h.id: h for h in uow.holders.find(id=[one.enrolment.holder_id for one in asked])}
        known = evidence(uow, holders.values())

    def plan(one: Asked) -> _Plan | Certificate:
        enrolment, earlier = enrolments[one.enrolment.id], used.get(one.key_sha256)
        if earlier is not None and enrolment.certificate_serial == earlier.serial:
            return earlier
        if enrolment.status is not EnrolmentStatus.OPEN:
            raise CodeUsed("这组下载码已用于介质中的另一个密钥。请联系上级用户管理部门重新发放。")
        if earlier is not None:
            raise KeyInUse("这个密钥已经用于另一张证书。请删除介质中的旧密钥后重试。")
        holder = holders[enrolment.holder_id]
        unit = certifiable(known, holder)
        return _Plan(one, enrolment, holder, unit, _wish(services, one, holder, unit))

    return each(asked, plan)


def _wish(services: Services, asked: Asked, holder: Holder, unit: Unit) -> Wish:
    order = Order(
        profile=PROFILE,
        serial=new_serial(services),
        public_key=asked.public_key,
        common_name=holder.name,
        not_before=start_of_validity(services.clock()),
        organization=unit.name,
        organization_identifier=unit.code,
        state=services.terms.state,
        holder_id=holder.id,
    )
    return Wish(order, unit.code, asked.enrolment.medium_serial)


def _carry_out(services: Services, issuer: str, plans: Sequence[_Plan]) -> Sequence[Certificate | DomainError]:
    by_serial = {plan.wish.order.serial: plan for plan in plans}
    bound: dict[str, Enrolment] = {}

    def bind(uow: UnitOfWork, intents: Sequence[Certificate]) -> None:
        mine = [by_serial[intent.serial] for intent in intents]
        _require_same(uow, mine)
        before = [plan.enrolment for plan in mine]
        after = [
            replace(plan.enrolment, certificate_serial=plan.wish.order.serial, key_sha256=plan.asked.key_sha256)
            for plan in mine
        ]
        # The guards (the status is one too) let exactly one of two simultaneous requests through, and none whose
        # codes were voided or blocked since the plan was made.
        names = ("certificate_serial", "key_sha256")
        uow.enrolments.change_each(before, after, names, guard=("certificate_serial",))
        bound.update({intent.serial: enrolment for intent, enrolment in zip(intents, after, strict=True)})

    def note(uow: UnitOfWork, signed: Sequence[Certificate]) -> None:
        # Codes that were voided or blocked since the intent make this a Conflict; the serial is then revoked.
        before = [bound[certificate.serial] for certificate in signed]
        after = [replace(one, status=ENROLMENT.after(one.status, EnrolmentEvent.ISSUE)) for one in before]
        uow.enrolments.change_each(before, after, ("status",))

    issuing = Issuing(services, HELPER, issuer, with_intent=bind, with_record=note)
    return issuing.issue_all([plan.wish for plan in plans])


def _require_same(uow: UnitOfWork, plans: Sequence[_Plan]) -> None:
    """Raise Conflict, NotApproved or CertificateNotLive where something that a plan rests on is no longer so.

    The plans were made in an earlier transaction. The records of an approval do not change once they are decided, and
    whatever comes after them writes the row of the person or of the unit: while both are as they were, so is the
    judgement.
    """
    units = require_open(uow, [plan.unit.code for plan in plans])
    holders = {h.id: h for h in uow.holders.find(id=[plan.holder.id for plan in plans])}
    for plan in plans:
        if plan.enrolment.renews is not None:
            renewable(uow, plan.enrolment.renews)
        if plan.enrolment.certificate_serial is not None and _still_counts(uow, plan.enrolment.certificate_serial):
            raise Conflict("证书正在签发中，请稍候重试。")
        person = holders[plan.holder.id]
        if (units[plan.unit.code], person) != (plan.unit, plan.holder):
            certifiable(evidence(uow, [person]), person)
            raise Conflict("此人的信息刚刚变更，请重新运行证书助手。")


def _still_counts(uow: UnitOfWork, serial: str) -> bool:
    return uow.certificates.get(serial).status not in ENDED


def renewable(uow: UnitOfWork, serial: str) -> Certificate:
    """The certificate that is renewed; raise CertificateNotLive once it was stopped."""
    old = uow.certificates.get(serial)
    if old.status is not CertificateStatus.ACTIVE:
        raise CertificateNotLive("原证书已冻结或吊销，不能更新。请联系上级用户管理部门。")
    return old


def note_refusal(services: Services, enrolment: Enrolment, refusal: DomainError) -> None:
    """Record a refusal in a transaction of its own; a binding signature by another token is told to the person too."""
    with services.begin() as uow:
        unit = uow.holders.get(enrolment.holder_id).unit_code
        uow.audit.append(HELPER, Tag.ENROLMENT_REFUSED, enrolment.id, unit=unit, detail={"kind": refusal.kind})
        if isinstance(refusal, BindingInvalid):
            act = RENEWAL if enrolment.renews else DOWNLOAD
            warn_of_misuse(services, uow, holder_id=enrolment.holder_id, act=act)
