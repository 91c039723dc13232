"""The texts that people get, in Chinese. None carries an ID number; a code stands only in the message it is for."""

from ca_service.domain.enrolments import CODE_LIFETIME
from ca_service.domain.messages import Letter


def authorisation_code(mobile: str, code: str) -> Letter:
    """The second of the two ways: the first, the reference number, is printed with the token."""
    days = CODE_LIFETIME.days
    return Letter(mobile, f"您的教育CA证书下载授权码为 {code}，{days} 天内有效，仅限本人使用，请勿告知他人。")
