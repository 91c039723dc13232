"""The fields of the application form that the template has no column for: certificate, login account, remarks."""

from ca_service.domain.person_text import FORBIDDEN, LONGEST_INPUT, Fault, PersonDataError, tidy
from ca_service.domain.persons import UserType

LONGEST_ACCOUNT, LONGEST_REMARKS = 60, 500


def parse_yes_no(text: str) -> bool:
    """Read 是 or 否, and nothing else: a tick or a cross may mean either."""
    plain = tidy(text[:LONGEST_INPUT])
    if plain not in ("是", "否"):
        raise PersonDataError(Fault.CHARACTERS, "是否申请证书只能填“是”或“否”", "请填写“是”或“否”")
    return plain == "是"


def require_certificate(user_type: UserType, *, wanted: bool) -> None:
    """An information administrator must apply for a certificate; the others may."""
    if user_type is UserType.INFORMATION and not wanted:
        raise PersonDataError(Fault.CERTIFICATE, "信息管理员必须申请证书", "请改为“是”；不申请证书的，请核对用户类型")


def parse_account(text: str) -> str:
    """Read an existing user's login account: up to 60 printable characters without blanks."""
    account = tidy(text[: LONGEST_INPUT + 1])
    if FORBIDDEN.search(account) or len(account.split()) > 1:
        raise PersonDataError(Fault.CHARACTERS, "现有登录账号含有空格或不允许的字符", "请照教师系统中的登录账号填写")
    if len(account) > LONGEST_ACCOUNT:
        raise PersonDataError(Fault.LENGTH, f"现有登录账号超过 {LONGEST_ACCOUNT} 个字符", "请只填写登录账号本身")
    return account


def parse_remarks(text: str) -> str:
    """Read remarks of up to 500 characters; line breaks stay, other control characters are refused."""
    remarks = "\n".join(line.rstrip() for line in tidy(text[: LONGEST_REMARKS * 2]).splitlines())
    if FORBIDDEN.search(remarks.replace("\n", " ").replace("\t", " ")):
        raise PersonDataError(Fault.CHARACTERS, "其他补充说明含有控制字符或尖括号", "请手工重新输入")
    if len(remarks) > LONGEST_REMARKS:
        raise PersonDataError(Fault.LENGTH, f"其他补充说明超过 {LONGEST_REMARKS} 个字", "请缩短内容")
    return remarks
