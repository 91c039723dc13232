"""Stored applications and change cases -> their printed forms."""

from ca_service.domain.changes import ChangeKind, Paper, Particular
from ca_service.domain.persons import UserType
from ca_service.domain.school_types import SCHOOL_TYPES
from ca_service.printing.forms import ApplicationForm, ChangeForm, Difference, application_form, change_form
from ca_service.workflows.paper_forms import PrintableApplication, PrintableChange

_P = Particular
# As the department's form words its boxes.
_KINDS = {
    ChangeKind.INFORMATION_CHANGE: "信息变更",
    ChangeKind.STOP: "停用/恢复",
    ChangeKind.RESTORE: "停用/恢复",
    ChangeKind.UNLOCK: "账号解锁",
    ChangeKind.RESET_PASSWORD: "密码重置",
}
_NAMES = {
    _P.NAME: "姓名",
    _P.UNIT: "单位代码",
    _P.UNIT_NAME: "单位名称",
    _P.OFFICE_PHONE: "办公电话",
    _P.MOBILE: "手机号码",
    _P.EMAIL: "电子邮箱",
}


def print_application(printable: PrintableApplication) -> bytes:
    """用户CA申请单 as PDF; raise Unavailable when it cannot be set."""
    application, contact = printable.application, printable.application.contact
    kind = SCHOOL_TYPES.get(application.school_type)
    form = ApplicationForm(
        unit=printable.unit_name,
        name=application.name,
        id_number=contact.id_number,
        office_phone=contact.office_phone,
        mobile=contact.mobile,
        email=contact.email,
        school_type=f"{kind.code} {kind.name}" if kind else application.school_type,
        user_type=UserType(application.user_type),
        wants_certificate=application.wants_certificate,
        login=application.existing_account,
        address=application.address,
        remarks=application.remarks,
    )
    return application_form(form, printable.code)


def print_change(printable: PrintableChange) -> bytes:
    """用户变更申请单 as PDF; raise Unavailable when it cannot be set."""
    change = printable.change
    paper = change.paper or Paper(before={})
    before = paper.before
    form = ChangeForm(
        unit=printable.unit_name,
        name=before.get(_P.NAME, ""),
        id_number=before.get("id_number", ""),
        office_phone=before.get(_P.OFFICE_PHONE, ""),
        mobile=before.get(_P.MOBILE, ""),
        email=before.get(_P.EMAIL, ""),
        login=paper.login_account,
        user_type=before.get("user_type", ""),
        certified=paper.certified,
        kind=_KINDS[change.kind],
        changes=[Difference(_NAMES[_P(name)], before.get(name, ""), value) for name, value in paper.after.items()],
        explanation=_explanation(change.kind, change.explanation),
    )
    return change_form(form, printable.code)


def _explanation(kind: ChangeKind, text: str) -> str:
    """The form has one box for stop and restore, so the words say which."""
    said = {ChangeKind.STOP: "停用：", ChangeKind.RESTORE: "恢复："}
    return said.get(kind, "") + text
