"""The certificate of a download: issued once, for one key, while what was approved still holds."""

from typing import NoReturn

from ca_service.domain.audit import Tag
from ca_service.domain.certificates import ENDED, Certificate, CertificateStatus
from ca_service.domain.enrolments import ENROLMENT, Enrolment, EnrolmentEvent
from ca_service.domain.errors import (
    BindingInvalid,
    CertificateNotLive,
    CodeUsed,
    Conflict,
    DomainError,
    KeyInUse,
    NotApproved,
)
from ca_service.domain.roles import Actor
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.approvals import certifiable
from ca_service.workflows.current_issuer import current
from ca_service.workflows.issue import issue, key_sha256, new_serial, start_of_validity
from ca_service.workflows.misuse import warn_of_misuse
from ca_service.workflows.open_units import require_open
from ca_service.workflows.ports import Order, Services, UnitOfWork

HELPER = Actor("helper", CENTRE_CODE, frozenset(), "api")
PROFILE = "information-administrator"
# What is done, in the words that its person is told.
DOWNLOAD, RENEWAL = "下载证书", "更新证书"


def issue_for(services: Services, enrolment: Enrolment, public_key: bytes) -> Certificate:
    """Issue for this key, once; raise NotApproved (recorded), KeyInUse, CertificateNotLive, Conflict."""
    try:
        return _issue_what_was_approved(services, enrolment, public_key)
    except NotApproved as refusal:
        refuse(services, enrolment, refusal)


def _issue_what_was_approved(services: Services, enrolment: Enrolment, public_key: bytes) -> Certificate:
    with services.read() as uow:
        holder = uow.holders.get(enrolment.holder_id)
        unit, issuer = certifiable(uow, holder), current(uow)
        # An abandoned serial (never signed into a record) does not use up its key: it was never handed out.
        used = [found for found in uow.certificates.find(key_sha256=key_sha256(public_key)) if found.was_signed]
        if used and uow.enrolments.get(enrolment.id).certificate_serial == used[0].serial:
            return used[0]  # by a request at the same time as this one, which it answers just as well
        if used:
            raise KeyInUse("这个密钥已经用于另一张证书。请删除介质中的旧密钥后重试。")
    order = Order(
        profile=PROFILE,
        serial=new_serial(services),
        public_key=public_key,
        common_name=holder.name,
        not_before=start_of_validity(services.clock()),
        organization=unit.name,
        organization_identifier=unit.code,
        state=services.terms.state,
        holder_id=holder.id,
    )

    bound: list[Enrolment] = []

    def bind(uow: UnitOfWork, serial: str) -> None:
        require_open(uow, [unit.code])
        if enrolment.renews is not None:
            renewable(uow, enrolment.renews)
        # The guard on `certificate_serial` lets exactly one of two simultaneous requests through.
        current = uow.enrolments.get(enrolment.id)
        if current.certificate_serial is not None and _still_counts(uow, current.certificate_serial):
            raise Conflict("证书正在签发中，请稍候重试。")
        # The order was made in an earlier transaction: what it names must still be what was approved.
        person = uow.holders.get(holder.id)
        if (certifiable(uow, person), person) != (unit, holder):
            raise Conflict("此人的信息刚刚变更，请重新运行证书助手。")
        key = key_sha256(public_key)
        bound.append(
            uow.enrolments.change(current, guard=("certificate_serial",), certificate_serial=serial, key_sha256=key)
        )

    def note(uow: UnitOfWork, serial: str) -> None:  # noqa: ARG001
        # Codes that were voided or blocked since the intent make this a Conflict; the serial is then revoked.
        uow.enrolments.change(bound[0], status=ENROLMENT.after(bound[0].status, EnrolmentEvent.ISSUE))

    return issue(
        services, HELPER, order, issuer=issuer, unit_code=unit.code,
        medium_serial=enrolment.medium_serial, with_intent=bind, with_record=note,
    )  # fmt: skip


def _still_counts(uow: UnitOfWork, serial: str) -> bool:
    return uow.certificates.get(serial).status not in ENDED


def issued_before(services: Services, enrolment: Enrolment, public_key: bytes) -> Certificate:
    """What was issued for this key; raise CodeUsed (recorded) for any other."""
    if enrolment.certificate_serial is None or enrolment.key_sha256 != key_sha256(public_key):
        refuse(
            services,
            enrolment,
            CodeUsed("这组下载码已用于介质中的另一个密钥。请联系上级用户管理部门重新发放。"),
        )
    with services.read() as uow:
        return uow.certificates.get(enrolment.certificate_serial)


def renewable(uow: UnitOfWork, serial: str) -> Certificate:
    """The certificate that is renewed; raise CertificateNotLive once it was stopped."""
    old = uow.certificates.get(serial)
    if old.status is not CertificateStatus.ACTIVE:
        raise CertificateNotLive("原证书已冻结或吊销，不能更新。请联系上级用户管理部门。")
    return old


def refuse(services: Services, enrolment: Enrolment, refusal: DomainError) -> NoReturn:
    """Record a refusal in a transaction of its own, and raise it."""
    with services.begin() as uow:
        unit = uow.holders.get(enrolment.holder_id).unit_code
        uow.audit.append(HELPER, Tag.ENROLMENT_REFUSED, enrolment.id, unit=unit, detail={"kind": refusal.kind})
        if isinstance(refusal, BindingInvalid):
            act = RENEWAL if enrolment.renews else DOWNLOAD
            warn_of_misuse(services, uow, holder_id=enrolment.holder_id, act=act)
    raise refusal
