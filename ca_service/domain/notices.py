"""The texts that people get, in Chinese. None carries an ID number; a code stands only in the message it is for."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType

from ca_service.clock import SHANGHAI
from ca_service.domain.crl_alarms import AlarmKind
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


def certificate_ends(mobile: str, last_day: date, days: int) -> Letter:
    """To a person whose certificate can and should be renewed now."""
    left = f"还有 {days} 天" if days else "不足 1 天"
    day = f"{last_day.year} 年 {last_day.month} 月 {last_day.day} 日"
    text = (
        f"您的教育CA证书将于 {day} 到期（{left}）。请尽快插入介质，用证书助手办理更新；到期后不能在线更新，须重新办理。"
    )
    return Letter(mobile, text)


def codes_misused(mobile: str, act: str, at: datetime) -> Letter:
    """To a person whose codes, or certificate, were used with another token than the person's."""
    when = at.astimezone(SHANGHAI)
    text = (
        f"{when.month} 月 {when.day} 日 {when:%H:%M} 有人以您的名义{act}，但所用的不是派发给您的介质，已被拒绝并记录。"
        "如是您本人插错介质，换上派发给您的介质重试即可；如不是，请立即联系上级用户管理部门作废并重新发放。"
    )
    return Letter(mobile, text)


def token_misused(mobile: str, at: datetime) -> Letter:
    """To a person whose token was brought with somebody else's codes."""
    when = at.astimezone(SHANGHAI)
    text = (
        f"{when.month} 月 {when.day} 日 {when:%H:%M} 有人持他人的下载码在您的介质上下载证书，已被拒绝并记录。"
        "介质不在您手中的，请立即向上级用户管理部门挂失。"
    )
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


def token_kept(email: str, keeper: str) -> Letter:
    """To a person whose certificate is good again and whose token still lies with `keeper`."""
    text = f"您的教育CA证书已恢复，介质仍由“{keeper}”保管，尚未发还。请联系该单位的介质管理员当面领取，由本人签收。"
    return Letter(email, text, "教育CA：请领回介质")


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


_ALARMS: Mapping[AlarmKind, str] = MappingProxyType(
    {
        AlarmKind.REFUSED: "新的列表未通过发布前检查，现有列表继续有效",
        AlarmKind.LATE: "长时间没有发布新的列表",
        AlarmKind.LAST: "即将失效，仍没有新的列表",
        AlarmKind.EXPIRED: "已失效，依赖方将拒绝所有证书",
    }
)


def crl_alarm_text(kinds: Mapping[str, AlarmKind]) -> str:
    """What is the matter with which lists; the same sentence for many of them."""
    said = "；".join(
        f"{'、'.join(name for name, of in kinds.items() if of is kind)} {text}"
        for kind, text in _ALARMS.items()
        if kind in kinds.values()
    )
    return f"教育CA告警：证书吊销列表 {said}。请立即在服务器上运行 educa doctor 查明原因。"


def crl_alarm(to: str, text: str) -> Letter:
    """To those whom the centre's roster names."""
    return Letter(to, text, "教育CA告警：证书吊销列表")


def codes_misused_by_email(email: str, unit_name: str, act: str) -> Letter:
    """The same by the other way: whoever has the codes may have the telephone that they came to."""
    text = (
        f"有人以您在“{unit_name}”的用户身份{act}，但所用的不是派发给您的介质，已被拒绝并记录。"
        "不是您本人操作的，请立即联系上级用户管理部门。"
    )
    return Letter(email, text, "教育CA：有人试用您的下载码或解锁码")
