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
