"""The texts that people get, in Chinese. None carries an ID number; a code stands only in the message it is for."""

from datetime import timedelta

from ca_service.domain.enrolments import CODE_LIFETIME
from ca_service.domain.messages import Letter
from ca_service.domain.unblocks import RELEASE_LIFETIME


def authorisation_code(mobile: str, code: str) -> Letter:
    """The second of the two ways: the first, the reference number, is printed with the token."""
    days = CODE_LIFETIME.days
    return Letter(mobile, f"您的教育CA证书下载授权码为 {code}，{days} 天内有效，仅限本人使用，请勿告知他人。")


def release_code(mobile: str, code: str) -> Letter:
    """What opens a token whose PIN is locked."""
    hours = RELEASE_LIFETIME // timedelta(hours=1)
    return Letter(
        mobile, f"您的介质解锁码为 {code}，{hours} 小时内有效，请用证书助手办理。仅限本人使用，请勿告知他人。"
    )


def certificate_still_frozen(mobile: str, days: int) -> Letter:
    """To a person whose certificate has been on hold for this long."""
    text = f"您的教育CA证书已冻结 {days} 天。需要恢复或注销的，请联系本单位的上级用户管理部门办理变更申请。"
    return Letter(mobile, text)


# E-mail passes through machines of others: these say the unit's name and what to do, no name, number, code or reason.


def registered(email: str, unit_name: str) -> Letter:
    """To a person whose application was approved and confirmed by the CA."""
    text = f"您在“{unit_name}”的教育CA用户申请已审核通过并登记。申请了证书的，请等候上级用户管理部门通知领取介质。"
    return Letter(email, text, "教育CA：申请已登记")


def application_returned(email: str, unit_name: str) -> Letter:
    """To a person whose application went back to its sender."""
    text = f"您在“{unit_name}”的教育CA用户申请已退回。请向本单位的填报人员了解原因，更正或补齐材料后由其再次提交。"
    return Letter(email, text, "教育CA：申请已退回")


def change_executed(email: str, unit_name: str) -> Letter:
    """To a person for whom a change case was carried out; `unit_name` is the unit after it."""
    text = f"您在“{unit_name}”的教育CA用户变更申请已办理。不是您本人或本单位提出的，请立即联系上级用户管理部门。"
    return Letter(email, text, "教育CA：变更已办理")


def certificate_due(email: str, unit_name: str) -> Letter:
    """To a person whose certificate names what is no longer so; `unit_name` is the unit as it is called now."""
    text = (
        f"您在“{unit_name}”的教育CA证书所载姓名或单位已经变更，须换发新证书。请插入介质，用证书助手的“更新证书”办理，"
        "不需要下载码；换发之后旧证书自动停用。"
    )
    return Letter(email, text, "教育CA：请换发证书")


def issuer_ended(email: str, unit_name: str) -> Letter:
    """To a person whose certificate ended with the issuing CA's key."""
    text = (
        f"因签发系统的安全原因，您在“{unit_name}”的教育CA证书已停止使用。您的介质没有问题，请妥善保管，"
        "等候上级用户管理部门通知重新下载证书。"
    )
    return Letter(email, text, "教育CA：证书已停止使用")


def change_returned(email: str, unit_name: str) -> Letter:
    """To a person whose change case went back to its sender."""
    text = f"您在“{unit_name}”的教育CA用户变更申请已退回。请向本单位的填报人员了解原因，更正或补齐材料后由其再次提交。"
    return Letter(email, text, "教育CA：变更申请已退回")
